/// The encoding of parameter values that may hold anything: `+` and two upper-case hexadecimal digits stand for an
/// octet that cannot stand for itself (RFC 3461 §4 xtext).
public enum XText {
    /// The octets in xtext.
    public static func encode(_ octets: [UInt8]) -> [UInt8] { encode(octets.span) }

    /// The octets in xtext.
    public static func encode(_ octets: Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(octets.count)
        for index in octets.indices {
            let octet = octets[index]
            if OctetSet.xtext.contains(octet) {
                text.append(octet)
            } else {
                text.append(UInt8(ascii: "+"))
                text.append(digit(octet >> 4))
                text.append(digit(octet & 15))
            }
        }
        return text
    }

    /// What the xtext stands for: any octets, controls included.
    public static func decode(_ text: Span<UInt8>) throws(SyntaxError) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if OctetSet.xtext.contains(text[index]) {
                octets.append(text[index])
                index += 1
                continue
            }
            guard text[index] == UInt8(ascii: "+"), text.count - index > 2,
                let high = value(text[index + 1]), let low = value(text[index + 2])
            else { throw SyntaxError(.xtext, at: index) }
            octets.append(high << 4 | low)
            index += 3
        }
        return octets
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + (value - 10)
    }

    /// Lower-case digits are none here (RFC 3461 §4 hexchar).
    private static func value(_ digit: UInt8) -> UInt8? {
        digit.lowercasedASCII == digit ? digit.decimalValue : digit.hexadecimalValue
    }
}
