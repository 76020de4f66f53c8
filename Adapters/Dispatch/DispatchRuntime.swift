public import Dispatch
public import SMTPServer
import SMTPSockets

/// Carries connections on Dispatch sources.
public final class DispatchRuntime: ReadinessRuntime, @unchecked Sendable {
    /// On serial queues of its own, one for each processor unless told how many.
    public init(loops: Int? = nil) {
        super.init(loops: loops) { () throws(SocketError) in DispatchLoop() }
    }

    /// On the caller's queue. While that is suspended nothing goes on, except that `drain` does what it can by itself.
    public init(on queue: DispatchQueue) {
        super.init(onCallersLoop: { () throws(SocketError) in DispatchLoop(on: queue) })
    }
}
