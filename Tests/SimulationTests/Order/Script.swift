import SMTPProtocol

/// One thing the client sends, and all that the application would say if it were asked about it.
struct ScriptStep: Sendable {
    var command: Command
    /// To the command's own question.
    var answer: Answer
    /// What follows DATA if it is answered with 354.
    var content = Content()
    /// To the first run of the content; the others are accepted.
    var contentAnswer = Answer.accept
    /// To the question about the whole message.
    var messageAnswer = Answer.accept
    /// When the server is told to end.
    var shutDown = ShutDown.never

    enum ShutDown: Sendable { case never, whileAsked, afterwards }
}

/// What the client sends before a reply is due.
struct Command: Sendable {
    /// With its CRLF.
    var text: String
    var kind: Kind

    enum Kind: Sendable {
        /// A line that is refused for its octets or its length, wherever it comes.
        case refusedOctets(PeerError)
        /// A verb that is unknown (500) or not here (502).
        case unavailable(ReplyCode)
        case hello(Hello, isWellFormed: Bool)
        case mail(MailCommand)
        case recipient(RecipientCommand)
        case data, reset, quit
        /// DATA, RSET or QUIT with an argument.
        case needlessArgument(Verb)
        case noOperation(String?)
        case help(String?)
        /// VRFY or EXPN.
        case lookUp(Verb, LookUp)
        /// The application's own verb.
        case own(String)
    }

    /// QUIT, with an argument or without.
    var isQuit: Bool {
        switch kind {
        case .quit, .needlessArgument(.quit): true
        default: false
        }
    }

    enum LookUp: Sendable {
        case empty
        case name(String)
        case unmarkedUTF8
        case markedUTF8(String)
    }
}

/// MAIL, by what is in it.
struct MailCommand: Sendable {
    var path = ReversePath.null
    var isWellFormed = true
    var isASCII = true
    var size: Int?
    var body: BodyType?
    var isInternationalized = false
    var canary: Parameter?
    var hasUnknownParameter = false

    var hasParameters: Bool {
        size != nil || body != nil || isInternationalized || canary != nil || hasUnknownParameter
    }
}

/// RCPT, by what is in it.
struct RecipientCommand: Sendable {
    var path = ForwardPath.postmaster
    var isWellFormed = true
    var isASCII = true
    var canary: Parameter?
}

/// The content of a message: as it is, and as it is sent.
struct Content: Sendable {
    var decoded: [UInt8] = []
    var wire = Array(".\r\n".utf8)
    var hasBareLineFeed = false
    var longestLine = 0
}

/// A client's whole session, and an application's whole policy.
struct Script: Sendable {
    var profile: Profile
    var connectAnswer = Answer.accept
    var steps: [ScriptStep] = []
    /// The client's last octets are lost.
    var lostOctets = 0
    /// How the octets are cut into inputs.
    var cutSeed: UInt64 = 0
}

/// A server's configuration, as far as the model has to know it.
enum Profile: CaseIterable, Sendable {
    case lab, mx, tight, lmtp, bare

    var configuration: ServerSession.Configuration {
        var configuration = ServerSession.Configuration(hostname: "mx.example.org")
        configuration.verbs = ["XLAB"]
        configuration.extensions = ServiceExtension.standard + [Self.canary]
        switch self {
        case .lab: configuration.limits = .lab
        case .mx: configuration.limits = .mx
        case .tight:
            configuration.limits.errors = 4
            configuration.limits.junkCommands = 3
            configuration.limits.refusedRecipients = 3
            configuration.limits.messages = 2
            configuration.limits.recipients = 2
            configuration.limits.messageSize = 120
            configuration.limits.contentLine = 60
            configuration.extensions.append(.expand)
        case .lmtp:
            configuration.dialect = .lmtp
            configuration.limits = .lmtp
            configuration.limits.messageSize = 400
        case .bare:
            configuration.extensions = []
            configuration.limits = .stress
            configuration.limits.errors = 7
        }
        return configuration
    }

    static let canary = ServiceExtension(
        "XCANARY", mail: [ParameterRule("XCANARY")], recipient: [ParameterRule("XCANARY")])
}
