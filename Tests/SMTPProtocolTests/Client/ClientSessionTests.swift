import Testing

@testable import SMTPProtocol

/// What transcripts cannot show, or show less well than values; the rest is in Spec/Client.
@Suite struct ClientSessionTests {
    static let envelopeCommands =
        "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\n"

    @Test(arguments: [Int.max, 1, 3])
    func `a transaction in one write`(pieceSize: Int) throws {
        var rig = try ClientRig(pieceSize: pieceSize)
        #expect(rig.takeSaid() == "")
        rig.hear("220 mx.example.org\r\n")
        #expect(rig.takeSaid() == "EHLO client.example.com\r\n")
        rig.hear("250-mx.example.org\r\n250 PIPELINING\r\n")
        #expect(rig.wait == .request)
        rig.session.submit(.deliver(try envelope(to: "b@example.org", "c@example.org")))
        #expect(rig.takeSaid() == Self.envelopeCommands + "DATA\r\n")
        rig.hear("250 ok\r\n550 5.1.1 no\r\n250 ok\r\n354 go\r\n")
        #expect(rig.wait == .content)
        rig.send(".hi")
        #expect(rig.takeSaid() == "..hi\r\n.\r\n")
        rig.hear("250 2.0.0 queued\r\n")
        #expect(rig.outcomes == [["refusedForGood in recipient", "delivered in finalReply"]])
        rig.session.submit(.quit)
        #expect(rig.takeSaid() == "QUIT\r\n")
        rig.hear("221 bye\r\n")
        #expect(rig.closed == .some(nil))
    }

    @Test func `a command at a time without PIPELINING`() throws {
        var rig = try ClientRig()
        rig.open()
        rig.session.submit(.deliver(try envelope(to: "b@example.org", "c@example.org")))
        #expect(rig.takeSaid() == "MAIL FROM:<a@example.com>\r\n")
        rig.hear("250 ok\r\n")
        #expect(rig.takeSaid() == "RCPT TO:<b@example.org>\r\n")
        rig.hear("450 no\r\n")
        #expect(rig.takeSaid() == "RCPT TO:<c@example.org>\r\n")
        rig.hear("450 no\r\n")
        #expect(rig.takeSaid() == "")
        #expect(rig.outcomes == [["refusedForNow in recipient", "refusedForNow in recipient"]])
        rig.session.submit(.deliver(try envelope(from: "", to: "c@example.org")))
        #expect(rig.takeSaid() == "RSET\r\n")
        rig.hear("250 ok\r\n")
        #expect(rig.takeSaid() == "MAIL FROM:<>\r\n")
    }

    /// Where the end of the connection leaves each recipient.
    @Test func `the end of the connection after each reply`() throws {
        let replies = ["250 ok\r\n", "550 no\r\n", "250 ok\r\n", "354 go\r\n"]
        for count in 0...4 {
            var rig = try ClientRig()
            rig.open("PIPELINING")
            rig.session.submit(.deliver(try envelope(to: "b@example.org", "c@example.org")))
            rig.hear(replies.prefix(count).joined())
            if count == 4 { rig.session.send(content: Array("hi".utf8).span, isLast: false) }
            rig.end()
            let phase = ["mail", "recipient", "recipient", "data", "content"][count]
            let first = count < 2 ? "refusedForNow in \(phase)" : "refusedForGood in recipient"
            #expect(rig.outcomes == [[first, "refusedForNow in \(phase)"]])
        }
        var rig = try ClientRig()
        rig.open("PIPELINING")
        rig.session.submit(.deliver(try envelope(to: "b@example.org", "c@example.org")))
        rig.hear(replies.joined())
        rig.send("hi")
        rig.end()
        #expect(rig.outcomes == [["refusedForGood in recipient", "unknown in finalReply"]])
        #expect(rig.closed == .some(ClientFailure(.connectionLost, in: .finalReply)))
    }

    @Test func `an end mark that has not left is not unknown`() throws {
        for isUnsent in [true, false] {
            var rig = try ClientRig()
            rig.open("PIPELINING")
            rig.session.submit(.deliver(try envelope(to: "b@example.org")))
            rig.hear("250 ok\r\n250 ok\r\n354 go\r\n")
            rig.session.send(content: Array("hi".utf8).span, isLast: true)
            if !isUnsent { _ = rig.takeSaid() }
            rig.session.abandon(.transportFailed)
            rig.drain([])
            #expect(rig.outcomes == [[isUnsent ? "refusedForNow in finalReply" : "unknown in finalReply"]])
        }
    }

