/// How long a connection waits, by what it waits for (RFC 5321 §4.5.3.2).
public struct Timeouts: Hashable, Sendable {
    /// For the whole PROXY header.
    public var proxyHeader: Duration = .seconds(5)
    /// For the whole TLS handshake.
    public var handshake: Duration = .seconds(30)
    /// For the next whole command; bytes of an unfinished one do not extend it.
    public var command: Duration = .seconds(300)
    /// Between two arrivals of content.
    public var content: Duration = .seconds(180)
    /// After this long, content must have come at `contentRate` on average.
    public var contentGrace: Duration = .seconds(60)
    /// Octets of content a second, once `contentGrace` has passed; 0 for no minimum.
    public var contentRate = 500
    /// For the application's answer; then the client gets 451.
    public var answer: Duration = .seconds(300)
    /// For the peer to take the whole of our reply.
    public var writing: Duration = .seconds(60)
    /// How long each error beyond the soft limit is left unanswered.
    public var errorDelay: Duration = .seconds(1)
    /// For the peer's end of stream after ours.
    public var linger: Duration = .seconds(5)
    /// For the session as a whole.
    public var session: Duration = .seconds(3600)

    /// The defaults.
    public init() {}

    /// Under attack: whoever does not hurry has to go.
    public static let stress: Self = {
        var timeouts = Self()
        timeouts.command = .seconds(10)
        timeouts.content = .seconds(10)
        timeouts.writing = .seconds(10)
        timeouts.linger = .seconds(1)
        timeouts.session = .seconds(600)
        return timeouts
    }()
}
