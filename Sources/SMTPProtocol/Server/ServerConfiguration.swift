extension ServerSession {
    /// What a server offers and enforces.
    public struct Configuration: Sendable {
        /// SMTP or LMTP.
        public var dialect = Dialect.smtp
        /// The server's own name, first in the greeting and in the EHLO reply.
        public var hostname: String
        /// The text after the name in the greeting.
        public var banner = "ESMTP ready"
        /// What EHLO offers, in this order.
        public var extensions = ServiceExtension.standard
        /// Verbs of the application's own; each is asked as `Question.command`.
        public var verbs: [Keyword] = []
        /// The bounds.
        public var limits = Limits.mx
        /// How addresses are read.
        public var addressSyntax = AddressSyntax.strict
        /// The tags of general address literals that are accepted; `IPv6` always is (RFC 5321 §4.1.3).
        public var literalTags: [Keyword] = []
        /// Whether LF alone ends a command line, for typing by hand. It never ends content.
        public var acceptsBareLineFeedInCommands = false
        /// What becomes of content that holds a bare CR or LF.
        public var bareNewlines = BareNewlines.reject
        /// Whether TLS is there, and needed, above a clear connection (RFC 3207).
        public var startTLS = StartTLSPolicy.none
        /// Whether clients must say who they are, and how they may.
        public var authentication = AuthenticationPolicy.off

        /// RFC defaults for everything but the name.
        public init(hostname: String) { self.hostname = hostname }
    }

    /// SMTP (RFC 5321) or LMTP (RFC 2033).
    public enum Dialect: Hashable, Sendable { case smtp, lmtp }

    /// STARTTLS: absent, offered, or needed before mail is taken (RFC 3207 §4).
    public enum StartTLSPolicy: Hashable, Sendable { case none, offered, required }
}

/// What becomes of content that holds CR or LF alone. In every mode only CRLF.CRLF ends it (RFC 5321 §4.1.1.4).
public enum BareNewlines: Hashable, Sendable {
    /// Read to the real end, then refuse with 550 5.5.2.
    case reject
    /// Make each a CRLF.
    case normalize
    /// Pass them on.
    case preserve
}
