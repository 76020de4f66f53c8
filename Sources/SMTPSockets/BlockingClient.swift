import Glibc
public import SMTPConnection
import Synchronization

/// A connection for tests, probes and tools: each call waits until it is done or the deadline passes.
///
/// One thread sends and one receives at most; `close()` is called when neither does.
public final class BlockingClient: Sendable {
    /// Where it is connected to.
    public let peer: Endpoint
    /// The address of this side.
    public let local: Endpoint
    private let current: Atomic<Int32>

    /// The socket; -1 after `close()` or `reset()`.
    public var descriptor: Int32 { current.load(ordering: .acquiring) }

    /// Connects to a numeric host or a Unix path; throws ETIMEDOUT if that takes longer than `timeout`.
    public init(connectingTo endpoint: Endpoint, timeout: Duration) throws(SocketError) {
        let address = try SocketAddress(endpoint, call: "connect")
        let descriptor = try Descriptor.open(address.family, for: endpoint)
        let deadline = MonotonicClock.now().advanced(by: timeout)
        let failure = Self.connect(descriptor, address, deadline)
        guard failure == 0 else {
            Descriptor.close(descriptor)
            throw SocketError(call: "connect", errno: failure, endpoint: endpoint)
        }
        if case .tcp = endpoint { Descriptor.setNoDelay(descriptor) }
        peer = endpoint
        local = Descriptor.localEndpoint(descriptor)
        current = Atomic(descriptor)
    }

    deinit { close() }

    /// Sends all of `octets`; throws ETIMEDOUT at the deadline.
    public func send(_ octets: Span<UInt8>, deadline: Instant) throws(SocketError) {
        var sent = 0
        while sent < octets.count {
            switch Descriptor.send(descriptor, octets.extracting(sent...)) {
            case .moved(let count): sent += count
            case .wouldBlock: try wait(for: .output, until: deadline, call: "send")
            case .failed(let errno): throw SocketError(call: "send", errno: errno, endpoint: peer)
            }
        }
    }

    /// Sends all of `octets`; throws ETIMEDOUT at the deadline.
    public func send(_ octets: [UInt8], deadline: Instant) throws(SocketError) {
        try send(octets.span, deadline: deadline)
    }

    /// What has come, at least one octet; empty when the peer has ended its side, nil at the deadline.
    public func receive(deadline: Instant, limit: Int = 65_536) throws(SocketError) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        while true {
            switch Descriptor.receive(descriptor, into: &buffer) {
            case .moved(let count): return Array(buffer[..<count])
            case .wouldBlock:
                guard !Descriptor.wait(descriptor, for: .input, until: deadline).isEmpty else { return nil }
            case .failed(let errno): throw SocketError(call: "receive", errno: errno, endpoint: peer)
            }
        }
    }

    /// Ends the sending side; receiving goes on.
    public func shutdownWriting() { Descriptor.shutdownWriting(descriptor) }

    /// Closes and drops what was not sent; a TCP peer sees a reset.
    public func reset() {
        let descriptor = current.exchange(-1, ordering: .acquiringAndReleasing)
        if descriptor >= 0 { Descriptor.reset(descriptor) }
    }

    /// Closes; once is enough.
    public func close() {
        let descriptor = current.exchange(-1, ordering: .acquiringAndReleasing)
        if descriptor >= 0 { Descriptor.close(descriptor) }
    }

    private func wait(
        for readiness: Descriptor.Readiness, until deadline: Instant, call: String
    ) throws(SocketError) {
        guard Descriptor.wait(descriptor, for: readiness, until: deadline).isEmpty else { return }
        throw SocketError(call: call, errno: ETIMEDOUT, endpoint: peer)
    }

    /// Zero, or the errno.
    private static func connect(_ descriptor: Int32, _ address: SocketAddress, _ deadline: Instant) -> Int32 {
        while true {
            if unsafe address.withPointer({ unsafe Glibc.connect(descriptor, $0, $1) }) == 0 { return 0 }
            switch errno {
            case EINPROGRESS, EINTR:
                // After EINTR too the connection goes on being made.
                let isReady = !Descriptor.wait(descriptor, for: .output, until: deadline).isEmpty
                return isReady ? pendingError(descriptor) : ETIMEDOUT
            case EAGAIN where address.family == AF_UNIX:
                // The listener's queue is full, and a Unix socket cannot be waited for until it is connected.
                guard MonotonicClock.now() < deadline else { return ETIMEDOUT }
                poll(nil, 0, 1)
            case let code: return code
            }
        }
    }

    private static func pendingError(_ descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno
    }
}
