extension AddressCursor {
    /// A domain name or an address literal (RFC 5321 §4.1.2 Mailbox).
    mutating func domain(_ line: Span<UInt8>, _ limits: AddressLimits) throws(SyntaxError) -> ByteRange {
        let start = position
        if isAt(UInt8(ascii: "["), line) {
            try addressLiteral(line)
        } else {
            try domainName(line)
        }
        // RFC 5321 §4.5.3.1.2
        guard position - start <= min(limits.domain, Self.longestDomain) else {
            throw SyntaxError(.domain, at: start)
        }
        return ByteRange(start, position)
    }

    /// Labels with dots between them, no dot at the end (RFC 5321 §4.1.2 Domain).
    mutating func domainName(_ line: Span<UInt8>) throws(SyntaxError) {
        let start = position
        while true {
            try label(line)
            guard isAt(UInt8(ascii: "."), line) else { break }
            position += 1
        }
        guard position - start <= Self.longestDomain else { throw SyntaxError(.domain, at: start) }
    }

    /// Letters, digits and hyphens, no hyphen at either end (RFC 5321 §4.1.2 sub-domain), or a U-label in UTF-8
    /// (RFC 6531 §3.3).
    private mutating func label(_ line: Span<UInt8>) throws(SyntaxError) {
        let start = position
        var extraOctets = 0
        while position < end {
            let octet = line[position]
            if OctetSet.letterDigitHyphen.contains(octet) || isLenient && octet == UInt8(ascii: "_") {
                position &+= 1
            } else if octet > 127 {
                extraOctets += try nonASCII(line, in: .domain) - 1
            } else {
                break
            }
        }
        guard position > start else { throw SyntaxError(.domain, at: position) }
        if !isLenient {
            guard line[start] != UInt8(ascii: "-") else { throw SyntaxError(.domain, at: start) }
            guard line[position - 1] != UInt8(ascii: "-") else {
                throw SyntaxError(.domain, at: position - 1)
            }
        }
        // 63 octets (RFC 1035 §2.3.4). A U-label is counted as its A-label: `xn--` and at least an octet for each
        // character (RFC 5890 §2.3.2.1).
        let length = extraOctets == 0 ? position - start : position - start - extraOctets + 4
        guard length <= 63 else { throw SyntaxError(.domain, at: start) }
    }

    /// `[…]` (RFC 5321 §4.1.3).
    private mutating func addressLiteral(_ line: Span<UInt8>) throws(SyntaxError) {
        let start = position
        position += 1
        while position < end, OctetSet.literalContent.contains(line[position]) { position &+= 1 }
        guard isAt(UInt8(ascii: "]"), line) else { throw SyntaxError(.addressLiteral, at: position) }
        position += 1
        guard AddressLiteral.form(line, ByteRange(start, position)) != nil else {
            throw SyntaxError(.addressLiteral, at: start)
        }
    }

    /// In the lenient syntax, white space and comments, whose parentheses may be nested (RFC 5322 §3.2.2 CFWS, but
    /// never a line end). In the strict syntax, nothing.
    mutating func foldingSpace(_ line: Span<UInt8>) throws(SyntaxError) {
        guard isLenient else { return }
        while position < end {
            if line[position].isBlank {
                position &+= 1
            } else if line[position] == UInt8(ascii: "(") {
                try comment(line)
            } else {
                return
            }
        }
    }

    mutating func comment(_ line: Span<UInt8>) throws(SyntaxError) {
        let start = position
        var depth = 0
        repeat {
            guard position < end else { throw SyntaxError(.path, at: start) }
            let octet = line[position]
            if octet > 127 {
                _ = try nonASCII(line, in: .path)
                continue
            }
            if octet == UInt8(ascii: "\\") {
                guard position + 1 < end, OctetSet.printable.contains(line[position + 1]) else {
                    throw SyntaxError(.path, at: position)
                }
                position &+= 1
            } else if octet == UInt8(ascii: "(") {
                depth += 1
            } else if octet == UInt8(ascii: ")") {
                depth -= 1
            } else if !OctetSet.comment.contains(octet) {
                throw SyntaxError(.path, at: position)
            }
            position &+= 1
        } while depth > 0
    }
}
