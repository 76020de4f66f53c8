import SMTPConnection
import SMTPHandlers
import SMTPOpenSSL
import SMTPProtocol
import SMTPServer
import SMTPSockets
import Testing

/// TLS over real sockets: the layer knows nothing of the adapter, and the adapter nothing of the layer.
@Suite struct SecuredTests {
    @Test(arguments: backends, Place.here)
    func `a dialogue inside TLS, over every kind of address`(_ backend: Backend, _ place: Place) throws {
        let directory = try TemporaryDirectory()
        let identity = TLSIdentity.selfMade(hosts: ["mx.example.org"])
        var secured = configuration
        secured.tls = .implicit(try OpenSSLContext(TLSSettings(identities: [identity])))
        let recorder = Recorder()
        let service = Service(secured) { _ in recorder.makeHandler() }
        let content = String(repeating: "0123456789\r\n", count: 20_000)
        try serving(backend, service, on: [place.endpoint(directory)]) { endpoint, _ in
            let client = try SecuredClient(endpoint)
            #expect(try client.reply().hasPrefix("220 mx.example.org "))
            for (line, code) in [
                ("EHLO client.example", "250 "), ("MAIL FROM:<a@example.com>", "250 "),
                ("RCPT TO:<b@example.org>", "250 "), ("DATA", "354 "), (content + ".", "250 "),
                ("QUIT", "221 "),
            ] {
                try client.send("\(line)\r\n")
                #expect(try client.reply().hasPrefix(code))
            }
            #expect(try client.reply().isEmpty)
            #expect(client.engine.peerHasClosed)
        }
        #expect(recorder.messages.map(\.content) == [Array(content.utf8)])
    }
}

/// A client that does not ask who the server is.
private final class SecuredClient {
    let engine: any TLSEngine
    private let connection: BlockingClient
    private var buffer: [UInt8] = []

    init(_ endpoint: Endpoint) throws {
        var settings = TLSSettings()
        settings.trust = .anyone
        engine = try OpenSSLContext(settings).makeClient(serverName: nil)
        connection = try BlockingClient(connectingTo: endpoint, timeout: .seconds(20))
        try take([])
        while engine.security == nil { try receive() }
    }

    func send(_ text: String) throws {
        var records: [UInt8] = []
        try engine.send(Array(text.utf8).span, output: &records)
        try connection.send(records, deadline: patience())
    }

    /// The last line of the next reply; empty at the end.
    func reply() throws -> String {
        while true {
            while let end = buffer.firstIndex(of: 10) {
                let line = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeSubrange(...end)
                if line.utf8.dropFirst(3).first != UInt8(ascii: "-") { return line }
            }
            guard try receive() else { return "" }
        }
    }

    @discardableResult
    private func receive() throws -> Bool {
        guard let records = try connection.receive(deadline: patience()) else {
            throw Overdue(what: "a record")
        }
        if records.isEmpty { return false }
        try take(records)
        return true
    }

    private func take(_ records: [UInt8]) throws {
        var output: [UInt8] = []
        try engine.receive(records.span, plaintext: &buffer, output: &output)
        try connection.send(output, deadline: patience())
    }
}
