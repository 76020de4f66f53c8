/// Text made fit for one line of a log.
enum LogText {
    /// `text` as a JSON string: whatever it holds, it neither breaks the line nor hides in it.
    static func appendQuoted(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5C: line += [UInt8(ascii: "\\"), UInt8(scalar.value)]
            case 0x0A: line += Array("\\n".utf8)
            case 0x0D: line += Array("\\r".utf8)
            case 0x09: line += Array("\\t".utf8)
            case 0x20...0x7E: line.append(UInt8(scalar.value))
            case _ where isVisible(scalar): line += Array(String(scalar).utf8)
            case _: for unit in UTF16.encode(scalar).map(Array.init) ?? [] { appendEscape(unit, to: &line) }
            }
        }
        line.append(UInt8(ascii: "\""))
    }

    /// The same, without quotes if `text` can stand as a word of its own.
    static func appendWord(_ text: String, to line: inout [UInt8]) {
        let isPlain = text.utf8.allSatisfy {
            $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
                && $0 != UInt8(ascii: "=")
        }
        if isPlain, !text.isEmpty { line += Array(text.utf8) } else { appendQuoted(text, to: &line) }
    }

    private static func appendEscape(_ unit: UInt16, to line: inout [UInt8]) {
        let digits = String(unit, radix: 16)
        line += Array("\\u".utf8) + Array(repeating: 48, count: 4 - digits.utf8.count) + Array(digits.utf8)
    }

    /// Whether a character beyond ASCII shows, and does not change how its neighbours show.
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        guard scalar.value > 0x9F, !properties.isNoncharacterCodePoint else { return false }
        let category = properties.generalCategory
        return category != .control && category != .format && category != .lineSeparator
            && category != .paragraphSeparator && category != .unassigned && category != .privateUse
    }
}
