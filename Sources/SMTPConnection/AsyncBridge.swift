public import SMTPProtocol

/// A handler whose decisions await. One question at a time per session, by construction.
public protocol AsyncHandler: Sendable {
    /// The whole of a session's policy; content arrives in `AsyncQuestion.content`.
    func respond(to question: AsyncQuestion, in session: SessionInfo) async throws -> Answer
    /// Something happened; the default ignores it. Called at once, also while a question is being answered.
    func observe(_ notice: Notice, in session: SessionInfo)
}

extension AsyncHandler {
    public func observe(_ notice: Notice, in session: SessionInfo) {}
}

/// A question that has been lifted out of the connection, so that it can be carried to another thread.
public enum AsyncQuestion: Sendable {
    /// Any question but content.
    case decide(Question)
    /// A run of content, copied.
    case content([UInt8])
}

/// Runs an `AsyncHandler` behind `Handler`: a task for each question, an answer that comes later.
public final class AsyncBridge<Inner: AsyncHandler>: Handler {
    private let inner: Inner

    /// One bridge for each session.
    public init(_ inner: Inner) { self.inner = inner }

    private func ask(_ question: AsyncQuestion, _ context: Context) -> Decision {
        let inner = inner
        Task {
            do {
                context.later.answer(try await inner.respond(to: question, in: context.session))
            } catch {
                context.later.fail(error)
            }
        }
        return .later
    }

    public func connected(in context: Context) -> Decision { ask(.decide(.connect), context) }
    public func hello(_ hello: Hello, offering: [ServiceExtension], in context: Context) -> Decision {
        ask(.decide(.hello(hello, offering: offering)), context)
    }
    public func mail(_ path: ReversePath, _ parameters: MailParameters, in context: Context) -> Decision {
        ask(.decide(.mail(path, parameters)), context)
    }
    public func recipient(_ path: ForwardPath, _ parameters: RecipientParameters, in context: Context)
        -> Decision
    {
        ask(.decide(.recipient(path, parameters)), context)
    }
    public func data(in context: Context) -> Decision { ask(.decide(.data), context) }
    public func content(_ bytes: Span<UInt8>, in context: Context) -> Decision {
        ask(.content(bytes.copied), context)
    }
    public func message(_ envelope: Envelope, size: Int, in context: Context) -> Decision {
        ask(.decide(.message(envelope, size: size)), context)
    }
    public func verify(_ argument: String, in context: Context) -> Decision {
        ask(.decide(.verify(argument)), context)
    }
    public func expand(_ argument: String, in context: Context) -> Decision {
        ask(.decide(.expand(argument)), context)
    }
    public func help(_ argument: String?, in context: Context) -> Decision {
        ask(.decide(.help(argument)), context)
    }
    public func noOperation(_ argument: String?, in context: Context) -> Decision {
        ask(.decide(.noOperation(argument)), context)
    }
    public func command(_ verb: Keyword, argument: String, in context: Context) -> Decision {
        ask(.decide(.command(verb, argument: argument)), context)
    }
    public func observe(_ notice: Notice, in context: Context) { inner.observe(notice, in: context.session) }
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
