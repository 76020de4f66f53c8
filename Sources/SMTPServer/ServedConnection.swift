public import SMTPConnection
public import SMTPProtocol

/// A `ServerConnection` with its handler attached: the only thing an adapter holds for each socket.
///
/// Questions never reach the adapter; it moves bytes, time and late answers. Not thread-safe: one thread at a time,
/// and not from within a handler. After each input call `next` until it returns `.wait` or `.close`.
public final class ServedConnection {
    private var attendance: Attendance

    /// A connection just accepted. `clock` is read when a handler has answered at once, so that the time it took is
    /// not the client's; without it, handlers take no time. `post` must bring a late answer to `receive(_:at:)` on the connection's own
    /// thread. Throws what `makeHandler` threw, already reported: close the socket.
    public init(
        _ service: Service, peer: Endpoint, local: Endpoint, at now: Instant,
        clock: (@Sendable () -> Instant)? = nil,
        post: @escaping @Sendable (LateAnswer) -> Void
    ) throws {
        attendance = try Attendance(service, peer: peer, local: local, at: now, clock: clock, post: post)
    }

    /// Numbers this connection in logs.
    public var id: ConnectionID { attendance.id }

    // MARK: Inputs

    /// Bytes arrived. All of it is taken: what may not be read yet is kept.
    public func receive(_ bytes: Span<UInt8>, at now: Instant) { attendance.receive(bytes, at: now) }

    /// A late answer arrived. One that comes too late is dropped.
    public func receive(_ answer: LateAnswer, at now: Instant) { attendance.receive(answer, at: now) }

    /// The peer closed its sending side.
    public func receiveEnd(at now: Instant) { attendance.receiveEnd(at: now) }

    /// So many octets of the output have been handed to the operating system.
    public func sent(_ count: Int, at now: Instant) { attendance.sent(count, at: now) }

    /// Lets time pass.
    public func advance(to now: Instant) { attendance.advance(to: now) }

    /// Ends politely: `421` at the next command boundary.
    public func shutDown(at now: Instant) { attendance.shutDown(at: now) }

    /// The transport failed, or is being cut.
    public func fail(at now: Instant) { attendance.fail(at: now) }

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
    public func next() -> Transfer { attendance.next() }

    /// The octets that are still to be sent, in order.
    public func withOutput<Result>(_ body: (Span<UInt8>) -> Result) -> Result { attendance.withOutput(body) }

    /// The deadline that falls next, and why.
    public var nextDeadline: (deadline: Deadline, instant: Instant)? { attendance.nextDeadline }
}
