public import SMTPServer
import SMTPSockets

/// Carries connections on libuv.
public final class LibUVRuntime: ReadinessRuntime, @unchecked Sendable {
    /// On loops of its own, one for each processor unless told how many.
    public init(loops: Int? = nil) {
        super.init(loops: loops) { () throws(SocketError) in try LibUVLoop() }
    }
}
