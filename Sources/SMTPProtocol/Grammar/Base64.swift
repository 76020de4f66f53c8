/// Octets as text in 64 letters (RFC 4648 §4), as AUTH carries them (RFC 4954 §4).
public enum Base64 {
    /// The octets in base64, padded; no line is broken.
    public static func encode(_ octets: [UInt8]) -> [UInt8] { encode(octets.span) }

    /// The octets in base64, padded; no line is broken.
    public static func encode(_ octets: Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((octets.count / 3 &+ 1) &* 4)
        var index = 0
        while index < octets.count {
            let left = octets.count &- index
            let second = left > 1 ? octets[index &+ 1] : 0
            let third = left > 2 ? octets[index &+ 2] : 0
            text.append(letter(octets[index] >> 2))
            text.append(letter(octets[index] << 4 & 0x30 | second >> 4))
            text.append(left > 1 ? letter(second << 2 & 0x3c | third >> 6) : padding)
            text.append(left > 2 ? letter(third & 0x3f) : padding)
            index &+= 3
        }
        return text
    }

    /// What the text stands for.
    public static func decode(_ text: [UInt8]) throws(SyntaxError) -> [UInt8] { try decode(text.span) }

    /// What the text stands for. Only one text stands for it: the padding must be there, nothing but the alphabet may
    /// be (no white space, no line breaks), and the bits that fill the last letter must be zero (RFC 4648 §3.2, §3.3,
    /// §3.5).
    public static func decode(_ text: Span<UInt8>) throws(SyntaxError) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(text.count / 4 &* 3)
        var group = 0
        while group < text.count {
            guard text.count &- group >= 4 else { throw fault(in: text, from: group) }
            let isLast = text.count &- group == 4
            let padded = isLast && text[group &+ 3] == padding ? (text[group &+ 2] == padding ? 2 : 1) : 0
            var bits: UInt32 = 0
            for position in group..<(group &+ 4 &- padded) {
                guard let value = value(text[position]) else { throw SyntaxError(.base64, at: position) }
                bits = bits << 6 | UInt32(value)
            }
            bits <<= 6 &* UInt32(padded)
            let unused: UInt32 = padded == 2 ? 0xffff : padded == 1 ? 0xff : 0
            guard bits & unused == 0 else { throw SyntaxError(.base64, at: group &+ 3 &- padded) }
            for shift in [16, 8, 0].prefix(3 &- padded) {
                octets.append(UInt8(truncatingIfNeeded: bits >> UInt32(shift)))
            }
            group &+= 4
        }
        return octets
    }

    /// What is wrong with fewer than four letters at the end: the first that is none, or else that more are missing.
    private static func fault(in text: Span<UInt8>, from start: Int) -> SyntaxError {
        var position = start
        while position < text.count, value(text[position]) != nil { position &+= 1 }
        return SyntaxError(.base64, at: position)
    }

    private static var padding: UInt8 { UInt8(ascii: "=") }

    private static func letter(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: value &+ 65
        case 26..<52: value &+ 71
        case 52..<62: value &- 4
        default: value == 62 ? UInt8(ascii: "+") : UInt8(ascii: "/")
        }
    }

    private static func value(_ letter: UInt8) -> UInt8? {
        switch letter {
        case 65...90: letter &- 65
        case 97...122: letter &- 71
        case 48...57: letter &+ 4
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
