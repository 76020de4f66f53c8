import SMTPConnection
import SMTPProtocol
import Testing

/// The client's side of the toy: says `HI`, wants `YO`.
final class ToyClient: TLSEngine {
    private var pending: [UInt8] = []
    private var hasSpoken = false
    private(set) var security: Security?
    private(set) var peerHasClosed = false

    func receive(_ records: Span<UInt8>, plaintext: inout [UInt8], output: inout [UInt8]) throws(TLSError) {
        if !hasSpoken { output += "HI".utf8 }
        hasSpoken = true
        pending += records.copied
        if security == nil {
            guard pending.count >= 2 else { return }
            guard pending.starts(with: "YO".utf8) else { throw .handshake("not YO") }
            pending.removeFirst(2)
            security = Security(version: "TOYv1", cipher: "XOR")
        }
        while let length = pending.first, pending.count > Int(length) {
            if length == 0 { peerHasClosed = true }
            plaintext += pending[1..<(1 + Int(length))].map { $0 ^ 0x55 }
            pending.removeFirst(1 + Int(length))
        }
    }

    func send(_ plaintext: Span<UInt8>, output: inout [UInt8]) throws(TLSError) {
        output += ToyEngine.records(plaintext.copied)
    }

    func close(output: inout [UInt8]) { output.append(0) }
}

struct ToyClientContext: TLSContext {
    func makeServer() -> any TLSEngine { ToyEngine() }
    func makeClient(serverName: String?) -> any TLSEngine { ToyClient() }
}

@Suite struct ClientTLSTests {
    static func records(_ text: String) -> [UInt8] { ToyEngine.records(Array(text.utf8)) }

    @Test(arguments: 1...30) func `after STARTTLS all is said again, at every split`(size: Int) throws {
        let wire = try ClientWire { $0.tls = .required(ToyClientContext()) }
        func feed(_ octets: [UInt8]) {
            var rest = octets[...]
            while !rest.isEmpty {
                wire.hear(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
        }
        feed(Array("220 x\r\n250-x\r\n250-SIZE 1\r\n250 STARTTLS\r\n".utf8))
        #expect(wire.takeSaid() == "EHLO client.example.com\r\nSTARTTLS\r\n")
        feed(Array("220 go\r\n".utf8))
        #expect(wire.takeSaid() == "HI" && wire.connection.phase == .handshake)
        #expect(wire.last.until == 30)
        feed(Array("YO".utf8))
        #expect(ToyEngine.plaintext(wire.takeOctets()) == "EHLO client.example.com\r\n")
        feed(Self.records("250 x\r\n"))
        #expect(wire.last.wants == .request && !wire.connection.extensions.hasSize)
        wire.submit(.deliver(try ClientWire.envelope()))
        #expect(ToyEngine.plaintext(wire.takeOctets()) == "MAIL FROM:<>\r\n")
        feed(Self.records("250 ok\r\n"))
        feed(Self.records("250 ok\r\n"))
        feed(Self.records("354 ok\r\n"))
        _ = wire.takeOctets()
        wire.send(Array(".".utf8), isLast: true)
        #expect(ToyEngine.plaintext(wire.takeOctets()) == "..\r\n.\r\n")
        feed(Self.records("250 ok\r\n"))
        #expect(wire.outcomes == ["delivered in finalReply"])
        wire.submit(.quit)
        #expect(ToyEngine.plaintext(wire.takeOctets()) == "QUIT\r\n")
        feed(Self.records("221 bye\r\n"))
        #expect(wire.takeOctets() == [0] && wire.isClosed && wire.failure == nil)
    }

    @Test(arguments: [
        "250 x\r\n", "250-x\r\n250 STARTTLS\r\n454 not now\r\n", "250-x\r\n250 STARTTLS\r\n502 no\r\n",
        "502 no\r\n250 x\r\n",
    ])
    func `without TLS no mail is sent where it is required`(replies: String) throws {
        let wire = try ClientWire { $0.tls = .required(ToyClientContext()) }
        wire.submit(.deliver(try ClientWire.envelope()))
        wire.hear("220 x\r\n" + replies)
        #expect(wire.takeSaid().hasSuffix("QUIT\r\n"))
        #expect(
            wire.outcomes == [
                replies.contains("502 no\r\n") && replies.contains("STARTTLS")
                    ? "refusedForGood in startTLS" : "refusedForNow in startTLS"
            ])
    }

    @Test func `where TLS is opportunistic a server that will not is taken as it is`() throws {
        for replies in ["250 x\r\n", "250-x\r\n250 STARTTLS\r\n454 not now\r\n"] {
            let wire = try ClientWire { $0.tls = .opportunistic(ToyClientContext()) }
            wire.hear("220 x\r\n" + replies)
            #expect(wire.last.wants == .request)
        }
    }

    @Test(arguments: [true, false]) func `a failed handshake ends the connection`(isRequired: Bool) throws {
        let wire = try ClientWire {
            $0.tls = isRequired ? .required(ToyClientContext()) : .opportunistic(ToyClientContext())
        }
        wire.submit(.deliver(try ClientWire.envelope()))
        wire.hear("220 x\r\n250-x\r\n250 STARTTLS\r\n")
        wire.hear("220 go\r\n")
        _ = wire.takeSaid()
        wire.hear("250 no TLS here\r\n")
        #expect(wire.isClosed && wire.takeSaid() == "")
        #expect(wire.failure == ClientFailure(.layerFailed, in: .handshake))
        #expect(wire.outcomes == ["refusedForNow in handshake"])
    }

    @Test func `what comes with the reply to STARTTLS ends the connection`() throws {
        let wire = try ClientWire { $0.tls = .opportunistic(ToyClientContext()) }
        wire.hear("220 x\r\n250-x\r\n250 STARTTLS\r\n")
        _ = wire.takeSaid()
        wire.hear("220 go\r\n250-fake\r\n250 AUTH PLAIN\r\n")
        #expect(wire.isClosed && wire.takeSaid() == "")
        #expect(wire.failure == ClientFailure(.injectedBeforeTLS, in: .startTLS))
    }

    @Test func `TLS before the greeting`() throws {
        let wire = try ClientWire { $0.tls = .implicit(ToyClientContext()) }
        #expect(wire.takeSaid() == "HI" && wire.last.until == 30)
        wire.hear(Array("YO".utf8) + Self.records("220 x\r\n250-x\r\n250 STARTTLS\r\n"))
        #expect(ToyEngine.plaintext(wire.takeOctets()) == "EHLO client.example.com\r\n")
        #expect(wire.last.wants == .request)
    }

    @Test func `a handshake that does not end`() throws {
        let wire = try ClientWire { $0.tls = .implicit(ToyClientContext()) }
        wire.hear("Y")
        wire.wait(30)
        #expect(wire.isClosed && wire.failure == ClientFailure(.timedOut, in: .handshake))
    }

    @Test func `an end without close_notify after the end mark leaves the outcome unknown`() throws {
        let wire = try ClientWire { $0.tls = .implicit(ToyClientContext()) }
        wire.hear(Array("YO".utf8) + Self.records("220 x\r\n250 x\r\n"))
        wire.submit(.deliver(try ClientWire.envelope()))
        wire.hear(Self.records("250 ok\r\n"))
        wire.hear(Self.records("250 ok\r\n"))
        wire.hear(Self.records("354 ok\r\n"))
        wire.send([], isLast: true)
        wire.end()
        #expect(wire.outcomes == ["unknown in finalReply"] && wire.isClosed)
    }
}
