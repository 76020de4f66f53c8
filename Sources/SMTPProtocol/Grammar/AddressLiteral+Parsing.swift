extension AddressLiteral {
    /// What an address literal in a line is, found in place.
    enum Form: BitwiseCopyable {
        case ipv4(UInt32)
        case ipv6(UInt64, UInt64)
        case general(tag: ByteRange, content: ByteRange)
    }

    /// Parses the literal in `range`, brackets included; `nil` if it is none.
    init?(_ line: Span<UInt8>, _ range: ByteRange) {
        guard let form = Self.form(line, range) else { return nil }
        switch form {
        case .ipv4(let address): self = .ipv4(address)
        case .ipv6(let high, let low): self = .ipv6(high, low)
        case .general(let tag, let content):
            guard let tag = Keyword(line.extracting(tag.start..<tag.end)) else { return nil }
            self = .general(tag: tag, content: (content.start..<content.end).map { line[$0] })
        }
    }

    /// The same without copying anything.
    static func form(_ line: Span<UInt8>, _ range: ByteRange) -> Form? {
        guard range.count > 2, line[range.start] == UInt8(ascii: "["),
            line[range.end - 1] == UInt8(ascii: "]")
        else { return nil }
        let start = range.start + 1
        let end = range.end - 1
        var colon = start
        while colon < end, OctetSet.letterDigitHyphen.contains(line[colon]) { colon += 1 }
        guard colon < end, line[colon] == UInt8(ascii: ":") else {
            return ipv4(line, start, end).map { .ipv4($0) }
        }
        if spells(line.extracting(start..<colon), "ipv6") {
            return ipv6(line, colon + 1, end).map { .ipv6($0.high, $0.low) }
        }
        // No hyphen at the end (RFC 5321 §4.1.3 Standardized-tag), nor, as in any keyword, at the start.
        guard colon > start, OctetSet.letterDigit.contains(line[start]),
            OctetSet.letterDigit.contains(line[colon - 1]), colon + 1 < end
        else { return nil }
        for index in (colon + 1)..<end where !OctetSet.literalContent.contains(line[index]) { return nil }
        return .general(tag: ByteRange(start, colon), content: ByteRange(colon + 1, end))
    }

    /// Four numbers up to 255, of one to three digits (RFC 5321 §4.1.3 IPv4-address-literal).
    private static func ipv4(_ line: Span<UInt8>, _ start: Int, _ end: Int) -> UInt32? {
        var address: UInt32 = 0
        var index = start
        for part in 0..<4 {
            if part > 0 {
                guard index < end, line[index] == UInt8(ascii: ".") else { return nil }
                index += 1
            }
            var number: UInt32 = 0
            let first = index
            while index < end, index - first < 3, let digit = line[index].decimalValue {
                number = number * 10 + UInt32(digit)
                index += 1
            }
            guard index > first, number <= 255 else { return nil }
            address = address << 8 | number
        }
        return index == end ? address : nil
    }

    /// Eight groups; or fewer, and one `::` for two or more of them; the last two may be an IPv4 address; no zone
    /// (RFC 5321 §4.1.3 IPv6-addr).
    private static func ipv6(_ line: Span<UInt8>, _ start: Int, _ end: Int) -> (high: UInt64, low: UInt64)? {
        var before = Groups()
        var after = Groups()
        var isCompressed = false
        var index = start
        if end - start >= 2, line[start] == UInt8(ascii: ":"), line[start + 1] == UInt8(ascii: ":") {
            isCompressed = true
            index += 2
            if index == end { return (0, 0) }
        }
        while true {
            let first = index
            var group: UInt64 = 0
            while index < end, index - first < 4, let digit = line[index].hexadecimalValue {
                group = group << 4 | UInt64(digit)
                index += 1
            }
            guard index > first, before.count + after.count < 8 else { return nil }
            if index < end, line[index] == UInt8(ascii: ".") {
                guard let address = ipv4(line, first, end) else { return nil }
                let (high, low) = (UInt64(address >> 16), UInt64(address & 0xffff))
                if isCompressed { after.append(high, low) } else { before.append(high, low) }
                break
            }
            if isCompressed { after.append(group) } else { before.append(group) }
            if index == end { break }
            guard line[index] == UInt8(ascii: ":"), index + 1 < end else { return nil }
            index += 1
            if line[index] == UInt8(ascii: ":") {
                guard !isCompressed else { return nil }
                isCompressed = true
                index += 1
                if index == end { break }
            }
        }
        let count = before.count + after.count
        guard isCompressed ? count <= 6 : count == 8 else { return nil }
        return before.joined(with: after)
    }

    /// Up to nine groups of sixteen bits, of which the last eight are kept.
    private struct Groups {
        var count = 0
        private var high: UInt64 = 0
        private var low: UInt64 = 0

        mutating func append(_ group: UInt64) {
            high = high << 16 | low >> 48
            low = low << 16 | group
            count += 1
        }

        mutating func append(_ first: UInt64, _ second: UInt64) {
            append(first)
            append(second)
        }

        /// These at the front, `tail` at the end, zeros between.
        func joined(with tail: Self) -> (high: UInt64, low: UInt64) {
            var front = self
            while front.count < 8 { front.append(0) }
            return (front.high | tail.high, front.low | tail.low)
        }
    }
}
