/// The name of a service extension, a parameter or a verb: ASCII letters, digits and hyphens, the first no hyphen
/// (RFC 5321 §4.1.1.1 ehlo-keyword, §4.1.2 esmtp-keyword). Names that differ only in case are the same.
public struct Keyword: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// In upper case.
    public let bytes: [UInt8]

    /// `nil` unless `bytes` are such a name.
    public init?(_ bytes: Span<UInt8>) {
        guard bytes.count > 0, OctetSet.letterDigit.contains(bytes[0]) else { return nil }
        var name: [UInt8] = []
        name.reserveCapacity(bytes.count)
        for index in bytes.indices {
            guard OctetSet.letterDigitHyphen.contains(bytes[index]) else { return nil }
            name.append(bytes[index].uppercasedASCII)
        }
        self.bytes = name
    }

    /// `nil` unless `text` is such a name.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        self.init(bytes.span)
    }

    /// Traps on a literal that is no such name.
    public init(stringLiteral text: String) {
        guard let keyword = Self(text) else { preconditionFailure("not a keyword") }
        self = keyword
    }

    /// Whether `name` is this name, in any case.
    public func matches(_ name: Span<UInt8>) -> Bool {
        guard name.count == bytes.count else { return false }
        let own = bytes.span
        for index in own.indices where name[index].uppercasedASCII != own[index] { return false }
        return true
    }

    /// In upper case.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// A parameter of MAIL or RCPT (RFC 5321 §4.1.2 esmtp-param).
public struct Parameter: Hashable, Sendable {
    /// Its name.
    public let keyword: Keyword
    /// What follows `=`, exactly as sent; `nil` without `=`.
    public let value: String?

    /// Throws unless `value` is one or more printable ASCII characters other than `=` and space, or not ASCII at all
    /// (RFC 5321 §4.1.2 esmtp-value, RFC 6531 §3.3).
    public init(_ keyword: Keyword, value: String? = nil) throws(SyntaxError) {
        if let value {
            let octets = Array(value.utf8)
            let end = try CommandParser.parameterValue(octets.span, ByteRange(0, octets.count))
            guard end == octets.count else { throw SyntaxError(.parameter, at: end) }
        }
        self.keyword = keyword
        self.value = value
    }

    /// The value, which `CommandParser.nextParameter` found, copied out of the line.
    init(_ line: Span<UInt8>, _ keyword: Keyword, _ value: ByteRange?) {
        self.keyword = keyword
        self.value = value.map { range in
            var octets: [UInt8] = []
            octets.reserveCapacity(range.count)
            for index in range.start..<range.end { octets.append(line[index]) }
            return String(decoding: octets, as: UTF8.self)
        }
    }
}
