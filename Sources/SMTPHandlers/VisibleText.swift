/// Makes bytes from strangers safe to show on a terminal or in a log.
///
/// Valid UTF-8 passes; control characters, invisible format characters (those that turn the direction of writing
/// among them) and bytes that are no UTF-8 are written out, as `\x1b` or `\u{202e}`. A backslash stands for itself:
/// the result is for eyes, not for parsers.
package enum VisibleText {
    /// Appends one line of text; CR and LF are written out too. Stops near `limit` octets and says so with `...`.
    package static func appendLine(_ bytes: Span<UInt8>, limit: Int = 1000, to output: inout [UInt8]) {
        let end = output.count + limit
        var position = 0
        while position < bytes.count {
            guard output.count < end else {
                output.append(contentsOf: "...".utf8)
                return
            }
            position += appendScalar(bytes, position, to: &output)
        }
    }

    /// Appends text of many lines, each CRLF as LF; CR or LF alone is written out, and LF breaks the line as well.
    ///
    /// A line that begins with `fence` gets a backslash before it.
    package static func appendLines(_ bytes: Span<UInt8>, fence: [UInt8], to output: inout [UInt8]) {
        output.reserveCapacity(output.count + bytes.count)
        var position = 0
        var isLineStart = true
        while position < bytes.count {
            if isLineStart, starts(bytes, position, with: fence) { output.append(UInt8(ascii: "\\")) }
            isLineStart = false
            let byte = bytes[position]
            if byte == 13, position + 1 < bytes.count, bytes[position + 1] == 10 {
                output.append(10)
                position += 2
                isLineStart = true
            } else if byte == 9 {
                output.append(9)
                position += 1
            } else {
                position += appendScalar(bytes, position, to: &output)
                guard byte == 10 else { continue }
                output.append(10)
                isLineStart = true
            }
        }
        if !isLineStart { output.append(10) }
    }

    private static func starts(_ bytes: Span<UInt8>, _ position: Int, with prefix: [UInt8]) -> Bool {
        guard !prefix.isEmpty, bytes.count - position >= prefix.count else { return false }
        for index in prefix.indices where bytes[position + index] != prefix[index] { return false }
        return true
    }

    /// Appends the character at `position`, or its escape; returns how many bytes that took from the input.
    private static func appendScalar(_ bytes: Span<UInt8>, _ position: Int, to output: inout [UInt8]) -> Int {
        let byte = bytes[position]
        if byte >= 32, byte < 127 {
            output.append(byte)
            return 1
        }
        guard byte >= 128, let (scalar, count) = scalar(bytes, position) else {
            output.append(contentsOf: "\\x".utf8)
            if byte < 16 { output.append(UInt8(ascii: "0")) }
            output.append(contentsOf: String(byte, radix: 16).utf8)
            return 1
        }
        if isVisible(scalar) {
            for index in position..<position + count { output.append(bytes[index]) }
        } else {
            output.append(contentsOf: "\\u{".utf8)
            output.append(contentsOf: String(scalar.value, radix: 16).utf8)
            output.append(UInt8(ascii: "}"))
        }
        return count
    }

    /// Whether a character above ASCII has a form of its own on paper.
    static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        let category = scalar.properties.generalCategory
        return category != .control && category != .format && category != .lineSeparator
            && category != .paragraphSeparator && !scalar.properties.isNoncharacterCodePoint
            && !scalar.properties.isVariationSelector
    }

    /// The character of several bytes that begins at `position`, if it is well-formed (RFC 3629 §4).
    private static func scalar(_ bytes: Span<UInt8>, _ position: Int) -> (Unicode.Scalar, count: Int)? {
        let first = bytes[position]
        let count: Int
        var value: UInt32
        let least: UInt32
        if first >= 0xC2, first <= 0xDF {
            (count, value, least) = (2, UInt32(first & 0x1F), 0x80)
        } else if first >= 0xE0, first <= 0xEF {
            (count, value, least) = (3, UInt32(first & 0x0F), 0x800)
        } else if first >= 0xF0, first <= 0xF4 {
            (count, value, least) = (4, UInt32(first & 0x07), 0x1_0000)
        } else {
            return nil
        }
        guard bytes.count - position >= count else { return nil }
        for index in position + 1..<position + count {
            guard bytes[index] & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(bytes[index] & 0x3F)
        }
        // Refuses longer forms than needed, surrogates and what lies beyond U+10FFFF.
        guard value >= least, let scalar = Unicode.Scalar(value) else { return nil }
        return (scalar, count)
    }
}
