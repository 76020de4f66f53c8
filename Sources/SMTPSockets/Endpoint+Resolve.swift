import CSystem
import Glibc
public import SMTPConnection

/// An address that cannot be turned into numeric ones, and why.
public enum ResolveError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The host has no address; `code` is the resolver's `EAI_` number, `errno` the system's if that is its
    /// reason.
    case hostUnresolved(host: String, code: Int32, errno: Int32)
    /// The machine has neither IPv4 nor IPv6.
    case noAddressFamily
    /// The path of a Unix socket has more octets than the operating system takes.
    case pathTooLong(path: String, limit: Int)
    /// The path of a Unix socket is empty or holds a NUL.
    case badPath(String)
    /// `Endpoint.unknown` is no place to listen or to connect to.
    case unknownEndpoint

    /// Names the address, the reason and the remedy.
    public var description: String {
        switch self {
        case .hostUnresolved(let host, let code, let errno):
            "cannot resolve host '\(host)': \(Self.reason(code, errno)) "
                + (code == EAI_AGAIN
                    ? "(no name server answered: try again, or give the address in numbers)"
                    : "(check the spelling, or give the address in numbers)")
        case .noAddressFamily: "this machine has neither IPv4 nor IPv6 (listen on unix:PATH instead)"
        case .pathTooLong(let path, let limit):
            "the socket path '\(path)' has \(path.utf8.count) octets, the system takes \(limit) (choose a shorter path)"
        case .badPath(let path): "'\(path)' is no socket path (the path must be neither empty nor hold a NUL)"
        case .unknownEndpoint: "the address is not known (name a host and port or a path)"
        }
    }

    private static func reason(_ code: Int32, _ errno: Int32) -> String {
        guard code != EAI_SYSTEM else { return errorText(errno) }
        return unsafe gai_strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }
}

/// Which kinds of address this machine has.
package struct AddressFamilies: Hashable, Sendable {
    package let hasIPv4: Bool
    package let hasIPv6: Bool
    package let hasIPv6Loopback: Bool

    package init(hasIPv4: Bool, hasIPv6: Bool, hasIPv6Loopback: Bool) {
        self.hasIPv4 = hasIPv4
        self.hasIPv6 = hasIPv6
        self.hasIPv6Loopback = hasIPv6Loopback
    }

    /// Asks the operating system by opening sockets.
    package static func ofThisMachine() -> AddressFamilies {
        AddressFamilies(
            hasIPv4: opens(AF_INET), hasIPv6: opens(AF_INET6), hasIPv6Loopback: Loopback.ipv6Failure() == nil)
    }

    private static func opens(_ family: Int32) -> Bool {
        let descriptor = smtp_stream_socket(family)
        guard descriptor >= 0 else { return false }
        Descriptor.close(descriptor)
        return true
    }
}

extension Endpoint {
    /// The numeric addresses that it means, in the order to try them.
    ///
    /// An empty host means `::` and `0.0.0.0`, `localhost` means `::1` and `127.0.0.1` (RFC 6761 §6.3),
    /// both only as far as the machine has them. Other names go to the system's resolver, which may block.
    public func resolved() throws(ResolveError) -> [Endpoint] {
        try resolved(on: AddressFamilies.ofThisMachine)
    }

    package func resolved(on families: () -> AddressFamilies) throws(ResolveError) -> [Endpoint] {
        switch self {
        case .tcp(let host, let port):
            if let numeric = NumericHost(host) { return [.tcp(host: numeric.text, port: port)] }
            let hosts = try Self.hosts(of: host, families())
            return hosts.map { .tcp(host: $0, port: port) }
        case .unix(let path):
            guard path.utf8.count <= SocketAddress.longestPath else {
                throw .pathTooLong(path: path, limit: SocketAddress.longestPath)
            }
            guard !path.isEmpty, !path.utf8.contains(0) else { throw .badPath(path) }
            return [self]
        case .unknown: throw .unknownEndpoint
        }
    }

    private static func hosts(of name: String, _ families: AddressFamilies) throws(ResolveError) -> [String] {
        let fixed: [String]
        if name.isEmpty {
            fixed = (families.hasIPv6 ? ["::"] : []) + (families.hasIPv4 ? ["0.0.0.0"] : [])
        } else if isLocalhost(name) {
            fixed = (families.hasIPv6Loopback ? ["::1"] : []) + (families.hasIPv4 ? ["127.0.0.1"] : [])
        } else {
            let found = try lookUp(name)
            let usable = found.filter { ($0.isIPv6 && families.hasIPv6) || (!$0.isIPv6 && families.hasIPv4) }
            return (usable.isEmpty ? found : usable).map(\.text)
        }
        guard !fixed.isEmpty else { throw .noAddressFamily }
        return fixed
    }

    private static func isLocalhost(_ name: String) -> Bool {
        name.utf8.elementsEqual("localhost".utf8) { $0 == $1 || ($0 < 0x80 && $0 | 0x20 == $1) }
    }

    private static func lookUp(_ name: String) throws(ResolveError) -> [NumericHost] {
        guard !name.utf8.contains(0) else { throw .hostUnresolved(host: name, code: EAI_NONAME, errno: 0) }
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else { throw .hostUnresolved(host: name, code: code, errno: errno) }
        defer { unsafe freeaddrinfo(list) }
        var found: [NumericHost] = []
        var next = unsafe list
        while let entry = unsafe next {
            let address = unsafe SocketAddress(copying: entry.pointee.ai_addr, entry.pointee.ai_addrlen)
            if let host = address?.numericHost, !found.contains(host) { found.append(host) }
            unsafe next = entry.pointee.ai_next
        }
        guard !found.isEmpty else { throw .hostUnresolved(host: name, code: EAI_NONAME, errno: 0) }
        return found
    }
}
