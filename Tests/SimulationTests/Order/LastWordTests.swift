import SMTPProtocol
import Testing

/// Answers that say one thing and mean another: what the client is told must be what happens.
@Suite struct LastWordTests {
    /// What a session says, and how it ends, when the question named gets `answer`; what follows is a NOOP.
    private func play(_ question: String, _ answer: Answer) -> (said: [UInt16], notices: [Notice]) {
        var session = ServerSession(Profile.lab.configuration)
        let input = Array(
            "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nDATA\r\nx\r\n.\r\nNOOP\r\n".utf8)
        var position = 0
        var notices: [Notice] = []
        session.receiveEnd()
        loop: while true {
            switch session.next(input.span, &position) {
            case .ask:
                let asked = session.question.map { "\($0)" } ?? ""
                session.answer(asked.hasPrefix(question) ? answer : .accept)
            case .note(let notice): notices.append(notice)
            case .wait: break loop
            }
        }
        var output: [UInt8] = []
        session.takeReplies(into: &output)
        let lines = output.split(separator: 10).filter { $0.count > 3 && $0[$0.startIndex + 3] == 32 }
        return (lines.map { $0.prefix(3).reduce(0) { $0 * 10 + UInt16($1) - 48 } }, notices)
    }

    @Test func `a message that is accepted with the last word is delivered`() {
        let (said, notices) = play("message", .close(Reply(250)))
        #expect(said.suffix(1) == [250] && notices == [.reset(.delivered), .closed(.refused)])
    }

    @Test func `421 for a message ends the session, however it is given`() {
        #expect(play("message", .reply(Reply(421))).notices.last == .closed(.refused))
        #expect(play("message", .replies([Reply(421)])).notices.last == .closed(.refused))
    }

    @Test func `no 354 is the last word`() {
        #expect(play("data", .close(Reply(250))).said.last != 354)
    }

    @Test func `the last word is said also amid content`() {
        #expect(play("content", .close(Reply(554))).said.last == 554)
        #expect(play("content", .close(Reply(250))).said.last != 354)
    }
}
