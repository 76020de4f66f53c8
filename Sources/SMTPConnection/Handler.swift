public import SMTPProtocol

/// Decides for one session. Every method has a default, so a handler states only its policy.
///
/// A handler belongs to one connection and is called by one thread at a time. A thrown error is answered with
/// 451 4.3.0 and reported to the server's operator; its text stays off the wire.
public protocol Handler: AnyObject {
    /// A client connected. Default: greeted.
    func connected(in context: Context) throws -> Decision
    /// The client introduced itself. Default: accepted, with what the server offers.
    func hello(_ hello: Hello, offering: [ServiceExtension], in context: Context) throws -> Decision
    /// AUTH: what is kept for a name? `.key` if something is; anything else is a name that nobody knows. Default: that.
    func authenticationKey(for request: SASLKeyRequest, in context: Context) throws -> Decision
    /// AUTH: are these credentials good? `.accept` takes the client for the one it has proven to be; only
    /// `.identity` lets it act as another, or as whoever a token or a certificate names. Default: no.
    func authenticate(_ credentials: Credentials, in context: Context) throws -> Decision
    /// May this sender begin a transaction? Default: yes.
    func mail(_ path: ReversePath, _ parameters: MailParameters, in context: Context) throws -> Decision
    /// Is this recipient taken? Default: yes.
    func recipient(_ path: ForwardPath, _ parameters: RecipientParameters, in context: Context) throws
        -> Decision
    /// DATA: is the content wanted? Default: yes.
    func data(in context: Context) throws -> Decision
    /// A run of content, of any length; valid during the call only. Default: dropped.
    func content(_ bytes: Span<UInt8>, in context: Context) throws -> Decision
    /// Is responsibility for the mail taken? `size` in octets. Default: yes.
    func message(_ envelope: Envelope, size: Int, in context: Context) throws -> Decision
    /// VRFY. Default: 252.
    func verify(_ argument: String, in context: Context) throws -> Decision
    /// EXPN, if offered. Default: 252.
    func expand(_ argument: String, in context: Context) throws -> Decision
    /// HELP. Default: the list of commands.
    func help(_ argument: String?, in context: Context) throws -> Decision
    /// NOOP. Default: 250.
    func noOperation(_ argument: String?, in context: Context) throws -> Decision
    /// A verb of the application's own. Default: 500.
    func command(_ verb: Keyword, argument: String, in context: Context) throws -> Decision
    /// Something happened; the default ignores it.
    ///
    /// `.reset` ends every transaction that began, whatever became of it; `.closed` is the last call.
    func observe(_ notice: Notice, in context: Context)
}

extension Handler {
    public func connected(in context: Context) throws -> Decision { .accept }
    public func hello(_ hello: Hello, offering: [ServiceExtension], in context: Context) throws -> Decision {
        .accept
    }
    public func authenticationKey(for request: SASLKeyRequest, in context: Context) throws -> Decision {
        .now(.nobodyKnown)
    }
    public func authenticate(_ credentials: Credentials, in context: Context) throws -> Decision {
        .now(.nobodyKnown)
    }
    public func mail(_ path: ReversePath, _ parameters: MailParameters, in context: Context) throws
        -> Decision
    {
        .accept
    }
    public func recipient(
        _ path: ForwardPath, _ parameters: RecipientParameters, in context: Context
    ) throws -> Decision { .accept }
    public func data(in context: Context) throws -> Decision { .accept }
    public func content(_ bytes: Span<UInt8>, in context: Context) throws -> Decision { .accept }
    public func message(_ envelope: Envelope, size: Int, in context: Context) throws -> Decision { .accept }
    public func verify(_ argument: String, in context: Context) throws -> Decision { .accept }
    public func expand(_ argument: String, in context: Context) throws -> Decision { .accept }
    public func help(_ argument: String?, in context: Context) throws -> Decision { .accept }
    public func noOperation(_ argument: String?, in context: Context) throws -> Decision { .accept }
    public func command(_ verb: Keyword, argument: String, in context: Context) throws -> Decision {
        .reply(500, EnhancedStatusCode(5, 5, 1), "Command not recognized")
    }
    public func observe(_ notice: Notice, in context: Context) {}
}

