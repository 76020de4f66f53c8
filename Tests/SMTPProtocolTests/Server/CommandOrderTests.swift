import SMTPProtocol
import Testing

/// The table of RFC 5321 §4.1.4, written out a second time: every stage, every verb.
@Suite struct CommandOrderTests {
    typealias Verdict = CommandOrder.Verdict

    /// For each verb what the stages refused, start, idle, mail, recipients say, in that order.
    static let expected: [(Verb, [Verdict])] = [
        (.helo, [.onlyQuit, .allowed, .allowed, .allowed, .allowed]),
        (.ehlo, [.onlyQuit, .allowed, .allowed, .allowed, .allowed]),
        (.lhlo, [.onlyQuit, .allowed, .allowed, .allowed, .allowed]),
        (.mail, [.onlyQuit, .helloFirst, .allowed, .transactionOpen, .transactionOpen]),
        (.rcpt, [.onlyQuit, .helloFirst, .mailFirst, .allowed, .allowed]),
        (.data, [.onlyQuit, .helloFirst, .mailFirst, .recipientFirst, .allowed]),
        (.bdat, [.onlyQuit, .helloFirst, .mailFirst, .recipientFirst, .allowed]),
        (.rset, [.onlyQuit, .allowed, .allowed, .allowed, .allowed]),
        (.noop, [.onlyQuit, .allowed, .allowed, .allowed, .allowed]),
        (.quit, [.allowed, .allowed, .allowed, .allowed, .allowed]),
        (.vrfy, [.onlyQuit, .allowed, .allowed, .allowed, .allowed]),
        (.expn, [.onlyQuit, .allowed, .allowed, .allowed, .allowed]),
        (.help, [.onlyQuit, .allowed, .allowed, .allowed, .allowed]),
        (.startTLS, [.onlyQuit, .allowed, .allowed, .transactionOpen, .transactionOpen]),
        (.auth, [.onlyQuit, .helloFirst, .allowed, .transactionOpen, .transactionOpen]),
        (.send, [.onlyQuit, .allowed, .allowed, .allowed, .allowed]),
        (.soml, [.onlyQuit, .allowed, .allowed, .allowed, .allowed]),
        (.saml, [.onlyQuit, .allowed, .allowed, .allowed, .allowed]),
        (.turn, [.onlyQuit, .allowed, .allowed, .allowed, .allowed]),
        (.other, [.onlyQuit, .allowed, .allowed, .allowed, .allowed]),
    ]

    @Test func `every verb at every stage`() {
        #expect(Self.expected.map(\.0) == Verb.allCases)
        for (verb, verdicts) in Self.expected {
            for (stage, verdict) in zip(CommandOrder.Stage.allCases, verdicts) {
                #expect(CommandOrder.verdict(stage, verb) == verdict, "\(stage) \(verb)")
            }
        }
    }
}
