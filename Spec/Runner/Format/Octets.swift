/// Text as octets: cutting it, escaping it, matching it.
enum Octets {
    static let crlf: [UInt8] = [13, 10]

    /// The lines of a page, without their ends.
    static func lines(of text: String) -> [String] {
        text.utf8.split(separator: 10, omittingEmptySubsequences: false).map { line in
            String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
        }
    }

    /// Without white space at either end.
    static func trimmed(_ octets: some BidirectionalCollection<UInt8>) -> [UInt8] {
        var rest = Array(octets)[...]
        while let first = rest.first, first == 32 || first == 9 { rest.removeFirst() }
        while let last = rest.last, last == 32 || last == 9 { rest.removeLast() }
        return Array(rest)
    }

    /// What white space separates.
    static func words(_ octets: some Collection<UInt8>) -> [String] {
        octets.split { $0 == 32 || $0 == 9 }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// A word and what follows it.
    static func cut(_ text: String) -> (word: String, rest: String) {
        let octets = Array(text.utf8)
        let end = octets.firstIndex(of: 32) ?? octets.count
        return (
            String(decoding: octets[..<end], as: UTF8.self),
            String(decoding: trimmed(octets[end...]), as: UTF8.self)
        )
    }

    /// Without hyphens and in lower case: how names of causes are compared.
    static func folded(_ text: String) -> [UInt8] {
        text.utf8.filter { $0 != UInt8(ascii: "-") }.map { $0 &- 65 < 26 ? $0 + 32 : $0 }
    }

    /// A number of ASCII digits.
    static func number(_ octets: some Collection<UInt8>) -> Int? {
        guard !octets.isEmpty else { return nil }
        var value = 0
        for octet in octets {
            guard octet &- 48 < 10 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow, product < .max - 9 else { return nil }
            value = product + Int(octet - 48)
        }
        return value
    }

    /// Whether `text` has the form `pattern`, in which `*` stands for any octets.
    static func matches(_ text: some Collection<UInt8>, _ pattern: [UInt8]) -> Bool {
        let text = Array(text)
        var (at, position) = (0, 0)
        var retry: (pattern: Int, text: Int)?
        while position < text.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                retry = (at + 1, position)
                at += 1
            } else if at < pattern.count, pattern[at] == text[position] {
                at += 1
                position += 1
            } else if let (after, start) = retry {
                retry = (after, start + 1)
                (at, position) = (after, start + 1)
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    // MARK: Escapes

    /// Octets with the places where they have to be cut.
    struct Escaped: Hashable, Sendable {
        var octets: [UInt8] = []
        var cuts: [Int] = []
    }

    /// The most octets that one line may stand for.
    static let limit = 128 << 20

    /// Reads `\r \n \t \0 \\ \" \xHH`, `\{900}` (the octet before it, 900 times in all) and `\|` (a cut).
    static func unescaped(_ text: some Collection<UInt8>) throws(LineProblem) -> Escaped {
        var result = Escaped()
        var rest = Array(text)[...]
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "\\") else {
                result.octets.append(octet)
                continue
            }
            guard let letter = rest.popFirst() else {
                throw LineProblem("`\\` at the end of the line escapes nothing")
            }
            switch letter {
            case UInt8(ascii: "r"): result.octets.append(13)
            case UInt8(ascii: "n"): result.octets.append(10)
            case UInt8(ascii: "t"): result.octets.append(9)
            case UInt8(ascii: "0"): result.octets.append(0)
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): result.octets.append(letter)
            case UInt8(ascii: "|"): result.cuts.append(result.octets.count)
            case UInt8(ascii: "x"):
                let digits = rest.prefix(2).compactMap(digit)
                guard digits.count == 2 else {
                    throw LineProblem("`\\x` is followed by two hexadecimal digits")
                }
                rest = rest.dropFirst(2)
                result.octets.append(digits[0] << 4 | digits[1])
            case UInt8(ascii: "{"): try repeatLast(&result, &rest)
            default:
                throw LineProblem(
                    "`\\\(Character(Unicode.Scalar(letter)))` is no escape; a backslash is `\\\\`")
            }
        }
        return result
    }

    private static func digit(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 48...57: octet - 48
        case 65...70: octet - 55
        case 97...102: octet - 87
        default: nil
        }
    }

    private static func repeatLast(_ result: inout Escaped, _ rest: inout ArraySlice<UInt8>)
        throws(LineProblem)
    {
        guard let end = rest.firstIndex(of: UInt8(ascii: "}")), let times = number(rest[..<end]), times > 0
        else {
            throw LineProblem("`\\{` is followed by a number from 1 on and `}`")
        }
        guard let octet = result.octets.last, result.cuts.last != result.octets.count else {
            throw LineProblem("`\\{\(times)}` needs an octet before it")
        }
        guard times <= limit, result.octets.count <= limit - times else {
            throw LineProblem("`\\{\(times)}` makes more than \(limit) octets")
        }
        rest = rest[(end + 1)...]
        result.octets.append(contentsOf: repeatElement(octet, count: times - 1))
    }

    /// The text that `unescaped` reads as these octets; runs of one octet are shortened.
    static func escaped(_ octets: some Collection<UInt8>, cuts: [Int] = []) -> String {
        let octets = Array(octets)
        var text: [UInt8] = []
        var cuts = cuts[...]
        var index = 0
        while index < octets.count {
            while let cut = cuts.first, cut <= index {
                text += Array("\\|".utf8)
                cuts.removeFirst()
            }
            let octet = octets[index]
            let stop = cuts.first ?? octets.count
            var end = index + 1
            while end < stop, octets[end] == octet { end += 1 }
            let isRun = end - index > 12
            text += escape(octet, inRun: isRun)
            if isRun { text += Array("\\{\(end - index)}".utf8) }
            index = isRun ? end : index + 1
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func escape(_ octet: UInt8, inRun: Bool) -> [UInt8] {
        switch octet {
        case 13: return Array("\\r".utf8)
        case 10: return Array("\\n".utf8)
        case 9: return Array("\\t".utf8)
        case 0: return Array("\\0".utf8)
        case UInt8(ascii: "\\"): return Array("\\\\".utf8)
        case UInt8(ascii: "\""): return Array("\\\"".utf8)
        case 32..<127: return [octet]
        default:
            let digits = Array("0123456789abcdef".utf8)
            return Array("\\x".utf8) + [digits[Int(octet >> 4)], digits[Int(octet & 15)]]
        }
    }
}
