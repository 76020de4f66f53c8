public import SMTPConnection
public import SMTPSockets

/// A loop of a library or of the operating system that tells when descriptors are ready: what an adapter supplies.
///
/// Everything is called on the loop's thread, or while nobody is in the loop; only `wake` comes from any thread.
public protocol EventLoop: AnyObject {
    /// Whom to call; set once, before everything else. It outlives the loop.
    var client: ReadinessLoop? { get set }
    /// Watches a descriptor, at first for nothing. Nil if the system has no room for it.
    func watch(_ descriptor: Int32, for watched: any Watched) -> (any Watch)?
    /// Calls the client's `timePassed` once, at `instant` or soon after; replaces what was set before.
    func setTimer(_ instant: Instant)
    /// Calls the client's `woken` soon, on the loop's thread; several calls may count as one.
    func wake()
    /// Carries events on the calling thread until `halt`.
    func run()
    /// Makes `run` return. What is watched stays watched.
    func halt()
    /// Runs `body` on the calling thread while nobody acts on the loop.
    func whileNobodyActs(_ body: () -> Void)
    /// Asked of a caller's loop only: runs `body` on the calling thread if nobody is in the loop; else false.
    func takeOver(_ body: () -> Void) -> Bool
    /// Gives back what the loop holds. Nothing is watched any more, and nothing is called afterwards.
    func end()
}

/// The watch over one descriptor, made by an event loop.
public protocol Watch: AnyObject {
    /// From now on `becomeReady` is called while the descriptor is ready for one of these, and for nothing else.
    func want(_ readiness: Descriptor.Readiness)
    /// Ends the watch for good; `watchHasEnded` is called as soon as the descriptor may be closed, perhaps at once.
    func end()
}

/// What a watch reports to.
public protocol Watched: AnyObject {
    /// The descriptor is ready, or broken and thereby ready for everything.
    func becomeReady(_ readiness: Descriptor.Readiness)
    /// The descriptor may be closed.
    func watchHasEnded()
}
