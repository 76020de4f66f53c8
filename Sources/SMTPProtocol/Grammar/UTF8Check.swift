/// What kind of text some octets are, without turning them into any.
public enum UTF8Check {
    /// Whether every octet is below 128.
    public static func isASCII(_ octets: Span<UInt8>) -> Bool {
        var all: UInt8 = 0
        for index in octets.indices { all |= unsafe octets[unchecked: index] }
        return all < 128
    }

    /// Whether the octets are well-formed UTF-8: nothing overlong, no surrogates, nothing above U+10FFFF, nothing
    /// cut off (RFC 3629 §4).
    public static func isValid(_ octets: Span<UInt8>) -> Bool {
        var index = 0
        while index < octets.count {
            let length = scalarLength(octets, at: index, end: octets.count)
            if length == 0 { return false }
            index &+= length
        }
        return true
    }

    /// How many octets the scalar at `index` has; 0 if there is no well-formed one before `end`.
    static func scalarLength(_ octets: Span<UInt8>, at index: Int, end: Int) -> Int {
        let lead = octets[index]
        if lead < 128 { return 1 }
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xbf
        switch lead {
        case 0xc2...0xdf: length = 2
        case 0xe0:
            length = 3
            second = 0xa0...0xbf
        case 0xed:
            length = 3
            second = 0x80...0x9f
        case 0xe1...0xef: length = 3
        case 0xf0:
            length = 4
            second = 0x90...0xbf
        case 0xf1...0xf3: length = 4
        case 0xf4:
            length = 4
            second = 0x80...0x8f
        default: return 0
        }
        guard end &- index >= length, second.contains(octets[index &+ 1]) else { return 0 }
        for offset in 2..<max(length, 2) where octets[index &+ offset] & 0xc0 != 0x80 { return 0 }
        return length
    }
}
