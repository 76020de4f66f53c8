public import SMTPConnection
public import SMTPProtocol
import Synchronization

/// A `ServerConnection` with its handler attached: the only thing an adapter holds for each socket.
///
/// Questions never reach the adapter; it moves bytes, time and late answers. Not thread-safe: one thread at a time,
/// and not from within a handler. After each input call `next` until it returns `.wait` or `.close`.
@safe public final class ServedConnection {
    // Behind a pointer, because a variable of a class is guarded anew at each access, which costs more than what is
    // done here for a command. `enter` is the guard: it lets nobody in who is in already.
    private let attendance: UnsafeMutablePointer<Attendance>
    private let isBusy = Atomic(false)

    /// A connection just accepted. `clock` is read when a handler has answered at once, so that the time it took is
    /// not the client's; without it, handlers take no time. `post` must bring a late answer to `receive(_:at:)` on the connection's own
    /// thread. Throws what `makeHandler` threw, already reported: close the socket.
    public init(
        _ service: Service, peer: Endpoint, local: Endpoint, at now: Instant,
        clock: (@Sendable () -> Instant)? = nil,
        post: @escaping @Sendable (LateAnswer) -> Void
    ) throws {
        let made = try Attendance(service, peer: peer, local: local, at: now, clock: clock, post: post)
        unsafe attendance = .allocate(capacity: 1)
        unsafe attendance.initialize(to: made)
    }

    deinit {
        unsafe attendance.deinitialize(count: 1)
        unsafe attendance.deallocate()
    }

    /// The one access to what is behind the pointer. A call from within a handler traps.
    @inline(__always)
    private func enter<Result>(_ body: (inout Attendance) -> Result) -> Result {
        precondition(!isBusy.load(ordering: .relaxed), "a connection is not called from within its handler")
        isBusy.store(true, ordering: .relaxed)
        defer { isBusy.store(false, ordering: .relaxed) }
        return unsafe body(&attendance.pointee)
    }

    /// Numbers this connection in logs.
    public var id: ConnectionID { enter { $0.id } }

    // MARK: Inputs

    /// Bytes arrived. All of it is taken: what may not be read yet is kept.
    public func receive(_ bytes: Span<UInt8>, at now: Instant) { enter { $0.receive(bytes, at: now) } }

    /// A late answer arrived. One that comes too late is dropped.
    public func receive(_ answer: LateAnswer, at now: Instant) { enter { $0.receive(answer, at: now) } }

    /// The peer closed its sending side.
    public func receiveEnd(at now: Instant) { enter { $0.receiveEnd(at: now) } }

    /// So many octets of the output have been handed to the operating system.
    public func sent(_ count: Int, at now: Instant) { enter { $0.sent(count, at: now) } }

    /// Lets time pass.
    public func advance(to now: Instant) { enter { $0.advance(to: now) } }

    /// Ends politely: `421` at the next command boundary.
    public func shutDown(at now: Instant) { enter { $0.shutDown(at: now) } }

    /// The transport failed, or is being cut.
    public func fail(at now: Instant) { enter { $0.fail(at: now) } }

    // MARK: Steps

    /// What an adapter can do.
    public enum Transfer: Hashable, Sendable {
        /// Write what `withOutput` gives, say how much with `sent`, and go on.
        case send
        /// Shut down the sending side, and go on.
        case finishSending
        /// Close the socket. Nothing follows.
        case close
        /// Wait until then, or for input if `input`, or for the transport to take more if `output`.
        case wait(until: Instant?, input: Bool, output: Bool)
    }

    /// The next thing to do, once handlers that answer now have answered.
    public func next() -> Transfer { enter { $0.next() } }

    /// The octets that are still to be sent, in order.
    public func withOutput<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        enter { $0.withOutput(body) }
    }

    /// The deadline that falls next, and why.
    public var nextDeadline: (deadline: Deadline, instant: Instant)? { enter { $0.nextDeadline } }
}
