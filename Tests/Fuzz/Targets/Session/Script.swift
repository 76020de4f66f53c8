import SMTPConnection
import SMTPProtocol

/// What happens to a connection, decoded from any octets.
///
/// Three octets choose the configuration; then each octet is an event, with its two high bits as its kind:
///
///     00nnnnnn   n octets arrive (63: eight times what the next octet says)
///     01.nnnnn   line n of a table arrives; with the bit 001 it arrives together with what comes next
///     10..nnnn   question n gets from now on the answer that the next octet chooses
///     11..nnnn   time passes, the client ends, the server shuts down, …: see `control`
struct Script {
    enum Event {
        /// Octets from the client; `joined` if what follows arrives in the same read.
        case arrive([UInt8], joined: Bool)
        case policy(QuestionKind, AnswerChoice)
        case pass(milliseconds: Int64)
        /// Time passes up to the next deadline.
        case passToDeadline
        case end, shutDown, fail
        /// How many octets the transport takes at once from now on; `nil` for all.
        case room(Int?)
        case drained(Int)
        /// The answer comes after so long, without the connection having been told the time before.
        case answerLate(AnswerChoice, milliseconds: Int64)
        /// An answer to a question of the past.
        case answerStale(AnswerChoice)
    }

    let setup: Setup
    /// A choice that the configuration leaves open.
    let isOdd: Bool
    private var input: Octets

    init(_ octets: [UInt8]) {
        input = Octets(octets)
        let (first, second, third) = (input.next(), input.next(), input.next())
        setup = Setup(first, second, third)
        isOdd = third & 128 != 0
    }

    /// The next event, until the octets are used up.
    mutating func next() -> Event? {
        if input.isEmpty { return nil }
        let octet = input.next()
        let low = Int(octet & 63)
        switch octet >> 6 {
        case 0: return .arrive(input.next(low < 63 ? low : 8 * Int(input.next())), joined: false)
        case 1: return .arrive(Self.lines[(low & 31) % Self.lines.count], joined: low & 32 != 0)
        case 2: return .policy(QuestionKind(low), AnswerChoice(input.next()))
        default: return Self.control(low, &input)
        }
    }

    private static func control(_ number: Int, _ input: inout Octets) -> Event {
        switch number & 15 {
        case 0: .pass(milliseconds: 1)
        case 1: .pass(milliseconds: 1000)
        case 2: .pass(milliseconds: 59_000)
        case 3: .pass(milliseconds: 301_000)
        case 4: .pass(milliseconds: 3_600_000)
        case 5, 6: .passToDeadline
        case 7: .end
        case 8: .shutDown
        case 9: .fail
        case 10: .room(Int(input.next()))
        case 11: .room(nil)
        case 12: .drained(Int(input.next()) * 8)
        case 13: .answerLate(AnswerChoice(input.next()), milliseconds: 0)
        case 14: .answerLate(AnswerChoice(input.next()), milliseconds: 1000)
        default:
            number == 63
                ? .arrive(manyDots, joined: true) : .answerStale(AnswerChoice(input.next()))
        }
    }

    /// More short runs of content than are gathered for one question.
    private static let manyDots = Array(String(repeating: "..a line\r\n", count: 2500).utf8)

    private static let lines: [[UInt8]] = [
        "EHLO client.example.com\r\n", "HELO client\r\n", "LHLO [IPv6:2001:db8::1]\r\n", "MAIL FROM:<>\r\n",
        "MAIL FROM:<a@example.com>\r\n", "RCPT TO:<b@example.org>\r\n", "RCPT TO:<Postmaster>\r\n",
        "DATA\r\n",
        ".\r\n", "Subject: a\r\n\r\ntext\r\n", "..\r\n.a\r\n", "text\r\n.\r\n", "RSET\r\n", "NOOP\r\n",
        "QUIT\r\n",
        "VRFY b\r\n", "EXPN list\r\n", "HELP\r\n", "STARTTLS\r\n", "XAPP argument\r\n", "AUTH PLAIN\r\n",
        "BDAT 1\r\n",
        "MAIL FROM:<\u{fc}@example.com> SMTPUTF8 BODY=8BITMIME SIZE=10\r\n",
        "MAIL FROM:<a@example.com> SIZE=99999999999\r\n", "RCPT TO:<b@example.org> XPARAM=x\r\n",
        "a\r\n.\r", "\n", "\r", "a line that is not short and comes again and again\r\n",
        String(repeating: "x", count: 500), String(repeating: "RSET\r\n", count: 8),
        String(repeating: "RCPT TO:<b@example.org>\r\n", count: 3),
    ].map { Array($0.utf8) }
}

/// The kinds of question, for policies.
enum QuestionKind: Int, CaseIterable {
    case connect, hello, mail, recipient, data, content, message, verify, expand, help, noOperation, command

    init(_ number: Int) { self = Self.allCases[(number & 15) % 12] }

    init(_ question: Question) {
        self =
            switch question {
            case .connect: .connect
            case .hello: .hello
            case .mail: .mail
            case .recipient: .recipient
            case .data: .data
            case .content: .content
            case .message: .message
            case .verify: .verify
            case .expand: .expand
            case .help: .help
            case .noOperation: .noOperation
            case .command, .authenticate, .authenticationKey: .command
            }
    }
}

/// What the application says.
enum AnswerChoice {
    case later
    case now(Answer)

    init(_ octet: UInt8) {
        let number = Int(octet) % (Self.answers.count + 1)
        self = number == 0 ? .later : .now(Self.answers[number - 1])
    }

    private static let answers: [Answer] = [
        .accept, .reply(Reply(250, EnhancedStatusCode(2, 1, 5), "F\u{ef}ne")),
        .reply(Reply(550, EnhancedStatusCode(5, 1, 1), "No")), .reply(Reply(451, nil, "Not now")),
        .reply(Reply(421, EnhancedStatusCode(4, 3, 2), "Go away")), .close(Reply(554, nil, "Never")),
        .close(Reply(221, EnhancedStatusCode(2, 0, 0), "Well, then")), .offer([]), .offer(Setup.extensions),
        .replies([
            Reply(250, nil, ""), Reply(550, nil, "Two"), Reply(354, nil, "Three"), Reply(421, nil, "Four"),
        ]),
        .replies([]), .replies([Reply(452, EnhancedStatusCode(5, 2, 2), "Full")]),
        .reply(Reply(354, nil, "Go on")),
        .reply(
            Reply(
                250, EnhancedStatusCode(2, 0, 0),
                lines: [String(repeating: "long ", count: 110), "", "\u{fc}\r\n550 no"])),
        .reply(Reply(550, EnhancedStatusCode(5, 7, 1), lines: [String(repeating: "\u{20ac}", count: 180)])),
        .reply(Reply(220, nil, String(repeating: "x", count: 506))),
    ]
}
