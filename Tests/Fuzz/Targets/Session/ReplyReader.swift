import SMTPProtocol

/// Reads what the server sends, as a strict client would (RFC 5321 §4.2, RFC 2034 §4).
struct ReplyReader {
    /// How many replies were read whole.
    private(set) var replies = 0
    /// The line so far.
    private var line: [UInt8] = []
    /// The code, and the enhanced code if there is one, of the reply that has not ended.
    private var begun: (code: UInt32, status: UInt64?)?

    init() { line.reserveCapacity(520) }

    /// Whether the last reply is whole.
    var isAtEnd: Bool { line.isEmpty && begun == nil }

    mutating func read(_ octets: Span<UInt8>) throws(BrokenInvariant) {
        for index in octets.indices {
            line.append(octets[index])
            guard octets[index] == 10 || line.count > 512 else { continue }
            try require(
                line.count <= 512, "a reply line of at most 512 octets, CRLF included: \(shown(line))")
            try readLine()
            line.removeAll(keepingCapacity: true)
        }
    }

    private mutating func readLine() throws(BrokenInvariant) {
        let end = line.count - 2
        try require(end >= 4 && line[end] == 13, "a line with a code and CRLF: \(shown(line))")
        for index in 4..<end {
            try require(line[index] > 31 && line[index] != 127, "no controls in a reply: \(shown(line))")
        }
        let isCode =
            (50...53).contains(line[0]) && (48...53).contains(line[1]) && (48...57).contains(line[2])
        let isLast = line[3] == 32
        try require(isCode && (isLast || line[3] == 45), "a reply code: \(shown(line))")
        let code = UInt32(line[0]) << 16 | UInt32(line[1]) << 8 | UInt32(line[2])
        let status = status(upTo: end)
        if status != nil {
            let isConsistent = line[4] == line[0] && line[0] != 51
            try require(isConsistent, "an enhanced code of the reply's class: \(shown(line))")
        }
        if let begun {
            try require(begun.code == code, "one code in all lines of a reply: \(shown(line))")
            try require(
                begun.status == status, "one enhanced code in all lines of a reply: \(shown(line))")
        }
        begun = isLast ? nil : (code, status)
        if isLast { replies += 1 }
    }

    /// The enhanced code at the front of the text, if there is one (RFC 3463 §2): its octets as one number.
    private func status(upTo end: Int) -> UInt64? {
        var number: UInt64 = 0
        var dots = 0
        var digits = 0
        for index in 4..<end {
            let octet = line[index]
            if octet == 32 { break }
            if octet == 46 {
                guard dots == 0 ? digits == 1 : digits > 0 else { return nil }
                dots += 1
                digits = 0
            } else {
                guard (48...57).contains(octet), digits < 3 else { return nil }
                digits += 1
            }
            number = number << 4 | UInt64(octet & 15 ^ 15)
        }
        return dots == 2 && digits > 0 ? number : nil
    }
}
