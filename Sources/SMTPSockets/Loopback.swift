import Glibc
import SMTPConnection

/// The loopback address of this machine, where servers listen unless told otherwise.
public enum Loopback {
    /// `::1`, or `127.0.0.1` on a machine without it.
    ///
    /// `probe` gives the errno of opening and binding an IPv6 socket on `::1`, nil if that worked.
    public static func address(probe: () -> Int32? = { Loopback.ipv6Failure() }) throws(SocketError) -> String
    {
        switch probe() {
        case nil, EADDRINUSE: return "::1"
        case EADDRNOTAVAIL, EAFNOSUPPORT: return "127.0.0.1"
        case let errno?: throw SocketError(call: "bind", errno: errno, endpoint: .tcp(host: "::1", port: 0))
        }
    }

    /// The errno of opening an IPv6 socket and binding it to `::1` and a free port; nil if that works.
    public static func ipv6Failure() -> Int32? {
        let endpoint = Endpoint.tcp(host: "::1", port: 0)
        do throws(SocketError) {
            let address = try SocketAddress(endpoint, call: "bind")
            let descriptor = try Descriptor.open(address.family, for: endpoint)
            defer { Descriptor.close(descriptor) }
            try Descriptor.bind(descriptor, to: address, for: endpoint)
            return nil
        } catch {
            return error.errno
        }
    }
}
