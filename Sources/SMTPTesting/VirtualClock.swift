public import SMTPConnection

/// A clock that moves only when it is told to.
public struct VirtualClock: Sendable {
    /// The time it shows.
    public private(set) var now: Instant

    /// Shows `start`; zero is as good as any other origin.
    public init(at start: Instant = Instant(nanoseconds: 0)) { now = start }

    /// Moves on; a negative duration moves nothing.
    public mutating func advance(by duration: Duration) { advance(to: now.advanced(by: duration)) }

    /// Moves on to `instant`; an earlier one moves nothing.
    public mutating func advance(to instant: Instant) { now = max(now, instant) }
}
