public import SMTPSockets

/// What an adapter is: a loop that can carry connections. Adapters implement this and nothing else.
public protocol Runtime: AnyObject, Sendable {
    /// Accepts from `listener` for `service`. Before `run()`.
    func attach(_ listener: consuming ListeningSocket, to service: Service) throws(SocketError)
    /// Carries connections on the calling thread until `drain` has finished.
    func run()
    /// From any thread: stop accepting, shut sessions down, cut what is left after `grace`, then call `drained`.
    /// A second call only shortens the grace.
    func drain(grace: Duration, drained: @escaping @Sendable () -> Void)
}
