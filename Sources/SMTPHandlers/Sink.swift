public import SMTPConnection

/// Accepts everything and keeps nothing.
public final class Sink: Handler {
    /// A sink for one connection.
    public init() {}
}
