import Glibc
import SMTPConnection
import SMTPHandlers
import SMTPProtocol
import SMTPServer
import SMTPSockets

/// Makes the handlers, once it is known that what they need is there.
final class Delivery: @unchecked Sendable {
    private let lock = PosixLock()
    private var make: Result<@Sendable () -> any Handler, any Error>

    /// No handler can be made yet.
    init() { make = .failure(Failure("not ready")) }

    /// From here on handlers are made by what `prepare` gives. What it throws, `makeHandler` throws.
    func prepare(_ prepare: () throws -> @Sendable () -> any Handler) {
        let result = Result(catching: prepare)
        lock.withLock { make = result }
    }

    /// A handler for one connection.
    func makeHandler() throws -> any Handler { try lock.withLock { make }.get()() }
}

/// A runtime that does something once all addresses are bound, and before the first connection is accepted.
final class PreparedRuntime: Runtime {
    private let inner: any Runtime
    private let prepare: @Sendable () -> Void

    /// `prepare` is called by the thread that carries the loop.
    init(_ inner: any Runtime, prepare: @escaping @Sendable () -> Void) {
        self.inner = inner
        self.prepare = prepare
    }

    func attach(_ listener: consuming ListeningSocket, to service: Service) throws(SocketError) {
        try inner.attach(listener, to: service)
    }

    func run() {
        prepare()
        inner.run()
    }

    var ownsLoop: Bool { inner.ownsLoop }
    func stop() { inner.stop() }
    func pauseListening() { inner.pauseListening() }
    func resumeListening() { inner.resumeListening() }

    func drain(grace: Duration, drained: @escaping @Sendable () -> Void) {
        inner.drain(grace: grace, drained: drained)
    }
}

/// Shows each message, after storing it if there is a store. What is not stored is not shown.
final class Printing: Handler {
    private let store: (any Handler)?
    private let printer: Printer
    private let output: StandardOutput

    /// `store` must answer at once.
    init(to output: StandardOutput, sizeLimit: Int, storing store: (any Handler)? = nil) {
        self.store = store
        self.output = output
        printer = Printer(sizeLimit: sizeLimit) { output.write($0) }
    }

    func data(in context: Context) throws -> Decision {
        let decision = try printer.data(in: context)
        return try store?.data(in: context) ?? decision
    }

    func content(_ bytes: Span<UInt8>, in context: Context) throws -> Decision {
        let decision = try printer.content(bytes, in: context)
        return try store?.content(bytes, in: context) ?? decision
    }

    func message(_ envelope: Envelope, size: Int, in context: Context) throws -> Decision {
        if let store {
            let decision = try store.message(envelope, size: size, in: context)
            if case .now(.accept) = decision { _ = try printer.message(envelope, size: size, in: context) }
            return decision
        }
        let decision = try printer.message(envelope, size: size, in: context)
        return output.isGone ? Self.notPrinted : decision
    }

    func observe(_ notice: Notice, in context: Context) {
        store?.observe(notice, in: context)
        printer.observe(notice, in: context)
    }

    private static let notPrinted = Decision.reply(
        451, EnhancedStatusCode(4, 3, 0), "Message could not be printed; try again later")
}

/// Standard output, a whole message at a time.
final class StandardOutput: @unchecked Sendable {
    private let lock = PosixLock()
    private var hasFailed = false

    /// Whether nobody reads any more.
    var isGone: Bool { lock.withLock { hasFailed } }

    /// Writes `text`. When nobody reads any more there is no point in going on: the server is told to end.
    func write(_ text: [UInt8]) {
        lock.withLock {
            guard !hasFailed, !writeAll(text, to: STDOUT_FILENO) else { return }
            hasFailed = true
            Signals.requestEnd()
        }
    }
}
