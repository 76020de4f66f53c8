public import CLibUV
public import SMTPServer
import SMTPSockets

/// Carries connections on libuv.
public final class LibUVRuntime: ReadinessRuntime, @unchecked Sendable {
    /// On loops of its own, one for each processor unless told how many.
    public init(loops: Int? = nil) {
        super.init(loops: loops) { () throws(SocketError) in try LibUVLoop() }
    }

    /// On the caller's loop, which the caller runs, with `run` or by itself.
    ///
    /// As with everything of libuv, this is for the loop's thread, or for the one that would run it: `attach`, and a
    /// `drain` while nobody is in the loop. In the callback of a timer of the caller's, `drain` counts as such, and so
    /// may take as long as the grace.
    public init(on loop: UnsafeMutablePointer<uv_loop_t>) {
        super.init(onCallersLoop: { () throws(SocketError) in unsafe try LibUVLoop(on: loop) })
    }
}
