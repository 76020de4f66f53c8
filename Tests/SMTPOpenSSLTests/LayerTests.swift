import SMTPConnection
import SMTPOpenSSL
import SMTPProtocol
import SMTPTesting
import Testing

/// A server's connection under OpenSSL's TLS, spoken to by OpenSSL's client, in one process.
@Suite struct LayerTests {
    static let server = Result { try serverContext() }
    static let client = Result { try clientContext() }

    private func call(_ policy: (any TLSContext) -> ServerConnection.TLSPolicy, _ cut: Cut = .size(1 << 20))
        throws
        -> Telephone
    { try Telephone(policy(try Self.server.get()), cut) }

    /// Runs `dialogue` uncut, at every size up to 64, a record at a time, and cut once at every octet.
    private func everyWay(_ dialogue: (Cut) throws -> Telephone) rethrows {
        let whole = try dialogue(.size(1 << 20))
        for size in 1...64 { _ = try dialogue(.size(size)) }
        _ = try dialogue(.records)
        for place in 1..<max(whole.sent, 2) { _ = try dialogue(.once(place)) }
    }

    @Test func `implicit TLS carries a whole session`() throws {
        let client = try Self.client.get()
        try everyWay { cut in
            let line = try call(ServerConnection.TLSPolicy.implicit, cut)
            #expect(line.clear.isEmpty)
            line.secure(client)
            try line.say("EHLO client.example.com\r\n")
            try line.say("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
            try line.say("Subject: hi\r\n\r\n..x\r\n.\r\nQUIT\r\n")
            #expect(line.codes == ["220", "250", "250", "250", "354", "250", "221"], "\(cut)")
            #expect(String(decoding: line.handler.content, as: UTF8.self) == "Subject: hi\r\n\r\n.x\r\n")
            #expect(line.handler.info?.security?.version == "TLSv1.3")
            #expect(line.end?.engine.peerHasClosed == true)
            #expect(line.connection.hasFinishedSending && line.handler.closed == .quit)
            #expect(!line.heard.contains("STARTTLS"))
            return line
        }
    }

    @Test func `STARTTLS forgets what was said in clear, and is not done twice`() throws {
        let client = try Self.client.get()
        try everyWay { cut in
            let line = try call(ServerConnection.TLSPolicy.offered, cut)
            try line.say("EHLO before.example.com\r\n")
            #expect(line.clear.contains("250-STARTTLS\r\n"))
            try line.say("STARTTLS\r\n")
            line.secure(client)
            try line.say("MAIL FROM:<a@example.com>\r\n")
            #expect(line.codes == ["503"], "\(cut)")
            try line.say("EHLO after.example.com\r\nSTARTTLS\r\nMAIL FROM:<a@example.com>\r\n")
            #expect(line.codes == ["503", "250", "503", "250"], "\(cut)")
            #expect(!line.heard.contains("250-STARTTLS") && !line.heard.contains("250 STARTTLS"))
            let hello = line.handler.info?.hello
            #expect(try hello?.client == MailDomain("after.example.com"))
            #expect(line.handler.info?.peer == .tcp(host: "192.0.2.1", port: 49152))
            #expect(line.clearCodes == ["220", "250", "220"], "\(cut)")
            return line
        }
    }

    @Test(arguments: ["NOOP\r\n", "MAIL FROM:<evil@example.net>\r\n", "NOO"])
    func `input behind STARTTLS ends it`(
        injected: String
    ) throws {
        let line = try call(ServerConnection.TLSPolicy.offered)
        try line.say("EHLO client.example.com\r\n")
        try line.say("STARTTLS\r\n" + injected)
        #expect(line.clearCodes == ["220", "250", "554"])
        #expect(line.handler.notices.contains(.peerError(.injectedBeforeTLS)))
        #expect(line.connection.hasFinishedSending)
        line.put(Array("P\r\nNOOP\r\n".utf8))
        #expect(line.clearCodes == ["220", "250", "554"] && line.handler.mails == 0)
    }

    @Test func `a handshake in the same segment as STARTTLS ends it too`() throws {
        let line = try call(ServerConnection.TLSPolicy.offered)
        try line.say("EHLO client.example.com\r\n")
        let end = End(try Self.client.get().makeClient(serverName: "mx.example.org"))
        end.receive([])
        line.put(Array("STARTTLS\r\n".utf8) + end.output)
        #expect(line.clearCodes == ["220", "250", "554"])
        #expect(line.connection.hasFinishedSending)
    }

    @Test func `close_notify amid content aborts it, and what follows in clear is not read`() throws {
        let client = try Self.client.get()
        try everyWay { cut in
            let line = try call(ServerConnection.TLSPolicy.implicit, cut)
            line.secure(client)
            try line.say(
                "EHLO client.example.com\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
            try line.say("half a mess")
            line.sayGoodbye()
            #expect(line.handler.notices.suffix(2) == [.reset(.aborted), .closed(.peerClosed)], "\(cut)")
            line.put(Array("age\r\n.\r\nMAIL FROM:<c@example.com>\r\n".utf8))
            #expect(line.handler.messages == 0 && line.handler.mails == 1)
            #expect(line.codes == ["220", "250", "250", "250", "354"], "\(cut)")
            #expect(line.connection.hasFinishedSending && line.clear.isEmpty)
            return line
        }
    }

    @Test func `close_notify between commands, and amid one`() throws {
        let client = try Self.client.get()
        for text in ["", "NO", "NOOP\r"] {
            let line = try call(ServerConnection.TLSPolicy.implicit)
            line.secure(client)
            if !text.isEmpty { try line.say(text) }
            line.sayGoodbye()
            #expect(line.handler.notices.last == .closed(.peerClosed))
            #expect(line.codes == ["220"] && line.end?.engine.peerHasClosed == true)
        }
    }

    @Test func `what is cut off at any octet is no message, and no word in clear follows`() throws {
        let client = try Self.client.get()
        var total = 1
        var cut = 0
        while cut <= total {
            let line = try call(ServerConnection.TLSPolicy.implicit)
            line.secure(client)
            let end = try #require(line.end)
            try line.say(
                "EHLO client.example.com\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
            try end.send("Subject: hi\r\n\r\nhello\r\n")
            try end.send(".\r\n")
            let rest = end.output
            total = rest.count
            line.put(Array(rest.prefix(cut)))
            line.connection.receiveEnd()
            let isWhole = cut == total
            #expect(line.handler.messages == (isWhole ? 1 : 0), "\(cut)")
            #expect(line.handler.closed == .peerClosed, "\(cut)")
            #expect(line.connection.isClosed && line.clear.isEmpty)
            cut += 1
        }
        #expect(total > 50)
    }

    @Test func `an end behind the last dot changes nothing about the message`() throws {
        let line = try call(ServerConnection.TLSPolicy.implicit)
        line.handler.answersLater = true
        line.secure(try Self.client.get())
        try line.say(
            "EHLO client.example.com\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
        try line.say("hello\r\n.\r\n")
        line.connection.receiveEnd()
        #expect(line.handler.messages == 1 && line.handler.closed == nil)
        line.handler.later?.answer(.accept)
        line.connection.deliverAnswers()
        #expect(line.handler.messages == 1)
        #expect(line.handler.notices.contains(.reset(.delivered)) && line.connection.isClosed)
    }

    @Test func `a handshake that fails is followed by nothing in clear, wherever it breaks`() throws {
        let end = End(try Self.client.get().makeClient(serverName: "mx.example.org"))
        end.receive([])
        let hello = end.output
        for place in hello.indices {
            let line = try call(ServerConnection.TLSPolicy.offered)
            try line.say("EHLO client.example.com\r\n")
            try line.say("STARTTLS\r\n")
            let before = line.clear
            var broken = hello
            broken[place] ^= 0xFF
            line.put(broken)
            line.connection.receiveEnd()
            #expect(line.handler.closed == .layerFailed && line.connection.isClosed, "\(place)")
            let after = Array(line.clear.utf8.dropFirst(before.utf8.count))
            // A record, or nothing: octets 20 to 23 are the kinds of records, and no digit.
            #expect(after.first.map { 20...23 ~= $0 } ?? true, "\(place)")
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: mx.example.org\r\n\r\n", "EHLO client.example.com\r\n", "\r\n",
    ])
    func `other protocols on a port with implicit TLS get no reply`(text: String) throws {
        let line = try call(ServerConnection.TLSPolicy.implicit)
        line.put(Array(text.utf8))
        line.connection.receiveEnd()
        #expect(!line.clear.contains("220") && !line.clear.contains("500"))
        #expect(line.handler.closed == .layerFailed)
    }

    @Test func `a client's alert ends the handshake`() throws {
        let line = try call(ServerConnection.TLSPolicy.implicit)
        line.secure(try clientContext { $0.trust = .authorities(fixture("stranger.pem")) })
        #expect(line.end?.error == .rejected("unable to get local issuer certificate"))
        #expect(line.handler.closed == .layerFailed && line.handler.mails == 0)
    }

    @Test func `a record that was changed on the way ends it`() throws {
        for place in [0, 3, 4, 5, 10, 20] {
            let line = try call(ServerConnection.TLSPolicy.implicit)
            line.secure(try Self.client.get())
            let end = try #require(line.end)
            try end.send("MAIL FROM:<a@example.com>\r\n")
            var broken = end.output
            broken[place] ^= 0x80
            line.put(broken)
            line.connection.receiveEnd()
            #expect(line.connection.isClosed && line.handler.mails == 0, "\(place)")
            #expect(line.codes == ["220"])
        }
    }

    @Test func `a handshake that dribbles has thirty seconds in all`() throws {
        let end = End(try Self.client.get().makeClient(serverName: "mx.example.org"))
        end.receive([])
        let line = try call(ServerConnection.TLSPolicy.implicit)
        for octet in end.output.prefix(29) {
            line.put([octet])
            line.connection.advance(by: .seconds(1))
            #expect(!line.connection.isClosed)
        }
        line.connection.advance(by: .seconds(1))
        #expect(line.connection.isClosed && line.handler.closed == .timedOut(.handshake))
        #expect(line.clear.isEmpty)
    }

    @Test func `names that no host has do no harm`() throws {
        let names: [[UInt8]] = [
            [], Array(repeating: 97, count: 255), Array(repeating: 97, count: 300), Array("a..b".utf8),
            Array("a\u{0}b".utf8), Array("a\\".utf8), Array("192.0.2.1".utf8), Array("bücher.example".utf8),
        ]
        let both = try serverContext(.server, .other)
        for name in names {
            let end = End(try Self.client.get().makeClient(serverName: "mx.example.org"))
            end.receive([])
            let hello = renamed(end.output, name)
            for context in [try Self.server.get(), both] {
                let line = try Telephone(.implicit(context))
                line.put(hello)
                line.connection.receiveEnd()
                #expect(line.connection.isClosed && line.handler.mails == 0)
            }
        }
    }

    /// A client's hello with another server name in it.
    private func renamed(_ hello: [UInt8], _ name: [UInt8]) -> [UInt8] {
        let old = Array("mx.example.org".utf8)
        guard let place = hello.indices.first(where: { hello[$0...].starts(with: old) }) else { return hello }
        var new = hello
        new.replaceSubrange(place..<(place + old.count), with: name)
        let grown = name.count - old.count
        func grow(_ at: Int) {
            let length = Int(new[at]) << 8 + Int(new[at + 1]) + grown
            new[at] = UInt8(truncatingIfNeeded: length >> 8)
            new[at + 1] = UInt8(truncatingIfNeeded: length)
        }
        // The name, the list, the extension, all extensions, the message, the record.
        for at in [place - 2, place - 5, place - 7, extensions(hello), 7, 3] { grow(at) }
        return new
    }

    /// Where the length of a hello's extensions stands.
    private func extensions(_ hello: [UInt8]) -> Int {
        var place = 5 + 4 + 2 + 32
        place += 1 + Int(hello[place])
        place += 2 + Int(hello[place]) << 8 + Int(hello[place + 1])
        return place + 1 + Int(hello[place])
    }
}
