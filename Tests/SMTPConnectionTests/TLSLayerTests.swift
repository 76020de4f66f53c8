import SMTPConnection
import SMTPProtocol
import Testing

/// TLS as a toy: `HI` from the client and `YO` from the server are the handshake; then records of a length and that
/// many octets, each XOR 0x55; a record of length 0 is `close_notify`.
final class ToyEngine: TLSEngine {
    private var pending: [UInt8] = []
    private(set) var security: Security?
    private(set) var peerHasClosed = false

    func receive(_ records: Span<UInt8>, plaintext: inout [UInt8], output: inout [UInt8]) throws(TLSError) {
        pending += records.copied
        if security == nil {
            guard pending.count >= 2 else { return }
            guard pending.starts(with: "HI".utf8) else { throw .handshake("not HI") }
            pending.removeFirst(2)
            output += "YO".utf8
            security = Security(version: "TOYv1", cipher: "XOR")
        }
        while let length = pending.first, pending.count > Int(length) {
            if length == 0 { peerHasClosed = true }
            if length == 255 { throw .record("too long") }
            plaintext += pending[1..<(1 + Int(length))].map { $0 ^ 0x55 }
            pending.removeFirst(1 + Int(length))
        }
    }

    func send(_ plaintext: Span<UInt8>, output: inout [UInt8]) throws(TLSError) {
        output += Self.records(plaintext.copied)
    }

    func close(output: inout [UInt8]) { output.append(0) }

    static func records(_ plaintext: [UInt8]) -> [UInt8] {
        var records: [UInt8] = []
        for start in stride(from: 0, to: plaintext.count, by: 200) {
            let piece = plaintext[start..<min(start + 200, plaintext.count)]
            records += [UInt8(piece.count)] + piece.map { $0 ^ 0x55 }
        }
        return records
    }

    static func plaintext(_ records: [UInt8]) -> String {
        var text: [UInt8] = []
        var rest = records[...]
        while let length = rest.first {
            text += rest.dropFirst().prefix(Int(length)).map { $0 ^ 0x55 }
            rest = rest.dropFirst(1 + Int(length))
        }
        return String(decoding: text, as: UTF8.self)
    }
}

struct ToyContext: TLSContext {
    func makeServer() -> any TLSEngine { ToyEngine() }
    func makeClient(serverName: String?) -> any TLSEngine { ToyEngine() }
}

@Suite struct TLSLayerTests {
    /// Feeds `bytes` in pieces of `size`.
    private func feed(_ rig: Rig, _ bytes: [UInt8], by size: Int) {
        var rest = bytes[...]
        while !rest.isEmpty {
            rig.receive(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
    }

    @Test(arguments: 1...40) func `STARTTLS forgets what was said in clear, at every split`(size: Int) {
        let rig = Rig { $0.tls = .offered(ToyContext()) }
        rig.receive("EHLO before.example.com\r\n")
        #expect(rig.text.contains("250-STARTTLS\r\n"))
        rig.receive("STARTTLS\r\n")
        #expect(rig.lastLine == "220 2.0.0 Ready to start TLS")
        #expect(rig.last.until == 30)
        rig.output = []
        feed(rig, Array("HI".utf8), by: size)
        #expect(rig.text == "YO")
        #expect(rig.notices == [.secured(Security(version: "TOYv1", cipher: "XOR"))])
        rig.output = []
        feed(
            rig, ToyEngine.records(Array("MAIL FROM:<a@example.com>\r\nEHLO after.example.com\r\n".utf8)),
            by: size)
        let said = ToyEngine.plaintext(rig.output)
        #expect(said.hasPrefix("503 5.5.1"))
        #expect(said.contains("250-PIPELINING") && !said.contains("STARTTLS"))
        rig.output = []
        feed(rig, ToyEngine.records(Array("STARTTLS\r\nQUIT\r\n".utf8)), by: size)
        #expect(ToyEngine.plaintext(rig.output) == "503 5.5.1 TLS is already on\r\n221 2.0.0 Goodbye\r\n")
        #expect(rig.output.last == 0, "close_notify")
        #expect(rig.hasFinishedSending)
    }

    @Test func `content under TLS reaches the handler`() {
        let rig = Rig { $0.tls = .implicit(ToyContext()) }
        #expect(rig.output == [] && rig.last.until == 30)
        rig.receive("HI")
        rig.receive(
            ToyEngine.records(
                Array(
                    "EHLO c.example.com\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n".utf8)
            ))
        rig.receive(
            ToyEngine.records(Array((String(repeating: "line\r\n", count: 100) + "..x\r\n.\r\n").utf8)))
        #expect(
            String(decoding: rig.content, as: UTF8.self) == String(repeating: "line\r\n", count: 100)
                + ".x\r\n")
        #expect(
            ToyEngine.plaintext(Array(rig.output.dropFirst(2))).hasSuffix("250 2.0.0 Message accepted\r\n"))
    }

    @Test func `input behind STARTTLS closes the connection and is never read`() {
        let rig = Rig { $0.tls = .offered(ToyContext()) }
        rig.receive("EHLO c.example.com\r\n")
        rig.receive("STARTTLS\r\nMAIL FROM:<evil@example.net>\r\n")
        #expect(rig.lastLine == "554 5.5.0 Input after STARTTLS, closing connection")
        #expect(rig.notices == [.peerError(.injectedBeforeTLS), .closed(.layerFailed)])
        #expect(!rig.asked.contains("mail"))
    }

    @Test func `a failed handshake is followed by nothing in clear`() {
        let rig = Rig { $0.tls = .offered(ToyContext()) }
        rig.receive("EHLO c.example.com\r\n")
        rig.receive("STARTTLS\r\n")
        rig.output = []
        rig.receive("NOOP\r\n")
        #expect(rig.output == [])
        #expect(rig.notices == [.closed(.layerFailed)])
    }

    @Test func `a handshake that does not end has a deadline`() {
        let rig = Rig { $0.tls = .implicit(ToyContext()) }
        rig.receive("H")
        rig.wait(30)
        #expect(rig.isClosed && rig.output == [])
        #expect(rig.notices == [.closed(.timedOut(.handshake))])
    }

    @Test func `close_notify in the middle of content aborts it`() {
        let rig = Rig { $0.tls = .implicit(ToyContext()) }
        rig.receive("HI")
        rig.receive(
            ToyEngine.records(
                Array(
                    "EHLO c.example.com\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n".utf8)
            ))
        rig.receive(ToyEngine.records(Array("half".utf8)) + [0])
        #expect(!rig.asked.contains("message"))
        #expect(rig.notices.suffix(2) == [.reset(.aborted), .closed(.peerClosed)])
    }

    @Test func `where TLS is required, only the commands around it work before it`() {
        let rig = Rig { $0.tls = .required(ToyContext()) }
        for (command, code) in [
            ("EHLO c.example.com", "250"), ("MAIL FROM:<a@b.example>", "530"), ("NOOP", "250"),
            ("RSET", "250"),
            ("VRFY x", "530"), ("QUIT", "221"),
        ] {
            rig.receive(command + "\r\n")
            #expect(rig.lastLine.hasPrefix(code), "\(command)")
        }
    }

    @Test func `TLS that is required but absent is warned of`() {
        var session = ServerSession.Configuration(hostname: "mx.example.org")
        session.startTLS = .required
        #expect(ServerConnection.Configuration(session).warnings == [.tlsRequiredButNotOffered])
    }
}
