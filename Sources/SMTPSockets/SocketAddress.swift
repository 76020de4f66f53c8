import Glibc
import SMTPConnection

/// A socket address in the operating system's form.
struct SocketAddress {
    /// The longest path of a Unix socket: what `sun_path` holds beside its NUL.
    static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    private var storage = sockaddr_storage()
    private var length: socklen_t = 0

    /// The address family, `AF_INET` and so on.
    var family: Int32 { Int32(storage.ss_family) }

    /// A numeric host and port, or a path; throws `EINVAL` or `ENAMETOOLONG` as the errno of `call`.
    init(_ endpoint: Endpoint, call: String) throws(SocketError) {
        switch endpoint {
        case .tcp(let host, let port):
            guard let address = NumericHost(host) else {
                throw SocketError(call: call, errno: EINVAL, endpoint: endpoint)
            }
            self.init(address, port: port)
        case .unix(let path):
            let octets = Array(path.utf8)
            guard octets.count <= Self.longestPath else {
                throw SocketError(call: call, errno: ENAMETOOLONG, endpoint: endpoint)
            }
            guard !octets.isEmpty, !octets.contains(0) else {
                throw SocketError(call: call, errno: EINVAL, endpoint: endpoint)
            }
            self.init(path: octets)
        case .unknown: throw SocketError(call: call, errno: EINVAL, endpoint: endpoint)
        }
    }

    /// A path, or `@` and a name in Linux's abstract namespace.
    init(notifying address: String) throws(SocketError) {
        guard address.utf8.first == UInt8(ascii: "@"), address.utf8.count <= Self.longestPath else {
            try self.init(.unix(path: address), call: "send")
            return
        }
        self.init(path: [0] + address.utf8.dropFirst())
        // No NUL at the end: it would be part of the name.
        length -= 1
    }

    private init(_ host: NumericHost, port: UInt16) {
        switch host {
        case .ipv4(let address):
            var value = sockaddr_in()
            value.sin_family = sa_family_t(AF_INET)
            value.sin_port = port.bigEndian
            value.sin_addr.s_addr = address.bigEndian
            fill(from: value, MemoryLayout<sockaddr_in>.size)
        case .ipv6(let high, let low, let scope):
            var value = sockaddr_in6()
            value.sin6_family = sa_family_t(AF_INET6)
            value.sin6_port = port.bigEndian
            value.sin6_scope_id = scope
            unsafe withUnsafeMutableBytes(of: &value.sin6_addr) {
                unsafe $0.storeBytes(of: high.bigEndian, as: UInt64.self)
                unsafe $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            fill(from: value, MemoryLayout<sockaddr_in6>.size)
        }
    }

    private init(path: [UInt8]) {
        var value = sockaddr_un()
        value.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &value.sun_path) { unsafe $0.copyBytes(from: path) }
        fill(from: value, Self.pathOffset + path.count + 1)
    }

    /// A copy of an address of the C library.
    init?(copying address: UnsafeMutablePointer<sockaddr>?, _ length: socklen_t) {
        guard let address = unsafe address, Int(length) <= MemoryLayout<sockaddr_storage>.size else {
            return nil
        }
        let source = unsafe UnsafeRawBufferPointer(start: address, count: Int(length))
        unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.copyMemory(from: source) }
        self.length = length
    }

    /// What `call` fills in; nil if it gives a negative number.
    init?(filledBy call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) {
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = unsafe withUnsafeMutablePointer(to: &storage) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe call($0, &length) }
        }
        guard result >= 0 else { return nil }
        self.length = length
    }

    /// The address as a call of the C library takes it.
    func withPointer<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        unsafe withUnsafePointer(to: storage) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
        }
    }

    /// The host of an IPv4 or IPv6 address.
    var numericHost: NumericHost? {
        switch family {
        case AF_INET: return .ipv4(UInt32(bigEndian: read(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6:
            let value = read(as: sockaddr_in6.self)
            return NumericHost(value.sin6_addr, scope: value.sin6_scope_id)
        default: return nil
        }
    }

    /// The address as a value; a Unix socket without a name has an empty path.
    var endpoint: Endpoint {
        if let numericHost {
            // Both families have the port in the same place.
            return .tcp(host: numericHost.text, port: UInt16(bigEndian: read(as: sockaddr_in.self).sin_port))
        }
        guard family == AF_UNIX else { return .unknown }
        let room = max(min(Int(length) - Self.pathOffset, Self.longestPath + 1), 0)
        let path = unsafe withUnsafeBytes(of: read(as: sockaddr_un.self).sun_path) {
            unsafe Array($0.prefix(room))
        }
        return .unix(path: String(decoding: path.prefix { $0 != 0 }, as: UTF8.self))
    }

    private static let pathOffset = MemoryLayout<sa_family_t>.size

    private mutating func fill<T>(from value: T, _ count: Int) {
        unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: value, as: T.self) }
        length = socklen_t(count)
    }

    private func read<T>(as type: T.Type) -> T {
        unsafe withUnsafeBytes(of: storage) { unsafe $0.load(as: T.self) }
    }
}
