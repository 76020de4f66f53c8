import COpenSSL
import SMTPConnection
import SMTPOpenSSL
import SMTPProtocol
import Testing

/// What a hostile client does with TLS itself.
@Suite struct FloodTests {
    private func connect(_ version: Int32) throws -> (CrudeClient, End) {
        let client = CrudeClient(newest: version)
        let server = End(try serverContext().makeServer())
        for _ in 0..<4 {
            client.receive(server.output)
            server.output = []
            server.receive(client.take())
        }
        try #require(server.error == nil && server.engine.security != nil)
        return (client, server)
    }

    @Test func `new keys are taken now and then, but not without end`() throws {
        let (client, server) = try connect(TLS1_3_VERSION)
        for round in 1...3 {
            client.updateKeys()
            client.send("NOOP\r\n")
            server.receive(client.take())
            #expect(server.error == nil && server.plaintext.count == 6 * round)
            client.receive(server.output)
            server.output = []
        }
        var rounds = 0
        while server.error == nil, rounds < 1000 {
            client.updateKeys()
            server.receive(client.take())
            rounds += 1
        }
        #expect(server.error == .record("too many messages without content"))
        #expect(rounds < 64)
        #expect(server.output.count < 64 * 64, "what it says meanwhile is bounded")
    }

    @Test func `a second handshake is refused`() throws {
        let (client, server) = try connect(TLS1_2_VERSION)
        client.send("NOOP\r\n")
        client.renegotiate()
        server.receive(client.take())
        #expect(server.text == "NOOP\r\n")
        #expect(server.error == .record("the peer wants to renegotiate"))
    }

    @Test func `records too long, and kinds that there are none of, end it`() throws {
        for (header, reason) in [
            ([23, 3, 3, 0x48, 0x01] as [UInt8], "packet length too long"),
            ([99, 3, 3, 0, 1, 0], "bad record type"),
            ([23, 3, 3, 0, 0], nil),
        ] as [([UInt8], String?)] {
            let (_, server) = try connect(TLS1_3_VERSION)
            server.receive(header + .init(repeating: 0, count: 0x4801))
            guard case .record(let found) = server.error else {
                Issue.record("\(header): \(String(describing: server.error))")
                continue
            }
            if let reason { #expect(found == reason) }
            #expect(server.plaintext.isEmpty)
        }
    }
}
