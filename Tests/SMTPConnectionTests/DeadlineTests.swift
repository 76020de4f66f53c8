import SMTPConnection
import SMTPProtocol
import Testing

@Suite struct DeadlineTests {
    @Test func `an idle client is told 421 at exactly the command deadline`() {
        let rig = Rig()
        #expect(rig.last == .init(until: 300, input: true, output: false))
        rig.wait(299.999)
        #expect(rig.lastLine == "220 mx.example.org ESMTP ready")
        rig.wait(0.001)
        #expect(rig.lastLine == "421 4.4.2 Timed out, closing connection")
        #expect(rig.hasFinishedSending && !rig.isClosed)
        #expect(rig.notices == [.closed(.timedOut(.command))])
        rig.wait(5)
        #expect(rig.isClosed)
    }

    @Test func `bytes of an unfinished command do not extend its deadline, a whole command does`() {
        let rig = Rig()
        for _ in 0..<29 {
            rig.wait(10)
            rig.receive("N")
        }
        #expect(rig.last.until == 300)
        rig.receive("OOP")
        rig.wait(9)
        rig.receive("\r\n")
        #expect(rig.lastLine.hasPrefix("500"))
        #expect(rig.last.until == 599)
    }

    @Test func `an answer that does not come is a 451, and the session goes on`() {
        let rig = Rig()
        rig.answers["mail"] = .some(nil)
        rig.receive("EHLO c.example.com\r\n")
        rig.receive("MAIL FROM:<a@example.com>\r\nNOOP\r\n")
        #expect(rig.last == .init(until: 300, input: false, output: false))
        let ticket = rig.openTicket
        rig.wait(300)
        #expect(rig.text.hasSuffix("451 4.3.0 No decision in time, try again later\r\n250 2.0.0 OK\r\n"))
        #expect(rig.notices == [.answerTimedOut])
        // The answer comes after all: it must not hit another question.
        #expect(rig.answerLater(.accept, ticket) == false)
        rig.receive("RCPT TO:<b@example.org>\r\n")
        #expect(rig.lastLine.hasPrefix("503"))
    }

    @Test func `content must come at its minimum rate once the grace is over`() {
        let rig = Rig()
        rig.begin()
        rig.receive("DATA\r\n")
        #expect(rig.last.until == 60)
        rig.wait(59)
        rig.receive(String(repeating: "x", count: 998) + "\r\n")
        #expect(rig.last.until == 62)
        rig.wait(3)
        #expect(rig.lastLine.hasPrefix("421 4.4.2"))
        #expect(rig.notices.suffix(2) == [.reset(.aborted), .closed(.timedOut(.content))])
    }

    @Test func `content that stops is cut off after its own deadline`() {
        let rig = Rig { $0.timeouts.contentRate = 0 }
        rig.begin()
        rig.receive("DATA\r\n")
        rig.wait(100)
        rig.receive("hello\r\n")
        #expect(rig.last.until == 280)
    }

    @Test func `the time an answer takes is not the sender's`() {
        let rig = Rig()
        rig.answers["content"] = .some(nil)
        rig.begin()
        rig.receive("DATA\r\n")
        rig.receive("hello\r\n")
        rig.wait(100)
        rig.answerLater(.accept)
        #expect(rig.last.until == 160)
    }

    @Test func `a peer that does not take the whole of our reply is cut off`() {
        let rig = Rig()
        rig.room = 5
        rig.receive("NOOP\r\n")
        #expect(rig.last == .init(until: 60, input: true, output: true))
        rig.wait(59)
        rig.transportTakes(3)
        #expect(rig.last.until == 60)
        rig.wait(1)
        #expect(rig.isClosed && !rig.hasFinishedSending)
        #expect(rig.notices == [.closed(.timedOut(.writing))])
    }

    @Test func `a session has an end`() {
        let rig = Rig { $0.timeouts.session = .seconds(100) }
        rig.begin()
        #expect(rig.last.until == 100)
        rig.wait(100)
        #expect(rig.lastLine.hasPrefix("421 4.4.2"))
    }

    @Test func `each error beyond the soft limit is answered late`() {
        let rig = Rig()
        for _ in 0..<5 { rig.receive("WHAT\r\n") }
        #expect(rig.text.split(separator: "\r\n").count == 6)
        rig.receive("WHAT\r\nNOOP\r\n")
        #expect(rig.text.split(separator: "\r\n").count == 6)
        #expect(rig.last == .init(until: 1, input: false, output: false))
        rig.wait(1)
        #expect(rig.lastLine == "250 2.0.0 OK")
    }

    @Test func `the pause after an error is not the client's time`() {
        let rig = Rig { $0.timeouts.command = .seconds(2) }
        rig.receive(String(repeating: "WHAT\r\n", count: 9) + "NOOP\r\n")
        for _ in 0..<4 { rig.wait(1) }
        #expect(rig.lastLine == "250 2.0.0 OK")
        #expect(rig.last.until == 6)
    }

    @Test func `the deadline of content ends with it, also if it was refused`() {
        let rig = Rig { $0.timeouts.content = .seconds(10) }
        rig.begin()
        rig.receive("DATA\r\n")
        rig.receive("a bare LF\n\r\n.\r\n" + String(repeating: "WHAT\r\n", count: 16) + "NOOP\r\n")
        for _ in 0..<12 { rig.wait(1) }
        #expect(rig.lastLine == "250 2.0.0 OK")
        #expect(rig.last.until == 312)
    }

    @Test func `each content has its own time, also if no wait lies between two`() {
        let rig = Rig()
        let transaction = "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
        rig.receive("EHLO client.example.com\r\n" + transaction)
        rig.wait(50)
        rig.receive("hello\r\n.\r\n" + transaction)
        #expect(rig.last.until == 110)
    }

    @Test func `a command that has come is not waited for while its reply waits`() {
        let rig = Rig { $0.session.limits.replyBacklog = 1 }
        rig.room = 0
        rig.wait(290)
        rig.receive("RSET\r\nRSET\r\n")
        #expect(rig.last == .init(until: 350, input: false, output: true))
    }

    @Test func `the clock may not run backwards`() {
        let rig = Rig()
        rig.wait(100)
        rig.seconds = 50
        rig.receive("NOOP\r\n")
        #expect(rig.last.until == 400)
    }

    @Test func `the earliest deadline wins, and knows its name`() {
        var deadlines = Deadlines()
        #expect(deadlines.earliest == nil)
        for (index, deadline) in Deadline.allCases.enumerated() {
            deadlines[deadline] = Instant(nanoseconds: Int64(100 - index))
            #expect(deadlines.earliest?.deadline == deadline)
        }
        for deadline in Deadline.allCases.reversed() {
            #expect(deadlines.earliest?.deadline == deadline)
            deadlines[deadline] = nil
        }
        #expect(deadlines.earliest == nil)
    }

    @Test func `time arithmetic stays at its ends`() {
        let end = Instant(nanoseconds: .max)
        #expect(end.advanced(by: .seconds(1)) == end)
        #expect(Instant(nanoseconds: .min).advanced(by: .seconds(-1)).nanoseconds == .min)
        #expect(Instant(nanoseconds: 5).advanced(by: .seconds(Int64.max)).nanoseconds == .max)
        #expect(Instant(nanoseconds: 5).duration(to: Instant(nanoseconds: 8)) == .nanoseconds(3))
    }
}
