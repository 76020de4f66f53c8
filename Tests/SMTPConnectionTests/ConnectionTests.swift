import SMTPConnection
import SMTPProtocol
import Testing

@Suite struct ConnectionTests {
    @Test func `a pipelined group is answered in one write`() {
        let rig = Rig()
        rig.receive("EHLO c.example.com\r\n")
        let before = rig.sends
        rig.receive(
            "MAIL FROM:<a@example.com>\r\n" + String(repeating: "RCPT TO:<b@example.org>\r\n", count: 100)
                + "DATA\r\n")
        #expect(rig.sends - before == 1)
        #expect(rig.text.split(separator: "\r\n").filter { $0.hasPrefix("250 2.1.5") }.count == 100)
    }

    @Test func `while a question is open nothing is read and nothing is lost`() {
        let rig = Rig()
        rig.answers["rcpt"] = .some(nil)
        rig.receive("EHLO c.example.com\r\n")
        rig.receive("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nRSET\r\nNOOP\r\n")
        #expect(rig.lastLine == "250 2.1.0 Sender accepted")
        #expect(!rig.last.input)
        rig.answerLater(.reply(Reply(450, EnhancedStatusCode(4, 2, 1), "busy")))
        #expect(rig.text.hasSuffix("450 4.2.1 busy\r\n250 2.0.0 OK\r\n250 2.0.0 OK\r\n"))
        #expect(rig.last.input)
    }

    @Test func `a peer that never reads is not read from beyond the backlog`() {
        let rig = Rig { $0.session.limits = .lab }
        rig.room = 0
        for _ in 0..<100 where rig.last.input { rig.receive(String(repeating: "NOOP\r\n", count: 1000)) }
        #expect(rig.last == .init(until: 60, input: false, output: true))
        let unsent = rig.connection.withOutput { $0.count }
        #expect(unsent < (64 << 10) + 100)
    }

    @Test func `QUIT is answered, then our side ends, then the peer's, then the socket`() {
        let rig = Rig()
        rig.receive("QUIT\r\nNOOP\r\n")
        #expect(rig.lastLine == "221 2.0.0 Goodbye")
        #expect(rig.hasFinishedSending && !rig.isClosed)
        #expect(rig.last == .init(until: 5, input: true, output: false))
        rig.receive("more that nobody reads\r\n")
        rig.receiveEnd()
        #expect(rig.isClosed)
        #expect(rig.notices == [.quit, .closed(.quit)])
    }

    @Test func `a client that ends after its commands still gets its answers`() {
        let rig = Rig()
        rig.answers["message"] = .some(nil)
        rig.begin()
        rig.receive("DATA\r\n")
        rig.receive("hi\r\n.\r\n")
        rig.receiveEnd()
        #expect(!rig.isClosed)
        rig.answerLater(.accept)
        #expect(rig.lastLine == "250 2.0.0 Message accepted")
        #expect(rig.isClosed)
        #expect(rig.notices == [.reset(.delivered), .closed(.peerClosed)])
    }

    @Test func `an end in the middle of content delivers nothing`() {
        let rig = Rig()
        rig.begin()
        rig.receive("DATA\r\n")
        rig.receive("whole\r\n.\r")
        rig.receiveEnd()
        #expect(rig.isClosed && !rig.asked.contains("message"))
        #expect(rig.notices == [.reset(.aborted), .closed(.peerClosed)])
    }

    @Test func `a failed transport ends everything at once, and says so once`() {
        let rig = Rig()
        rig.answers["data"] = .some(nil)
        rig.begin()
        rig.receive("DATA\r\n")
        rig.fail()
        #expect(rig.isClosed)
        #expect(rig.notices == [.reset(.aborted), .closed(.transportFailed)])
        #expect(rig.answerLater(.accept) == false)
        rig.fail()
        rig.receiveEnd()
        #expect(rig.notices.count == 2)
    }

    @Test func `shutting down waits for the message that is being received`() {
        let rig = Rig()
        rig.begin()
        rig.receive("DATA\r\n")
        rig.shutDown()
        #expect(rig.lastLine.hasPrefix("354"))
        rig.receive("hi\r\n.\r\n")
        #expect(
            rig.text.hasSuffix(
                "250 2.0.0 Message accepted\r\n421 4.3.2 Service shutting down, try again later\r\n"))
        #expect(rig.notices == [.reset(.delivered), .closed(.shutDown)])
    }

    @Test func `an application's end is said and done`() {
        let rig = Rig()
        rig.answers["rcpt"] = .close(Reply(421, EnhancedStatusCode(4, 7, 0), "go away"))
        rig.begin()
        #expect(rig.lastLine == "421 4.7.0 go away")
        #expect(rig.notices == [.reset(.aborted), .closed(.refused)])
        #expect(rig.hasFinishedSending)
    }

    @Test func `content arrives unstuffed, once, whatever the chunks`() {
        let message = "Subject: x\r\n\r\n..dot\r\n.\r.\r\n..\r\n.\r\n"
        for size in 1...message.utf8.count {
            let rig = Rig { $0.session.bareNewlines = .preserve }
            rig.begin()
            rig.receive("DATA\r\n")
            var rest = Array(message.utf8)[...]
            while !rest.isEmpty {
                rig.receive(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(
                String(decoding: rig.content, as: UTF8.self) == "Subject: x\r\n\r\n.dot\r\n\r.\r\n.\r\n",
                "\(size)")
            #expect(rig.lastLine == "250 2.0.0 Message accepted")
        }
    }
}