    @Test func `every request is answered, whatever happens`() throws {
        for count in 0...6 {
            var rig = try ClientRig()
            let ids = [
                rig.session.submit(.noOperation),
                rig.session.submit(.deliver(try envelope(to: "b@example.org"))),
                rig.session.submit(.verify(try CommandArgument("x"))), rig.session.submit(.reset),
                rig.session.submit(.quit), rig.session.submit(.help(nil)),
            ]
            let replies = [
                "220 x\r\n", "250 x\r\n", "250 x\r\n", "550 x\r\n", "252 x\r\n", "250 x\r\n", "221 x\r\n",
            ]
            rig.hear(replies.prefix(count).joined())
            rig.end()
            let answered = rig.notices.compactMap { notice -> RequestID? in
                switch notice {
                case .replied(_, let id), .failed(_, let id), .finished(_, let id): id
                case .greeted, .introduced, .secured, .closed: nil
                }
            }
            #expect(
                answered.filter { $0 != ids[4] } == ids.compactMap { $0 }.filter { $0 != ids[4] },
                "QUIT is answered by the end of the session")
            #expect(rig.closed != nil)
            #expect(rig.session.submit(.noOperation) == nil)
        }
    }

    @Test func `nothing is forgotten by TLS but what came before it`() throws {
        var rig = try ClientRig { $0.startTLS = .required }
        rig.hear("220 x\r\n250-x\r\n250-SIZE 1\r\n250 STARTTLS\r\n")
        #expect(rig.takeSaid() == "EHLO client.example.com\r\nSTARTTLS\r\n")
        rig.hear("220 go\r\n")
        #expect(rig.wait == .tls)
        rig.session.secured(by: Security(version: "TLSv1.3", cipher: "x"))
        #expect(rig.session.extensions == ServiceExtensions())
        #expect(rig.takeSaid() == "EHLO client.example.com\r\n")
        rig.hear("250-x\r\n250 STARTTLS\r\n")
        #expect(rig.wait == .request && rig.takeSaid() == "")
    }

    @Test func `what comes with the reply to STARTTLS ends the session`() throws {
        var rig = try ClientRig { $0.startTLS = .ifOffered }
        rig.hear("220 x\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n250-fake\r\n250 AUTH PLAIN\r\n")
        #expect(rig.closed == .some(ClientFailure(.injectedBeforeTLS, in: .startTLS)))
    }

    @Test func `ten thousand recipients are written as there is room, and take linear time`() throws {
        var rig = try ClientRig { $0.pipelinedSize = 1000 }
        rig.open("PIPELINING")
        let recipient = try Mailbox("someone@example.org")
        let recipients = [Envelope.Recipient](repeating: .init(.mailbox(recipient)), count: 10_000)
        rig.session.submit(.deliver(Envelope(from: .null, to: recipients)))
        var said = rig.takeSaid()
        var answered = 0
        while rig.wait == .input {
            #expect(said.utf8.count < 2200)
            let commands = said.split(separator: "\r\n").count
            if said.isEmpty { break }
            answered += commands
            rig.hear(String(repeating: "250 ok\r\n", count: commands - (said.hasSuffix("DATA\r\n") ? 1 : 0)))
            if said.hasSuffix("DATA\r\n") { rig.hear("354 go\r\n") }
            said = rig.takeSaid()
        }
        #expect(answered == 10_002 && rig.wait == .content)
    }

    @Test func `extensions`() throws {
        let reply = Reply(
            received: 250, nil,
            lines: [
                "SIZE 5", "size 100 x", "SIZE 7", "Pipelining", "8BITMIME", "AUTH=PLAIN", "x_y z", "",
                "LIMITS RCPTMAX=20 mailmax=0 RCPTDOMAINMAX=3 FOO=1 RCPTMAX",
            ])
        let offered = ServiceExtensions(reply)
        #expect(offered.largestMessage == 100 && offered.hasPipelining && offered.hasEightBitMIME)
        #expect(offered["AUTH"] == nil && offered.lines.count == 5 && !offered.hasSMTPUTF8)
        #expect(
            offered.limits.recipients == 20 && offered.limits.messages == nil && offered.limits.domains == 3)
        for text in ["SIZE", "SIZE 0", "SIZE x", "SIZE -1", "SIZE 99999999999999999999"] {
            let offered = ServiceExtensions(Reply(received: 250, nil, lines: ["x", text]))
            #expect(offered.hasSize && offered.largestMessage == nil, "\(text)")
        }
    }

    @Test func `values that could end a line cannot be made`() {
        for text in ["a\r\nRCPT TO:<x@y>", "a\n", "", "caf\u{e9}", String(repeating: "a", count: 501)] {
            #expect(throws: SyntaxError.self, "\(text)") { try CommandArgument(text) }
        }
        for text in [
            "a@b>\r\nRCPT TO:<evil@x", "\"a\r\nDATA\r\n\"@b", "user@[1.2.3.4]\r\nX", "a@b SIZE=1",
            "a@b> BODY=8BITMIME <",
        ] {
            #expect(throws: SyntaxError.self, "\(text)") { try Mailbox(text) }
        }
        #expect(throws: SyntaxError.self) { try MailDomain("x\r\nMAIL FROM:<>") }
        #expect(throws: SyntaxError.self) {
            try ClientSession.Configuration(name: MailDomain("m\u{fc}ller.example"))
        }
        #expect(throws: SyntaxError.self) { try EnvelopeID("a\r\nb") }
        #expect(throws: SyntaxError.self) { try EnvelopeID(String(repeating: "+", count: 34)) }
        #expect(throws: SyntaxError.self) { try OriginalRecipient("rfc822", Array("a\r\n@b".utf8)) }
        #expect(throws: SyntaxError.self) { try Parameter("X", value: "a\r\nDATA") }
        #expect(throws: Never.self) { try EnvelopeID(String(repeating: "+", count: 33)) }
    }
}
