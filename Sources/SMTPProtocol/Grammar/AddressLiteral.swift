/// Where a host is, in brackets, when it has no name (RFC 5321 §4.1.3).
///
/// The two IP forms are kept as numbers, so different spellings of one address are equal.
public enum AddressLiteral: Hashable, Sendable, CustomStringConvertible {
    /// `[192.0.2.1]`, most significant octet first.
    case ipv4(UInt32)
    /// `[IPv6:2001:db8::1]`: the first and the last four groups.
    case ipv6(UInt64, UInt64)
    /// `[tag:content]`; nothing is known about the content.
    case general(tag: Keyword, content: [UInt8])

    /// The brackets included: IPv4 in plain decimal, IPv6 as RFC 5952 recommends. Content that the grammar does not
    /// allow is shown as `?`.
    public var description: String { String(decoding: text, as: UTF8.self) }

    /// The description as octets.
    var text: [UInt8] {
        var text = [UInt8(ascii: "[")]
        switch self {
        case .ipv4(let address): Self.append(ipv4: address, to: &text)
        case .ipv6(let high, let low):
            // The tag is part of the form (RFC 5321 §4.1.3 IPv6-address-literal).
            text += Array("IPv6:".utf8)
            Self.append(ipv6: high, low, to: &text)
        case .general(let tag, let content):
            text += tag.bytes + [UInt8(ascii: ":")]
            text += content.map { OctetSet.literalContent.contains($0) ? $0 : UInt8(ascii: "?") }
        }
        text.append(UInt8(ascii: "]"))
        return text
    }

    private static func append(ipv4 address: UInt32, to text: inout [UInt8]) {
        for shift: UInt32 in [24, 16, 8, 0] {
            text += Array(String(address >> shift & 255).utf8)
            if shift > 0 { text.append(UInt8(ascii: ".")) }
        }
    }

    /// Lower case, no leading zeros, the first of the longest runs of two zero groups or more as `::`, mapped IPv4
    /// addresses with their last part in decimal.
    private static func append(ipv6 high: UInt64, _ low: UInt64, to text: inout [UInt8]) {
        if high == 0, low >> 32 == 0xffff {
            text += Array("::ffff:".utf8)
            append(ipv4: UInt32(truncatingIfNeeded: low), to: &text)
            return
        }
        let groups = [high, low].flatMap { half in [48, 32, 16, 0].map { half >> UInt64($0) & 0xffff } }
        let zeros = longestRunOfZeros(groups)
        var index = 0
        while index < groups.count {
            if !zeros.isEmpty, index == zeros.lowerBound {
                text += Array("::".utf8)
                index = zeros.upperBound
                continue
            }
            if index > 0, index != zeros.upperBound || zeros.isEmpty { text.append(UInt8(ascii: ":")) }
            text += Array(String(groups[index], radix: 16).utf8)
            index += 1
        }
    }

    /// Empty if there are no two zeros in a row.
    private static func longestRunOfZeros(_ groups: [UInt64]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for index in groups.indices {
            if groups[index] != 0 {
                start = index + 1
            } else if index + 1 - start > max(longest.count, 1) {
                longest = start..<(index + 1)
            }
        }
        return longest
    }
}
