import SMTPProtocol

/// What a session asks, says and reports, in order; and where its transaction stands after each reply.
struct Trace {
    var events: [Event] = []
    /// After each reply.
    var envelopes: [Envelope?] = []
    /// To the questions, in order.
    var answers: [PlannedAnswer] = []

    enum Event: Hashable, Sendable {
        case ask(Question)
        case reply(Said)
        case note(Notice)
    }

    enum Question: Hashable, Sendable {
        case connect, data
        case hello(Hello)
        case mail(ReversePath, MailParameters)
        case recipient(ForwardPath, RecipientParameters)
        case message(Envelope, Int)
        case verify(String)
        case expand(String)
        case help(String?)
        case noOperation(String?)
        case command(String)
    }

    struct PlannedAnswer {
        var answer: Answer
        var shutsDown = false
        var content: Content?
        var contentAnswer = Answer.accept
    }

    /// Stands for all errors of syntax.
    static let anySyntaxError = SyntaxError(.command, at: 0)

    mutating func note(_ notice: Notice) {
        if case .peerError(.syntax) = notice {
            events.append(.note(.peerError(.syntax(Self.anySyntaxError))))
        } else {
            events.append(.note(notice))
        }
    }

    /// What was said since the last call left the transaction as `envelope`.
    mutating func settle(_ envelope: Envelope?) {
        for index in settled..<events.count {
            if case .reply = events[index] { envelopes.append(envelope) }
        }
        settled = events.count
    }

    private var settled = 0
}

/// A reply by its code, and by the mark in its text if it is the application's.
struct Said: Hashable, Sendable {
    var code: UInt16
    var tag = 0

    init(_ code: UInt16) { self.code = code }

    init(code: UInt16, tag: Int) {
        self.code = code
        self.tag = tag
    }

    init(_ reply: Reply) { self.init(code: reply.code.rawValue, tag: Said.tag(in: reply.lines[0].utf8)) }

    /// Whether it is a 2yz.
    var accepts: Bool { code < 300 }

    /// The number after `#`; 0 if there is none.
    static func tag(in text: some Sequence<UInt8>) -> Int {
        var tag: Int?
        for octet in text {
            if octet == UInt8(ascii: "#") { tag = 0 }
            if let number = tag, octet >= 48, octet < 58 { tag = number * 10 + Int(octet) - 48 }
        }
        return tag ?? 0
    }
}
