// The protocol alone: no socket, no clock, no thread. Octets go in, questions and replies come out.
import SMTPProtocol

/// One session over octets that are all there already; gives what the server says.
func converse(_ input: [UInt8]) -> [UInt8] {
    var session = ServerSession(.init(hostname: "mx.example.org"))
    var position = 0
    var output: [UInt8] = []
    while true {
        switch session.next(input.span, &position) {
        case .ask: session.answer(session.question.map(decide) ?? .accept)
        case .note: break
        case .wait(.input) where position < input.count: break
        case .wait(.input): session.receiveEnd()
        case .wait(.room): session.takeReplies(into: &output)
        case .wait(.answer), .wait(.tls), .wait(.never):
            session.takeReplies(into: &output)
            return output
        }
    }
}

/// The whole policy: mail for example.org is taken.
func decide(_ question: Question) -> Answer {
    guard case .recipient(.mailbox(let mailbox), _) = question, mailbox.domain != .name("example.org") else {
        return .accept
    }
    return .reply(Reply(550, EnhancedStatusCode(5, 7, 1), "We do not relay"))
}

@main struct CoreAlone {
    static func main() {
        let script = """
            EHLO client.example.com
            MAIL FROM:<a@example.com>
            RCPT TO:<elsewhere@example.net>
            RCPT TO:<b@example.org>
            DATA
            Subject: no sockets

            ..dots and all
            .
            QUIT

            """
        let input = script.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
        print(String(decoding: converse(Array(input.utf8)), as: UTF8.self), terminator: "")
    }
}
