import CSystem
import Glibc
public import SMTPConnection

/// The calls that an adapter makes on sockets: thin, repeated when a signal interrupts them, never raising
/// SIGPIPE.
public enum Descriptor {
    /// What one call to receive or send came to.
    public enum Outcome: Hashable, Sendable {
        /// So many octets were moved; none received means that the peer has ended its side.
        case moved(Int)
        /// Nothing can be moved now.
        case wouldBlock
        /// The connection is broken.
        case failed(errno: Int32)
    }

    /// What a socket can be waited for.
    public struct Readiness: OptionSet, Hashable, Sendable {
        /// The bits.
        public let rawValue: UInt8
        /// From its bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Receiving or accepting will not block; it may fail.
        public static let input = Readiness(rawValue: 1)
        /// Sending will not block; it may fail.
        public static let output = Readiness(rawValue: 2)
        /// The other descriptor that was waited for, a `WakeUp` for example, is readable.
        public static let wake = Readiness(rawValue: 4)
    }

    /// Receives what there is, up to the size of `buffer`. A socket that blocks may wait for it, up to its receive
    /// timeout.
    public static func receive(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, mayWait: Bool = false
    ) -> Outcome {
        let flags = mayWait ? 0 : Int32(MSG_DONTWAIT)
        return outcome { unsafe recv(descriptor, buffer.baseAddress, buffer.count, flags) }
    }

    /// Receives what there is, up to the count of `buffer`, which stays as long as it is.
    public static func receive(_ descriptor: Int32, into buffer: inout [UInt8]) -> Outcome {
        unsafe buffer.withUnsafeMutableBytes { unsafe receive(descriptor, into: $0) }
    }

    /// Sends as much as the operating system takes now.
    public static func send(_ descriptor: Int32, _ octets: Span<UInt8>) -> Outcome {
        unsafe octets.withUnsafeBytes { buffer in
            let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
            return outcome { unsafe Glibc.send(descriptor, buffer.baseAddress, buffer.count, flags) }
        }
    }

    private static func outcome(_ call: () -> Int) -> Outcome {
        while true {
            let count = call()
            if count >= 0 { return .moved(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            case let code: return .failed(errno: code)
            }
        }
    }

    /// Waits until the socket is ready for part of `readiness`, or `wake` is readable; empty at the deadline.
    ///
    /// A broken socket is ready for all that was asked, so that the next call finds out.
    public static func wait(
        _ descriptor: Int32, for readiness: Readiness, until deadline: Instant?, wake: Int32 = -1
    ) -> Readiness {
        var asked: Int16 = 0
        if readiness.contains(.input) { asked |= Int16(POLLIN) }
        if readiness.contains(.output) { asked |= Int16(POLLOUT) }
        while true {
            // A negative descriptor is skipped: with nothing asked, a hang-up would end the wait at once.
            var entries = (
                pollfd(fd: asked == 0 ? -1 : descriptor, events: asked, revents: 0),
                pollfd(fd: wake, events: Int16(POLLIN), revents: 0)
            )
            let count = unsafe withUnsafeMutablePointer(to: &entries) {
                unsafe $0.withMemoryRebound(to: pollfd.self, capacity: 2) {
                    unsafe poll($0, 2, milliseconds(until: deadline))
                }
            }
            if count > 0 {
                return ready(entries.0.revents, readiness).union(entries.1.revents != 0 ? .wake : [])
            }
            if count < 0, errno != EINTR, errno != EAGAIN { return readiness }
            if let deadline, MonotonicClock.now() >= deadline { return [] }
        }
    }

    private static func ready(_ events: Int16, _ asked: Readiness) -> Readiness {
        if events & Int16(POLLERR | POLLNVAL) != 0 { return asked.intersection([.input, .output]) }
        var ready: Readiness = []
        if events & Int16(POLLIN | POLLHUP) != 0 { ready.insert(.input) }
        if events & Int16(POLLOUT | POLLHUP) != 0 { ready.insert(.output) }
        return ready.intersection(asked)
    }

    /// What poll(2) takes: rounded up, so that the deadline has passed when it returns; -1 for ever.
    private static func milliseconds(until deadline: Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let left = MonotonicClock.now().duration(to: deadline).nanoseconds
        guard left > 0 else { return 0 }
        return Int32(clamping: (left - 1) / 1_000_000 + 1)
    }

    /// Ends the sending side; the peer sees the end after all that was sent.
    public static func shutdownWriting(_ descriptor: Int32) { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends both sides without giving the descriptor back: a thread that waits for the socket wakes up.
    public static func shutdownBoth(_ descriptor: Int32) { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Sends small segments at once; without effect on Unix sockets.
    public static func setNoDelay(_ descriptor: Int32) {
        setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    /// How long `receive` may wait on a socket that blocks.
    public static func setReceiveTimeout(_ descriptor: Int32, _ timeout: Duration) {
        let (seconds, attoseconds) = timeout.components
        var value = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &value, size)
    }

    /// Whether the peer has reset the connection.
    public static func isBroken(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: 0, revents: 0)
        return unsafe poll(&entry, 1, 0) > 0 && entry.revents & Int16(POLLERR) != 0
    }

    /// A second descriptor of the same socket, close-on-exec, for an owner that closes its own.
    public static func duplicate(_ descriptor: Int32) throws(SocketError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw SocketError(call: "fcntl", errno: errno) }
        return copy
    }

    /// Gives the descriptor back.
    public static func close(_ descriptor: Int32) {
        // Never repeated: after EINTR the descriptor is gone and may already be another thread's.
        _ = Glibc.close(descriptor)
    }

    /// Gives the descriptor back and drops what was not sent; a TCP peer sees a reset.
    public static func reset(_ descriptor: Int32) {
        var value = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
    }

    /// Whether it is a socket that listens.
    public static func isListening(_ descriptor: Int32) -> Bool {
        option(descriptor, SOL_SOCKET, SO_ACCEPTCONN).map { $0 != 0 } ?? false
    }

    /// The address of this side of the socket.
    public static func localEndpoint(_ descriptor: Int32) -> Endpoint {
        unsafe SocketAddress { unsafe getsockname(descriptor, $0, $1) }?.endpoint ?? .unknown
    }

    /// The address of the other side of the socket.
    public static func peerEndpoint(_ descriptor: Int32) -> Endpoint {
        unsafe SocketAddress { unsafe getpeername(descriptor, $0, $1) }?.endpoint ?? .unknown
    }
}

extension Descriptor {
    /// A non-blocking, close-on-exec stream socket; errors are told about `endpoint`.
    static func open(_ family: Int32, for endpoint: Endpoint) throws(SocketError) -> Int32 {
        let descriptor = smtp_stream_socket(family)
        guard descriptor >= 0 else {
            throw SocketError(call: "open a socket", errno: errno, endpoint: endpoint)
        }
        return descriptor
    }

    /// Binds the socket; errors are told about `endpoint`.
    static func bind(_ descriptor: Int32, to address: SocketAddress, for endpoint: Endpoint)
        throws(SocketError)
    {
        let result = unsafe address.withPointer { unsafe Glibc.bind(descriptor, $0, $1) }
        guard result == 0 else { throw SocketError(call: "bind", errno: errno, endpoint: endpoint) }
    }

    /// The value of a socket's option; nil, with errno, if it cannot be had.
    static func option(_ descriptor: Int32, _ level: Int32, _ name: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, level, name, &value, &length) == 0 ? value : nil
    }

    @discardableResult
    static func setOption(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) -> Bool {
        var value = value
        return unsafe setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }
}
