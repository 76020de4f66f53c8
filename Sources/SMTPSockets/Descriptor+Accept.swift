import CSystem
import Glibc
public import SMTPConnection

extension Descriptor {
    /// What asking a listening socket for a connection came to.
    public enum Acceptance: Hashable, Sendable {
        /// A connection, close-on-exec, and without Nagle's delay if the listening socket is; its owner is the
        /// caller.
        case accepted(descriptor: Int32, peer: Endpoint)
        /// No connection waits.
        case wouldBlock
        /// No descriptor or no memory is left, and the connection still waits: the listening socket stays
        /// ready.
        case exhausted(errno: Int32)
        /// The listening socket is of no use any more.
        case failed(errno: Int32)
    }

    /// Takes one connection; the descriptor is non-blocking only if asked for, whatever the listening socket
    /// is.
    public static func accept(_ listener: Int32, nonBlocking: Bool = false) -> Acceptance {
        while true {
            var descriptor: Int32 = -1
            let address = unsafe SocketAddress { address, length in
                let accept = unsafe nonBlocking ? smtp_accept_nonblocking : smtp_accept_cloexec
                descriptor = unsafe accept(listener, address, length)
                return descriptor
            }
            guard let address else {
                switch errno {
                // Linux hands on what befell a connection while it waited: the next one may be well.
                case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENETUNREACH, ENOPROTOOPT, EHOSTDOWN, EHOSTUNREACH,
                    ENONET, EPERM:
                    continue
                case EAGAIN: return .wouldBlock
                case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted(errno: errno)
                default: return .failed(errno: errno)
                }
            }
            return .accepted(descriptor: descriptor, peer: address.endpoint)
        }
    }
}

/// A descriptor kept back for the day when there are no others, so that a peer can still be turned away.
///
/// Without it a level-triggered loop spins: the connection that cannot be accepted keeps the listener ready.
public final class DescriptorReserve {
    private var spare: Int32

    /// Takes the descriptor.
    public init() { spare = Self.take() }

    deinit { if spare >= 0 { Descriptor.close(spare) } }

    /// Accepts and closes one connection at the cost of the kept descriptor, and takes a new one.
    ///
    /// False if that did not work either: leave the listener alone for a while.
    public func turnAway(from listener: Int32) -> Bool {
        if spare >= 0 { Descriptor.close(spare) }
        defer { spare = Self.take() }
        switch Descriptor.accept(listener, nonBlocking: true) {
        case .accepted(let descriptor, _):
            Descriptor.close(descriptor)
            return true
        case .wouldBlock: return true
        case .exhausted, .failed: return false
        }
    }

    private static func take() -> Int32 { unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) }
}

/// Wakes a thread that waits for descriptors: give `descriptor` to `Descriptor.wait` as `wake`.
public final class WakeUp: Sendable {
    /// Readable from `wake()` to `clear()`.
    public let descriptor: Int32

    /// Not woken.
    public init() throws(SocketError) {
        descriptor = smtp_eventfd()
        guard descriptor >= 0 else { throw SocketError(call: "eventfd", errno: errno) }
    }

    deinit { if descriptor >= 0 { Descriptor.close(descriptor) } }

    /// From any thread; several calls before `clear()` count as one.
    public func wake() {
        var one: UInt64 = 1
        while unsafe write(descriptor, &one, 8) < 0, errno == EINTR {}
    }

    /// Makes the descriptor wait for the next `wake()`.
    public func clear() {
        var count: UInt64 = 0
        while unsafe read(descriptor, &count, 8) < 0, errno == EINTR {}
    }
}
