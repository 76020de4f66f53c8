import CSystem
import Glibc
public import SMTPConnection
import Synchronization

/// A socket that listens on one address; the only place where an address is bound.
///
/// It never shares an address (no SO_REUSEPORT): a second server on the same address fails to bind.
public final class ListeningSocket: Sendable {
    /// Where it listens: numeric, with the port that the system chose if 0 was asked for.
    public let endpoint: Endpoint
    private let file: UnixSocketFile?
    private let current: Atomic<Int32>
    private let isInherited: Bool

    /// Non-blocking and close-on-exec; -1 after `close()`.
    public var descriptor: Int32 { current.load(ordering: .acquiring) }

    /// Binds and listens on a numeric host or a Unix path; names must be `resolved()` first.
    ///
    /// A Unix socket file that nobody listens on is replaced. The file is removed at `close()` unless
    /// `keepsFile`;
    /// its permissions are those that the umask leaves.
    public init(_ endpoint: Endpoint, backlog: Int32 = 1024, keepsFile: Bool = false) throws(SocketError) {
        let address = try SocketAddress(endpoint, call: "bind")
        let descriptor = try Descriptor.open(address.family, for: endpoint)
        do throws(SocketError) {
            if case .unix(let path) = endpoint {
                let made = try UnixSocketFile.listen(descriptor, at: path, address, backlog: backlog)
                file = keepsFile ? nil : made
                self.endpoint = endpoint
            } else {
                try Self.listen(descriptor, address, backlog, for: endpoint)
                file = nil
                self.endpoint = Descriptor.localEndpoint(descriptor)
            }
            current = Atomic(descriptor)
            isInherited = false
        } catch {
            Descriptor.close(descriptor)
            throw error
        }
    }

    /// Takes a socket that listens already, passed on by whoever started this process. A copy: the original stays with
    /// the caller, so that clients queue up while nobody serves. No file is removed.
    public init(inheriting original: Int32) throws(SocketError) {
        let call = "take over descriptor \(original)"
        guard let kind = Descriptor.option(original, SOL_SOCKET, SO_TYPE),
            let listens = Descriptor.option(original, SOL_SOCKET, SO_ACCEPTCONN)
        else { throw SocketError(call: call, errno: errno) }
        let endpoint = Descriptor.localEndpoint(original)
        guard kind == Int32(SOCK_STREAM.rawValue), listens != 0, endpoint != .unknown else {
            throw SocketError(call: call, errno: EINVAL)
        }
        let copy = try Descriptor.duplicate(original)
        _ = fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) | O_NONBLOCK)
        Descriptor.setNoDelay(copy)
        self.endpoint = endpoint
        file = nil
        current = Atomic(copy)
        isInherited = true
    }

    deinit { close() }

    /// Stops listening and removes the Unix socket file if it is still the one that was made; once is enough.
    public func close() {
        let descriptor = current.exchange(-1, ordering: .acquiringAndReleasing)
        guard descriptor >= 0 else { return }
        // While the socket is open nobody takes the file for a stale one, and its inode number is not used
        // again.
        file?.remove()
        Descriptor.close(descriptor)
    }

    /// Refuses clients from now on, where `close()` may have to wait; with an inherited socket they queue up as ever.
    package func refuse() {
        guard descriptor >= 0, !isInherited else { return }
        file?.remove()
        if case .unix = endpoint {
            // Nobody new finds the way here; who waits would wait until the descriptor is closed.
            while case .accepted(let client, _) = Descriptor.accept(descriptor, nonBlocking: true) {
                Descriptor.close(client)
            }
        }
        Descriptor.shutdownBoth(descriptor)
    }

    private static func listen(
        _ descriptor: Int32, _ address: SocketAddress, _ backlog: Int32, for endpoint: Endpoint
    ) throws(SocketError) {
        Descriptor.setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        // What is accepted inherits it.
        Descriptor.setNoDelay(descriptor)
        if address.family == AF_INET6 {
            Descriptor.setOption(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1)
        }
        try Descriptor.bind(descriptor, to: address, for: endpoint)
        guard Glibc.listen(descriptor, backlog) == 0 else {
            throw SocketError(call: "listen", errno: errno, endpoint: endpoint)
        }
    }
}
