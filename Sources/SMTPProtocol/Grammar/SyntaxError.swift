/// Why some octets are not what the grammar says, and where.
public struct SyntaxError: Error, Hashable, Sendable {
    /// The innermost rule that did not match.
    public let production: Production
    /// Where in the line or text; its length if something is missing at the end.
    public let offset: Int

    /// An error in `production` at `offset`.
    public init(_ production: Production, at offset: Int) {
        self.production = production
        self.offset = offset
    }

    /// The rules of the grammar, as far as an answer depends on them.
    public enum Production: UInt8, Hashable, Sendable {
        /// The words of a command, such as `FROM:`.
        case command
        /// A reverse-path or forward-path: its brackets, its route, its length, what stands after it.
        case path
        /// A mailbox: something is missing on one side of `@`.
        case mailbox
        /// A local part: an octet that may not be in it, or its length.
        case localPart
        /// A domain: an octet that may not be in it, or its length.
        case domain
        /// An address literal.
        case addressLiteral
        /// A keyword, a parameter or its value.
        case parameter
        /// Text in the encoding of RFC 3461.
        case xtext
        /// Base64.
        case base64
        /// A reply.
        case reply
    }
}

/// How exactly addresses must follow the grammar.
public enum AddressSyntax: Hashable, Sendable {
    /// RFC 5321 §4.1.2 and §4.1.3, with RFC 6531 §3.3, to the letter.
    case strict
    /// Also what careless clients send, as long as only one reading is possible:
    ///
    /// * white space after `FROM:` and `TO:`, and a path without its angle brackets;
    /// * spaces, tabs and RFC 5322 comments (nested ones too) around the address, around `@`, in and around a source
    ///   route, and after the path; they are dropped, and count only towards the length of the path;
    /// * in local parts without quotes: dots anywhere and, between brackets, spaces;
    /// * in domains: underscores, and hyphens at either end of a label;
    /// * more than one space or tab between parameters.
    ///
    /// Never taken: control octets other than the tab, malformed UTF-8, a `<` that is not closed, text that touches
    /// the `>`, a mailbox without a domain other than Postmaster, comments within a local part or a domain, and words
    /// that mix quoted and unquoted text.
    case lenient
}
