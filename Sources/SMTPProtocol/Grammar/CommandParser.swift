/// The commands, parsed in place: positions in, positions out, nothing copied (RFC 5321 §4.1).
///
/// The time is linear in the length of the line, whatever is in it, and no octets make it trap. Ranges that are handed
/// in must lie within the line.
public enum CommandParser {
    /// Cuts a line, given without its CRLF, at the first blank. Never fails: what is no command is `.other`.
    public static func verb(_ line: Span<UInt8>) -> ParsedVerb {
        var nameEnd = 0
        while nameEnd < line.count, !line[nameEnd].isBlank { nameEnd &+= 1 }
        // Blanks at the end are tolerated (RFC 5321 §4.1.1).
        var end = line.count
        while end > nameEnd, line[end &- 1].isBlank { end &-= 1 }
        var start = nameEnd
        if start < end, line[start] == 32 { start &+= 1 }
        return ParsedVerb(
            verb: Verb(line.extracting(0..<nameEnd)), name: ByteRange(0, nameEnd),
            argument: ByteRange(start, end))
    }

    /// The argument of MAIL: `FROM:`, a reverse-path, and where the parameters begin (RFC 5321 §4.1.1.2).
    ///
    /// The error's production is `.command` if `FROM:` is missing.
    public static func mail(
        _ line: Span<UInt8>, _ argument: ByteRange, _ syntax: AddressSyntax = .strict,
        _ limits: AddressLimits = AddressLimits()
    ) throws(SyntaxError) -> ParsedMail {
        var cursor = AddressCursor(argument, syntax)
        try cursor.word("from:", line)
        return try cursor.pathAndParameters(line, limits, isForward: false)
    }

    /// The argument of RCPT: `TO:`, a forward-path, and where the parameters begin (RFC 5321 §4.1.1.3).
    ///
    /// The error's production is `.command` if `TO:` is missing.
    public static func recipient(
        _ line: Span<UInt8>, _ argument: ByteRange, _ syntax: AddressSyntax = .strict,
        _ limits: AddressLimits = AddressLimits()
    ) throws(SyntaxError) -> ParsedMail {
        var cursor = AddressCursor(argument, syntax)
        try cursor.word("to:", line)
        return try cursor.pathAndParameters(line, limits, isForward: true)
    }

    /// Takes the next parameter off the front of `rest`; `nil` when nothing is left (RFC 5321 §4.1.2 Mail-parameters).
    ///
    /// There is one space between two parameters; in the lenient syntax, any number of blanks.
    public static func nextParameter(
        _ line: Span<UInt8>, _ rest: inout ByteRange, _ syntax: AddressSyntax = .strict
    ) throws(SyntaxError) -> ParsedParameter? {
        var index = rest.start
        while syntax == .lenient, index < rest.end, line[index].isBlank { index &+= 1 }
        guard index < rest.end else {
            rest.start = rest.end
            return nil
        }
        guard OctetSet.letterDigit.contains(line[index]) else { throw SyntaxError(.parameter, at: index) }
        let start = index
        while index < rest.end, OctetSet.letterDigitHyphen.contains(line[index]) { index &+= 1 }
        var parameter = ParsedParameter(keyword: ByteRange(start, index), value: nil)
        if index < rest.end, line[index] == UInt8(ascii: "=") {
            let end = try parameterValue(line, ByteRange(index &+ 1, rest.end))
            parameter.value = ByteRange(index &+ 1, end)
            index = end
        }
        if index < rest.end {
            guard line[index] == 32 || syntax == .lenient && line[index] == 9 else {
                throw SyntaxError(.parameter, at: index)
            }
            index &+= 1
        }
        rest.start = index
        return parameter
    }

    /// Where the value at the start of `range` ends: printable ASCII without `=`, or not ASCII at all
    /// (RFC 5321 §4.1.2 esmtp-value, RFC 6531 §3.3).
    static func parameterValue(_ line: Span<UInt8>, _ range: ByteRange) throws(SyntaxError) -> Int {
        var index = range.start
        while index < range.end {
            if OctetSet.parameterValue.contains(line[index]) {
                index &+= 1
            } else if line[index] > 127 {
                let length = UTF8Check.scalarLength(line, at: index, end: range.end)
                guard length > 0 else { throw SyntaxError(.parameter, at: index) }
                index &+= length
            } else {
                break
            }
        }
        guard index > range.start else { throw SyntaxError(.parameter, at: index) }
        return index
    }

    /// The number that 1 to 20 ASCII digits, and nothing else, stand for; `nil` if it is above `Int.max`.
    public static func decimal(_ line: Span<UInt8>, _ range: ByteRange) -> Int? {
        guard range.count >= 1, range.count <= 20 else { return nil }
        var number = 0
        for index in range.start..<range.end {
            guard let digit = line[index].decimalValue else { return nil }
            if range.count <= 18 {
                number = number &* 10 &+ Int(digit)
                continue
            }
            let (product, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, isStillTooLarge) = product.addingReportingOverflow(Int(digit))
            if isTooLarge || isStillTooLarge { return nil }
            number = sum
        }
        return number
    }

    /// The argument of HELO, EHLO or LHLO: a domain name or an address literal, and nothing else
    /// (RFC 5321 §4.1.1.1).
    public static func helloDomain(
        _ line: Span<UInt8>, _ range: ByteRange, _ syntax: AddressSyntax = .strict
    ) throws(SyntaxError) -> MailDomain {
        var cursor = AddressCursor(range, syntax)
        try cursor.foldingSpace(line)
        let domain = try cursor.domain(line, AddressLimits())
        try cursor.foldingSpace(line)
        guard cursor.isAtEnd else { throw SyntaxError(.domain, at: cursor.position) }
        return MailDomain(line, parsed: domain)
    }
}
