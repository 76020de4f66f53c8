import Glibc

/// A host given by number; both halves in the machine's byte order.
enum NumericHost: Hashable, Sendable {
    case ipv4(UInt32)
    case ipv6(UInt64, UInt64, scope: UInt32)

    /// Dotted decimal, or IPv6 with or without a `%zone`; nil for anything else, names above all.
    init?(_ text: String) {
        let octets = Array(text.utf8)
        guard !octets.contains(0) else { return nil }
        var ipv4 = in_addr()
        if unsafe inet_pton(AF_INET, text, &ipv4) == 1 {
            self = .ipv4(UInt32(bigEndian: ipv4.s_addr))
            return
        }
        let bare = octets.prefix { $0 != UInt8(ascii: "%") }
        let zone = octets.dropFirst(bare.count)
        var ipv6 = in6_addr()
        guard unsafe inet_pton(AF_INET6, String(decoding: bare, as: UTF8.self), &ipv6) == 1 else {
            return nil
        }
        guard !zone.isEmpty else {
            self.init(ipv6, scope: 0)
            return
        }
        guard let scope = Self.scope(zone.dropFirst()) else { return nil }
        self.init(ipv6, scope: scope)
    }

    init(_ address: in6_addr, scope: UInt32) {
        let (high, low) = unsafe withUnsafeBytes(of: address) {
            unsafe ($0.load(as: UInt64.self), $0.load(fromByteOffset: 8, as: UInt64.self))
        }
        self = .ipv6(UInt64(bigEndian: high), UInt64(bigEndian: low), scope: scope)
    }

    /// The shortest usual form; a scope is shown by its interface's name.
    var text: String {
        switch self {
        case .ipv4(let address):
            return Self.dotted(address)
        case .ipv6(let high, let low, let scope):
            let address = Self.text((high.bigEndian, low.bigEndian))
            return scope == 0 ? address : "\(address)%\(Self.zone(scope))"
        }
    }

    var isIPv6: Bool {
        switch self {
        case .ipv4: false
        case .ipv6: true
        }
    }

    /// The IPv4 address inside an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2), else itself.
    var unmapped: NumericHost {
        switch self {
        case .ipv4: self
        case .ipv6(let high, let low, _):
            high == 0 && low >> 32 == 0xffff ? .ipv4(UInt32(truncatingIfNeeded: low)) : self
        }
    }

    /// Without a call or an allocation: every connection accepted needs it.
    private static func dotted(_ address: UInt32) -> String {
        unsafe String(unsafeUninitializedCapacity: 15) { text in
            var count = 0
            func put(_ octet: UInt8) {
                unsafe text[count] = octet
                count += 1
            }
            for place in 0..<4 {
                if place > 0 { put(UInt8(ascii: ".")) }
                let number = UInt8(truncatingIfNeeded: address >> UInt32(24 - 8 * place))
                if number >= 100 { put(UInt8(ascii: "0") + number / 100) }
                if number >= 10 { put(UInt8(ascii: "0") + number / 10 % 10) }
                put(UInt8(ascii: "0") + number % 10)
            }
            return count
        }
    }

    /// `address` is in network order.
    private static func text(_ address: (UInt64, UInt64)) -> String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let size = socklen_t(buffer.count)
        _ = unsafe withUnsafeBytes(of: address) {
            unsafe inet_ntop(AF_INET6, $0.baseAddress, &buffer, size)
        }
        return cString(buffer)
    }

    private static func scope(_ zone: ArraySlice<UInt8>) -> UInt32? {
        if let number = decimal(zone, limit: Int(UInt32.max)), number > 0 { return UInt32(number) }
        let index = unsafe if_nametoindex(String(decoding: zone, as: UTF8.self))
        return index == 0 ? nil : index
    }

    private static func zone(_ scope: UInt32) -> String {
        var buffer = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        return unsafe if_indextoname(scope, &buffer) == nil ? "\(scope)" : cString(buffer)
    }

    private static func cString(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A number of ASCII digits up to `limit`; nil for no digits, other octets or a greater number.
func decimal(_ octets: some Sequence<UInt8>, limit: Int) -> Int? {
    var value: Int?
    for octet in octets {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet) else { return nil }
        let (tens, overflow) = (value ?? 0).multipliedReportingOverflow(by: 10)
        guard !overflow, tens <= limit - Int(octet - UInt8(ascii: "0")) else { return nil }
        value = tens + Int(octet - UInt8(ascii: "0"))
    }
    return value
}
