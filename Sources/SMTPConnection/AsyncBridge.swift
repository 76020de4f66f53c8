public import SMTPProtocol

/// A handler whose decisions await: the questions of `Handler`, the same defaults.
///
/// The next question comes when the last is answered, or given up: after its deadline, or when the connection ended.
/// A task whose question was given up is cancelled.
public protocol AsyncHandler: Sendable {
    /// A client connected. Default: greeted.
    func connected(in session: SessionInfo) async throws -> Answer
    /// The client introduced itself. Default: accepted, with what the server offers.
    func hello(_ hello: Hello, offering: [ServiceExtension], in session: SessionInfo) async throws -> Answer
    /// AUTH: what is kept for a name? Default: nothing.
    func authenticationKey(for request: SASLKeyRequest, in session: SessionInfo) async throws -> Answer
    /// AUTH: are these credentials good? Default: no.
    func authenticate(_ credentials: Credentials, in session: SessionInfo) async throws -> Answer
    /// May this sender begin a transaction? Default: yes.
    func mail(_ path: ReversePath, _ parameters: MailParameters, in session: SessionInfo) async throws
        -> Answer
    /// Is this recipient taken? Default: yes.
    func recipient(
        _ path: ForwardPath, _ parameters: RecipientParameters, in session: SessionInfo
    ) async throws -> Answer
    /// DATA: is the content wanted? Default: yes.
    func data(in session: SessionInfo) async throws -> Answer
    /// A run of content, copied. Default: dropped.
    func content(_ bytes: [UInt8], in session: SessionInfo) async throws -> Answer
    /// Is responsibility for the mail taken? `size` in octets. Default: yes.
    func message(_ envelope: Envelope, size: Int, in session: SessionInfo) async throws -> Answer
    /// VRFY. Default: 252.
    func verify(_ argument: String, in session: SessionInfo) async throws -> Answer
    /// EXPN, if offered. Default: 252.
    func expand(_ argument: String, in session: SessionInfo) async throws -> Answer
    /// HELP. Default: the list of commands.
    func help(_ argument: String?, in session: SessionInfo) async throws -> Answer
    /// NOOP. Default: 250.
    func noOperation(_ argument: String?, in session: SessionInfo) async throws -> Answer
    /// A verb of the application's own. Default: 500.
    func command(_ verb: Keyword, argument: String, in session: SessionInfo) async throws -> Answer
    /// Something happened; the default ignores it. Called at once, on the connection's thread.
    func observe(_ notice: Notice, in session: SessionInfo)
}

extension AsyncHandler {
    public func connected(in session: SessionInfo) async throws -> Answer { .accept }
    public func hello(
        _ hello: Hello, offering: [ServiceExtension], in session: SessionInfo
    ) async throws -> Answer { .accept }
    public func authenticationKey(
        for request: SASLKeyRequest, in session: SessionInfo
    ) async throws -> Answer { .nobodyKnown }
    public func authenticate(_ credentials: Credentials, in session: SessionInfo) async throws -> Answer {
        .nobodyKnown
    }
    public func mail(
        _ path: ReversePath, _ parameters: MailParameters, in session: SessionInfo
    ) async throws -> Answer { .accept }
    public func recipient(
        _ path: ForwardPath, _ parameters: RecipientParameters, in session: SessionInfo
    ) async throws -> Answer { .accept }
    public func data(in session: SessionInfo) async throws -> Answer { .accept }
    public func content(_ bytes: [UInt8], in session: SessionInfo) async throws -> Answer { .accept }
    public func message(_ envelope: Envelope, size: Int, in session: SessionInfo) async throws -> Answer {
        .accept
    }
    public func verify(_ argument: String, in session: SessionInfo) async throws -> Answer { .accept }
    public func expand(_ argument: String, in session: SessionInfo) async throws -> Answer { .accept }
    public func help(_ argument: String?, in session: SessionInfo) async throws -> Answer { .accept }
    public func noOperation(_ argument: String?, in session: SessionInfo) async throws -> Answer { .accept }
    public func command(_ verb: Keyword, argument: String, in session: SessionInfo) async throws -> Answer {
        .reply(Reply(500, EnhancedStatusCode(5, 5, 1), "Command not recognized"))
    }
    public func observe(_ notice: Notice, in session: SessionInfo) {}
}

/// Runs an `AsyncHandler` behind `Handler`: a task for each question, an answer that comes later.
public final class AsyncBridge<Inner: AsyncHandler>: Handler {
    private let inner: Inner
    private var task: Task<Void, Never>?

    /// One bridge for each session.
    public init(_ inner: Inner) { self.inner = inner }

    private func ask(
        _ context: Context, _ decide: @escaping @Sendable (Inner, SessionInfo) async throws -> Answer
    ) -> Decision {
        task?.cancel()
        let inner = inner
        task = Task {
            do {
                context.later.answer(try await decide(inner, context.session))
            } catch {
                context.later.fail(error)
            }
        }
        return .later
    }

    public func connected(in context: Context) -> Decision { ask(context) { try await $0.connected(in: $1) } }
    public func hello(_ hello: Hello, offering: [ServiceExtension], in context: Context) -> Decision {
        ask(context) { try await $0.hello(hello, offering: offering, in: $1) }
    }
    public func authenticationKey(for request: SASLKeyRequest, in context: Context) -> Decision {
        ask(context) { try await $0.authenticationKey(for: request, in: $1) }
    }
    public func authenticate(_ credentials: Credentials, in context: Context) -> Decision {
        ask(context) { try await $0.authenticate(credentials, in: $1) }
    }
    public func mail(_ path: ReversePath, _ parameters: MailParameters, in context: Context) -> Decision {
        ask(context) { try await $0.mail(path, parameters, in: $1) }
    }
    public func recipient(
        _ path: ForwardPath, _ parameters: RecipientParameters, in context: Context
    ) -> Decision {
        ask(context) { try await $0.recipient(path, parameters, in: $1) }
    }
    public func data(in context: Context) -> Decision { ask(context) { try await $0.data(in: $1) } }
    public func content(_ bytes: Span<UInt8>, in context: Context) -> Decision {
        let copy = bytes.copied
        return ask(context) { try await $0.content(copy, in: $1) }
    }
    public func message(_ envelope: Envelope, size: Int, in context: Context) -> Decision {
        ask(context) { try await $0.message(envelope, size: size, in: $1) }
    }
    public func verify(_ argument: String, in context: Context) -> Decision {
        ask(context) { try await $0.verify(argument, in: $1) }
    }
    public func expand(_ argument: String, in context: Context) -> Decision {
        ask(context) { try await $0.expand(argument, in: $1) }
    }
    public func help(_ argument: String?, in context: Context) -> Decision {
        ask(context) { try await $0.help(argument, in: $1) }
    }
    public func noOperation(_ argument: String?, in context: Context) -> Decision {
        ask(context) { try await $0.noOperation(argument, in: $1) }
    }
    public func command(_ verb: Keyword, argument: String, in context: Context) -> Decision {
        ask(context) { try await $0.command(verb, argument: argument, in: $1) }
    }
    public func observe(_ notice: Notice, in context: Context) {
        switch notice {
        case .answerTimedOut, .closed: task?.cancel()
        case .secured, .authenticated, .reset, .quit, .peerError: break
        }
        inner.observe(notice, in: context.session)
    }
}

extension Span<UInt8> {
    /// A copy that outlives the call.
    public var copied: [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            unsafe withUnsafeBufferPointer { unsafe _ = buffer.update(fromContentsOf: $0) }
            initialized = count
        }
    }
}
