/// A command line cut at its first blank; the ranges are positions in the line.
public struct ParsedVerb: BitwiseCopyable, Hashable, Sendable {
    /// Which command it is.
    public var verb: Verb
    /// The word itself; empty if the line is, or begins with a blank.
    public var name: ByteRange
    /// What follows the one space after the word, without blanks at the end.
    public var argument: ByteRange
}

/// A reverse-path or forward-path; the ranges are positions in the line.
public struct ParsedPath: BitwiseCopyable, Hashable, Sendable {
    /// What kind of path it is.
    public var kind: Kind
    /// As sent, quotes included; the word itself for Postmaster.
    public var localPart: ByteRange
    /// Whether the local part is a quoted string.
    public var isQuoted: Bool
    /// A name, or a literal with its brackets.
    public var domain: ByteRange
    /// Whether it can be taken without SMTPUTF8 (RFC 6531 §3.3).
    public var isASCII: Bool
    /// The length of the whole path, brackets and route included.
    public var octets: Int

    /// The forms of a path (RFC 5321 §4.1.1.2, §4.1.1.3).
    public enum Kind: UInt8, BitwiseCopyable, Hashable, Sendable {
        /// `<>`
        case null
        /// `<Postmaster>`, in any case.
        case postmaster
        /// A mailbox.
        case mailbox
    }
}

/// The argument of MAIL or RCPT.
public struct ParsedMail: BitwiseCopyable, Hashable, Sendable {
    /// The path, syntax checked.
    public var path: ParsedPath
    /// What follows the one space after the path: for `CommandParser.nextParameter`.
    public var parameters: ByteRange
}

/// A parameter of MAIL or RCPT; the ranges are positions in the line.
public struct ParsedParameter: BitwiseCopyable, Hashable, Sendable {
    /// Its name.
    public var keyword: ByteRange
    /// What follows `=`: at least one octet, well-formed; `nil` without `=`.
    public var value: ByteRange?
}