/// What a handler is told with each question.
public struct Context: Sendable {
    private let origin: Origin
    private let envelope: Envelope?
    private let ticket: Ticket

    /// What is known of the client.
    public var session: SessionInfo { SessionInfo(origin.facts, envelope) }
    /// For an answer that comes later.
    public var later: Responder { Responder(ticket, origin.deliver) }

    /// Made by whoever drives the connection.
    public init(session: SessionInfo, later: Responder) {
        self.init(Origin(session.facts, later.deliver), session.envelope, later.ticket)
    }

    /// Made for each question: no more than references.
    @inline(__always)
    init(_ origin: Origin, _ envelope: Envelope?, _ ticket: Ticket) {
        self.origin = origin
        self.envelope = envelope
        self.ticket = ticket
    }

    /// For a test that calls a handler's methods by itself; `later` gets the late answers.
    public init(
        session: SessionInfo, later: @escaping @Sendable (Result<Answer, any Error>) -> Void = { _ in }
    ) {
        self.init(session: session, later: Responder(Ticket(number: 0)) { later($0.result) })
    }
}

/// Who asks, and where late answers go: what the contexts of one connection share. A `SessionInfo` that is kept must
/// not keep the connection, so it holds the facts only.
final class Origin: Sendable {
    let facts: SessionInfo.Facts
    let deliver: @Sendable (LateAnswer) -> Void

    init(_ facts: SessionInfo.Facts, _ deliver: @escaping @Sendable (LateAnswer) -> Void) {
        self.facts = facts
        self.deliver = deliver
    }
}

/// What a hook returns: an answer now, or the promise of one through the context's responder.
public enum Decision: Sendable {
    /// This answer.
    case now(Answer)
    /// An answer will come through `Context.later`.
    case later

    /// The standard positive reply.
    public static var accept: Decision { .now(.accept) }

    /// This reply; its severity decides.
    public static func reply(_ code: ReplyCode, _ status: EnhancedStatusCode?, _ text: String) -> Decision {
        .now(.reply(Reply(code, status, text)))
    }

    /// This reply with an enhanced code that says no more than its class.
    public static func reply(_ code: ReplyCode, _ text: String) -> Decision { reply(code, nil, text) }
}

extension Answer {
    /// What a handler says that knows nobody.
    static var nobodyKnown: Answer {
        .reply(Reply(535, EnhancedStatusCode(5, 7, 8), "Authentication credentials invalid"))
    }
}

/// Names one question of one connection, so that a late answer cannot hit the wrong one.
public struct Ticket: Hashable, Sendable {
    package let number: UInt64
    package init(number: UInt64) { self.number = number }
}

/// An answer on its way back to its connection.
public struct LateAnswer: Sendable {
    /// The question it answers.
    public let ticket: Ticket
    /// What was decided, or the error that kept it from being decided.
    public let result: Result<Answer, any Error>
}

/// Carries a late answer back to the connection's own thread. Only the first answer to a question counts.
public struct Responder: Sendable {
    fileprivate let ticket: Ticket
    fileprivate let deliver: @Sendable (LateAnswer) -> Void

    /// Made by whoever drives the connection.
    public init(_ ticket: Ticket, _ deliver: @escaping @Sendable (LateAnswer) -> Void) {
        self.ticket = ticket
        self.deliver = deliver
    }

    /// From any thread, once.
    public func answer(_ answer: Answer) { deliver(LateAnswer(ticket: ticket, result: .success(answer))) }

    /// As if the hook had thrown.
    public func fail(_ error: any Error) { deliver(LateAnswer(ticket: ticket, result: .failure(error))) }
}
