/// Whether what a server said is made of well-formed replies (RFC 5321 §4.2).
enum ReplyForm {
    /// The most a line may hold, CRLF included (RFC 5321 §4.5.3.1.5).
    private static let lineLimit = 512

    /// What is wrong, if anything is; `output` is everything the server said.
    static func fault(in output: [UInt8]) -> String? {
        var rest = output[...]
        var open: ArraySlice<UInt8>?
        while !rest.isEmpty {
            guard let end = rest.firstIndex(of: 10), end > rest.startIndex, rest[end - 1] == 13 else {
                return "a reply line does not end with CRLF: \(shown(rest))"
            }
            let line = rest[..<(end - 1)]
            if let fault = fault(inLine: line, after: open) { return "\(fault): \(shown(line))" }
            open = isLast(line) ? nil : line.prefix(3)
            rest = rest[(end + 1)...]
        }
        return open == nil ? nil : "the last reply has no last line"
    }

    private static func fault(inLine line: ArraySlice<UInt8>, after open: ArraySlice<UInt8>?) -> String? {
        let octets = Array(line)
        guard octets.count + 2 <= lineLimit else { return "a reply line is longer than \(lineLimit) octets" }
        guard octets.count >= 4, octets[0] &- 50 < 4, octets[1] &- 48 < 6, octets[2] &- 48 < 10 else {
            return "a reply line has no code"
        }
        guard octets[3] == UInt8(ascii: " ") || octets[3] == UInt8(ascii: "-") else {
            return "a reply code is followed by neither space nor hyphen"
        }
        if let open, !open.elementsEqual(octets[..<3]) {
            return "the lines of one reply have different codes"
        }
        guard !octets.contains(where: { $0 < 32 || $0 == 127 }) else {
            return "a reply holds a control character"
        }
        if let status = enhancedClass(octets[4...]), status != octets[0] {
            return "the enhanced code's class is not the code's (RFC 2034 §4)"
        }
        return nil
    }

    private static func isLast(_ line: ArraySlice<UInt8>) -> Bool {
        line[line.startIndex + 3] != UInt8(ascii: "-")
    }

    /// The class of the enhanced code that `text` begins with, if it does.
    private static func enhancedClass(_ text: ArraySlice<UInt8>) -> UInt8? {
        let parts = text.prefix { $0 != 32 }.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 1 else { return nil }
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy({ $0 &- 48 < 10 }) else { return nil }
        }
        return parts[0].first
    }

    private static func shown(_ octets: ArraySlice<UInt8>) -> String { Octets.escaped(octets.prefix(120)) }
}
