public import SMTPSockets

/// What an adapter is: a loop that can carry connections, for one controller at a time.
///
/// Adapters implement this and nothing else; `Tests/SMTPServerTests` is the contract in full.
public protocol Runtime: AnyObject, Sendable {
    /// Accepts from `listener` for `service`. Before `run`, or while nobody is in the loop, or on the loop's thread.
    func attach(_ listener: consuming ListeningSocket, to service: Service) throws(SocketError)
    /// Carries connections on the calling thread until `drain` has finished or `stop` is called.
    ///
    /// After `stop` it may be called again; who connected meanwhile waits in the kernel's queue. With nothing
    /// attached it returns at once.
    func run()
    /// From any thread: makes `run` return, the next one if nobody is in it. Listeners and connections stay.
    func stop()
    /// From any thread: accepts no more. Sessions go on, and the kernel's queue still takes clients.
    func pauseListening()
    /// From any thread: accepts again, first who has been waiting.
    func resumeListening()
    /// From any thread, but not from a handler: stop accepting, shut sessions down, cut what is left after `grace`,
    /// then call `drained` on the loop; inline, before returning, if nobody is in the loop.
    ///
    /// A second call while the first is at work only shortens the grace. Afterwards the runtime is as new.
    func drain(grace: Duration, drained: @escaping @Sendable () -> Void)
    /// False if somebody else runs the loop, a `uv_loop_t` or a `DispatchQueue` for instance: `run` is not for use.
    var ownsLoop: Bool { get }
}
