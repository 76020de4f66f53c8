/// A position in a line, and the productions of RFC 5321 §4.1.2 and §4.1.3 that move it.
///
/// Every production looks at each octet a bounded number of times, and none calls itself.
struct AddressCursor: BitwiseCopyable {
    /// Octets that a domain may have in any configuration (RFC 5321 §4.5.3.1.2).
    static let longestDomain = 255

    var position: Int
    let end: Int
    let isLenient: Bool
    var isASCII = true

    init(_ range: ByteRange, _ syntax: AddressSyntax) {
        position = range.start
        end = range.end
        isLenient = syntax == .lenient
    }

    var isAtEnd: Bool { position >= end }

    @inline(__always)
    func isAt(_ octet: UInt8, _ line: Span<UInt8>) -> Bool { position < end && line[position] == octet }

    @inline(__always)
    private func isAtBlank(_ line: Span<UInt8>) -> Bool { position < end && line[position].isBlank }

    /// A character above 127 (RFC 6531 §3.3 UTF8-non-ascii).
    mutating func nonASCII(
        _ line: Span<UInt8>, in production: SyntaxError.Production
    ) throws(SyntaxError) -> Int {
        let length = UTF8Check.scalarLength(line, at: position, end: end)
        guard length > 1 else { throw SyntaxError(production, at: position) }
        isASCII = false
        position &+= length
        return length
    }

    // MARK: Command words and parameters

    /// `FROM:` or `TO:`, given in lower case.
    mutating func word(_ word: StaticString, _ line: Span<UInt8>) throws(SyntaxError) {
        while isLenient, isAtBlank(line) { position += 1 }
        let next = position + word.utf8CodeUnitCount
        guard next <= end, spells(line.extracting(position..<next), word) else {
            throw SyntaxError(.command, at: position)
        }
        position = next
    }

    /// A path, and where its parameters are.
    mutating func pathAndParameters(
        _ line: Span<UInt8>, _ limits: AddressLimits, isForward: Bool
    ) throws(SyntaxError) -> ParsedMail {
        var path = try path(line, limits, isForward: isForward)
        let parameters = try parameters(line)
        path.isASCII = isASCII
        return ParsedMail(path: path, parameters: parameters)
    }

    /// One space, then the parameters, if anything follows the path (RFC 5321 §4.1.1.2).
    private mutating func parameters(_ line: Span<UInt8>) throws(SyntaxError) -> ByteRange {
        if position == end { return ByteRange(end, end) }
        guard isAt(32, line) || isLenient && isAtBlank(line) else { throw SyntaxError(.path, at: position) }
        position += 1
        if isLenient {
            try foldingSpace(line)
            guard position == end || line[position - 1].isBlank else {
                throw SyntaxError(.path, at: position)
            }
        }
        return ByteRange(position, end)
    }

    // MARK: Paths

    /// A reverse-path (RFC 5321 §4.1.1.2), or a forward-path, which may be Postmaster but not empty
    /// (RFC 5321 §4.1.1.3).
    private mutating func path(
        _ line: Span<UInt8>, _ limits: AddressLimits, isForward: Bool
    ) throws(SyntaxError) -> ParsedPath {
        try foldingSpace(line)
        let start = position
        guard isAt(UInt8(ascii: "<"), line) else {
            guard isLenient else { throw SyntaxError(.path, at: position) }
            return try barePath(line, limits, isForward: isForward)
        }
        position += 1
        try foldingSpace(line)
        if !isForward, isAt(UInt8(ascii: ">"), line) {
            position += 1
            let nothing = ByteRange(position, position)
            return ParsedPath(
                kind: .null, localPart: nothing, isQuoted: false, domain: nothing, isASCII: isASCII,
                octets: position - start)
        }
        let hasRoute = isAt(UInt8(ascii: "@"), line)
        if hasRoute { try sourceRoute(line, limits) }
        var path = try mailbox(line, limits, isBracketed: true, allowsPostmaster: isForward && !hasRoute)
        try foldingSpace(line)
        guard isAt(UInt8(ascii: ">"), line) else {
            throw SyntaxError(position == end ? .path : Self.production(after: path), at: position)
        }
        position += 1
        path.octets = position - start
        // RFC 5321 §4.5.3.1.3
        guard path.octets <= limits.path else { throw SyntaxError(.path, at: start) }
        return path
    }

    /// A mailbox or Postmaster without brackets, as the lenient syntax takes it.
    private mutating func barePath(
        _ line: Span<UInt8>, _ limits: AddressLimits, isForward: Bool
    ) throws(SyntaxError) -> ParsedPath {
        let start = position
        if position == end { throw SyntaxError(.path, at: position) }
        let path = try mailbox(line, limits, isBracketed: false, allowsPostmaster: isForward)
        guard path.octets <= limits.path else { throw SyntaxError(.path, at: start) }
        while isAt(UInt8(ascii: "("), line) { try comment(line) }
        guard position == end || isAtBlank(line) else {
            throw SyntaxError(Self.production(after: path), at: position)
        }
        return path
    }

