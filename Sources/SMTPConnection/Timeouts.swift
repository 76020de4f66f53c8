/// How long a connection waits, by what it waits for (RFC 5321 §4.5.3.2).
public struct Timeouts: Hashable, Sendable {
    /// For the whole PROXY header.
    @Nanoseconds public var proxyHeader: Duration = .seconds(5)
    /// For the whole TLS handshake.
    @Nanoseconds public var handshake: Duration = .seconds(30)
    /// For the next whole command; bytes of an unfinished one do not extend it.
    @Nanoseconds public var command: Duration = .seconds(300)
    /// For the client's part of an AUTH exchange, all of it.
    @Nanoseconds public var authentication: Duration = .seconds(60)
    /// Between two arrivals of content.
    @Nanoseconds public var content: Duration = .seconds(180)
    /// After this long, content must have come at `contentRate` on average.
    @Nanoseconds public var contentGrace: Duration = .seconds(60)
    /// Octets of content a second, once `contentGrace` has passed; 0 for no minimum.
    public var contentRate = 500
    /// For the application's answer; then the client gets 451.
    @Nanoseconds public var answer: Duration = .seconds(300)
    /// For the peer to take the whole of our reply.
    @Nanoseconds public var writing: Duration = .seconds(60)
    /// How long each error beyond the soft limit is left unanswered.
    @Nanoseconds public var errorDelay: Duration = .seconds(1)
    /// For the peer's end of stream after ours.
    @Nanoseconds public var linger: Duration = .seconds(5)
    /// For the session as a whole.
    @Nanoseconds public var session: Duration = .seconds(3600)

    /// The defaults.
    public init() {}

    /// Under attack: whoever does not hurry has to go.
    public static let stress: Self = {
        var timeouts = Self()
        timeouts.command = .seconds(10)
        timeouts.authentication = .seconds(10)
        timeouts.content = .seconds(10)
        timeouts.writing = .seconds(10)
        timeouts.linger = .seconds(1)
        timeouts.session = .seconds(600)
        return timeouts
    }()
}

/// A duration as the machine counts it: nanoseconds, so that no arithmetic on 128 bits is done for each deadline.
@propertyWrapper
public struct Nanoseconds: Hashable, Sendable {
    /// The count.
    public let projectedValue: Int64

    /// Clamped to what fits.
    public init(wrappedValue: Duration) { projectedValue = wrappedValue.nanoseconds }

    /// As a duration.
    public var wrappedValue: Duration {
        get { .nanoseconds(projectedValue) }
        set { self = Self(wrappedValue: newValue) }
    }
}
