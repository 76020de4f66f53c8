/// A domain name as it was sent (RFC 5321 §4.1.2 Domain, RFC 6531 §3.3): labels of letters, digits and hyphens, or
/// U-labels in UTF-8. Names that differ only in the case of ASCII letters are equal (RFC 5321 §2.4); a U-label and
/// its A-label are not.
public struct DomainName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// As sent: ASCII or well-formed UTF-8.
    public let bytes: [UInt8]

    /// Throws unless the whole text is a domain name.
    public init(_ text: String) throws(SyntaxError) {
        let bytes = Array(text.utf8)
        var cursor = AddressCursor(ByteRange(0, bytes.count), .strict)
        try cursor.domainName(bytes.span)
        guard cursor.isAtEnd else { throw SyntaxError(.domain, at: cursor.position) }
        self.bytes = bytes
    }

    /// Traps on a literal that is no domain name.
    public init(stringLiteral text: String) {
        do { try self.init(text) } catch { preconditionFailure("not a domain name") }
    }

    /// Bytes that the parser has let pass.
    init(parsed bytes: [UInt8]) { self.bytes = bytes }

    /// Whether it can be sent without SMTPUTF8.
    public var isASCII: Bool { UTF8Check.isASCII(bytes.span) }

    /// As sent.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// Equal but for the case of ASCII letters (RFC 5321 §2.4).
    public static func == (a: Self, b: Self) -> Bool {
        a.bytes.count == b.bytes.count
            && zip(a.bytes, b.bytes).allSatisfy { $0.lowercasedASCII == $1.lowercasedASCII }
    }

    /// Consistent with `==`.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(bytes.count)
        for octet in bytes { hasher.combine(octet.lowercasedASCII) }
    }
}

/// The right-hand side of a mailbox: a name or an address literal (RFC 5321 §4.1.2, §4.1.3).
public enum MailDomain: Hashable, Sendable, CustomStringConvertible {
    /// `example.com`
    case name(DomainName)
    /// `[192.0.2.1]`
    case literal(AddressLiteral)

    /// Throws unless the whole text is a domain name or, in brackets, an address literal.
    public init(_ text: String) throws(SyntaxError) {
        let bytes = Array(text.utf8)
        let whole = ByteRange(0, bytes.count)
        self = try CommandParser.helloDomain(bytes.span, whole, .strict)
    }

    /// The domain that the parser found in `range`, copied out of the line.
    init(_ line: Span<UInt8>, parsed range: ByteRange) {
        if let literal = AddressLiteral(line, range) {
            self = .literal(literal)
        } else {
            self = .name(DomainName(parsed: (range.start..<range.end).map { line[$0] }))
        }
    }

    /// As sent, or the canonical form of the literal with its brackets.
    public var description: String {
        switch self {
        case .name(let name): name.description
        case .literal(let literal): literal.description
        }
    }
}
