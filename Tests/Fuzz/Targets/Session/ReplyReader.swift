import SMTPProtocol

/// Reads what the server sends, as a strict client would (RFC 5321 §4.2, RFC 2034 §4).
struct ReplyReader {
    /// How many replies were read whole.
    private(set) var replies = 0
    private var line: [UInt8] = []
    private var code: [UInt8]?
    private var status: [UInt8]?

    /// Whether the last reply is whole.
    var isAtEnd: Bool { line.isEmpty && code == nil }

    mutating func read(_ octets: [UInt8]) throws(BrokenInvariant) {
        for octet in octets {
            line.append(octet)
            try require(
                line.count <= 512, "a reply line of at most 512 octets, CRLF included: \(shown(line))")
            guard octet == 10 else { continue }
            try readLine()
            line = []
        }
    }

    private mutating func readLine() throws(BrokenInvariant) {
        var text: String { shown(line) }
        try require(line.count >= 6 && line[line.count - 2] == 13, "a line with a code and CRLF: \(text)")
        let rest = line[4..<(line.count - 2)]
        try require(rest.allSatisfy { $0 > 31 && $0 != 127 }, "no controls in a reply: \(text)")
        let digits = Array(line[..<3])
        let isCode =
            (50...53).contains(digits[0]) && (48...53).contains(digits[1]) && (48...57).contains(digits[2])
        try require(isCode && (line[3] == 32 || line[3] == 45), "a reply code: \(text)")
        try require(code == nil || code == digits, "one code in all lines of a reply: \(text)")
        let status = Self.status(rest)
        if let status {
            let isConsistent = status[0] == digits[0] && digits[0] != 51
            try require(isConsistent, "an enhanced code of the reply's class: \(text)")
        }
        try require(
            code == nil || self.status == status, "one enhanced code in all lines of a reply: \(text)")
        if line[3] == 32 {
            code = nil
            self.status = nil
            replies += 1
        } else {
            code = digits
            self.status = status
        }
    }

    /// The enhanced code at the front, if there is one.
    private static func status(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let word = Array(text.prefix { $0 != 32 })
        let parts = word.split(separator: 46, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 1, parts.allSatisfy({ isNumber($0) }) else { return nil }
        return word
    }

    private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty && text.count <= 3 && text.allSatisfy { $0 > 47 && $0 < 58 }
    }
}
