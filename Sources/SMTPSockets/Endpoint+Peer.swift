public import SMTPConnection

/// What limits per peer count together: an IPv4 address, or the /64 that one IPv6 site has (RFC 4291 §2.5.4).
public enum PeerKey: Hashable, Sendable {
    /// An IPv4 address; an IPv4-mapped IPv6 address is one too.
    case ipv4(UInt32)
    /// The first 64 bits of an IPv6 address.
    case ipv6Prefix(UInt64)
}

extension Endpoint {
    /// Whether it is a numeric loopback address: 127.0.0.0/8, `::1`, or the former mapped into IPv6.
    public var isLoopback: Bool {
        switch numericHost?.unmapped {
        case .ipv4(let address): address >> 24 == 127
        case .ipv6(let high, let low, _): high == 0 && low == 1
        case nil: false
        }
    }

    /// What limits per peer count it under; nil for Unix sockets and for hosts that are not numeric.
    public var peerKey: PeerKey? {
        switch numericHost?.unmapped {
        case .ipv4(let address): .ipv4(address)
        case .ipv6(let high, _, _): .ipv6Prefix(high)
        case nil: nil
        }
    }

    private var numericHost: NumericHost? {
        switch self {
        case .tcp(let host, _): NumericHost(host)
        case .unix, .unknown: nil
        }
    }
}