    /// What an octet that may not follow a mailbox would have been part of.
    private static func production(after path: ParsedPath) -> SyntaxError.Production {
        path.kind == .postmaster ? .localPart : .domain
    }

    /// `@a,@b:`, checked and dropped (RFC 5321 §4.1.2 A-d-l, Appendix C).
    private mutating func sourceRoute(_ line: Span<UInt8>, _ limits: AddressLimits) throws(SyntaxError) {
        while true {
            guard isAt(UInt8(ascii: "@"), line) else { throw SyntaxError(.path, at: position) }
            position += 1
            try foldingSpace(line)
            let start = position
            try domainName(line)
            guard position - start <= limits.domain else { throw SyntaxError(.domain, at: start) }
            try foldingSpace(line)
            let isLast = isAt(UInt8(ascii: ":"), line)
            guard isLast || isAt(UInt8(ascii: ","), line) else { throw SyntaxError(.path, at: position) }
            position += 1
            try foldingSpace(line)
            if isLast { return }
        }
    }

    /// A mailbox, and nothing of what follows it. `isBracketed` says that blanks do not end it.
    mutating func mailbox(
        _ line: Span<UInt8>, _ limits: AddressLimits, isBracketed: Bool, allowsPostmaster: Bool
    ) throws(SyntaxError) -> ParsedPath {
        let start = position
        let isQuoted = isAt(UInt8(ascii: "\""), line)
        let (localPart, length) =
            isQuoted ? try quotedString(line) : try dotString(line, allowsSpace: isLenient && isBracketed)
        // RFC 5321 §4.5.3.1.1
        guard length <= limits.localPart else { throw SyntaxError(.localPart, at: start) }
        let afterLocalPart = position
        try foldingSpace(line)
        guard isAt(UInt8(ascii: "@"), line) else {
            if allowsPostmaster, !isQuoted, isPostmaster(line, localPart) {
                if !isBracketed { position = afterLocalPart }
                return ParsedPath(
                    kind: .postmaster, localPart: localPart, isQuoted: false,
                    domain: ByteRange(position, position),
                    isASCII: isASCII, octets: position - start)
            }
            let isMissing = position == end || isAt(UInt8(ascii: ">"), line)
            throw SyntaxError(isMissing ? .mailbox : .localPart, at: position)
        }
        position += 1
        try foldingSpace(line)
        let domain = try domain(line, limits)
        return ParsedPath(
            kind: .mailbox, localPart: localPart, isQuoted: isQuoted, domain: domain, isASCII: isASCII,
            octets: position - start)
    }

    /// In any case (RFC 5321 §4.1.1.3).
    private func isPostmaster(_ line: Span<UInt8>, _ range: ByteRange) -> Bool {
        spells(line.extracting(range.start..<range.end), "postmaster")
    }

    // MARK: Local parts

    /// Atoms with single dots between them (RFC 5321 §4.1.2 Dot-string); with its length.
    private mutating func dotString(
        _ line: Span<UInt8>, allowsSpace: Bool
    ) throws(SyntaxError) -> (ByteRange, Int) {
        let start = position
        var atom = position
        while position < end {
            let octet = line[position]
            if OctetSet.atext.contains(octet) {
                position &+= 1
            } else if octet == UInt8(ascii: ".") {
                guard isLenient || position > atom else { throw SyntaxError(.localPart, at: position) }
                position &+= 1
                atom = position
            } else if octet > 127 {
                _ = try nonASCII(line, in: .localPart)
            } else if octet == 32, allowsSpace {
                position &+= 1
            } else {
                break
            }
        }
        guard position > (isLenient ? start : atom) else { throw SyntaxError(.localPart, at: position) }
        var last = position
        while allowsSpace, last > start, line[last - 1] == 32 { last -= 1 }
        return (ByteRange(start, last), last - start)
    }

    /// `"…"`, which may be empty (RFC 5321 §4.1.2 Quoted-string); with its length when unquoted.
    private mutating func quotedString(_ line: Span<UInt8>) throws(SyntaxError) -> (ByteRange, Int) {
        let start = position
        var backslashes = 0
        position += 1
        while position < end {
            let octet = line[position]
            if OctetSet.quotedText.contains(octet) {
                position &+= 1
            } else if octet == UInt8(ascii: "\"") {
                position &+= 1
                return (ByteRange(start, position), position - start - 2 - backslashes)
            } else if octet == UInt8(ascii: "\\") {
                guard position + 1 < end, OctetSet.printable.contains(line[position + 1]) else { break }
                backslashes += 1
                position &+= 2
            } else if octet > 127 {
                _ = try nonASCII(line, in: .localPart)
            } else {
                break
            }
        }
        throw SyntaxError(.localPart, at: position)
    }
}
