extension ClientSession {
    /// Who we say we are, what we do by ourselves, and the bounds on what we accept.
    public struct Configuration: Sendable {
        /// What follows EHLO, HELO or LHLO: always ASCII.
        public private(set) var name: MailDomain
        /// SMTP or LMTP.
        public var dialect = Dialect.smtp
        /// Whether to ask for TLS after EHLO.
        public var startTLS = StartTLS.never
        /// Whether to use PIPELINING where the server offers it.
        public var usesPipelining = true
        /// The bounds on replies.
        public var replies = ReplyReader.Limits()
        /// Octets of commands that may wait to be sent before further ones are written.
        public var pipelinedSize = 64 << 10
        /// Octets in a path, its angle brackets included (RFC 5321 §4.5.3.1.3).
        public var longestPath = 256
        /// Recipients in a transaction, whatever the server would take; `nil` for no limit of ours.
        public var recipients: Int?
        /// Octets in a line of content (RFC 5321 §4.5.3.1.6).
        public var longestLine = ContentTraits.longestLine
        /// What content may not have. Bare CRs and LFs become CRLF unless they are named here.
        public var refusedContent: ContentTraits = [.nul, .longLine]
        /// What mechanisms other than PLAIN, LOGIN and tokens need.
        public var crypto: (any SASLCrypto)?

        /// The defaults, for a client of this name. Throws unless the name is ASCII: there is no other form of it
        /// before EHLO (RFC 6531 §3.7.1).
        public init(name: MailDomain, dialect: Dialect = .smtp) throws(SyntaxError) {
            if case .name(let name) = name, !name.isASCII { throw SyntaxError(.domain, at: 0) }
            self.name = name
            self.dialect = dialect
        }

        /// The same for a client of this name; the caller knows that it is ASCII.
        package func renamed(_ name: AddressLiteral) -> Self {
            var changed = self
            changed.name = .literal(name)
            return changed
        }
    }

    /// The two protocols.
    public enum Dialect: Hashable, Sendable {
        /// RFC 5321.
        case smtp
        /// RFC 2033.
        case lmtp
    }

    /// What to do about STARTTLS (RFC 3207).
    public enum StartTLS: Hashable, Sendable {
        /// Nothing.
        case never
        /// Use it if the server offers it and agrees.
        case ifOffered
        /// Use it, or send nothing.
        case required
    }

    /// The stages of a session; each has a time limit of its own (RFC 5321 §4.5.3.2).
    public enum Phase: UInt8, Hashable, Sendable, CaseIterable {
        /// The connection is being made.
        case connecting
        /// The greeting is awaited.
        case greeting
        /// The reply to EHLO, HELO or LHLO is awaited.
        case hello
        /// The reply to STARTTLS is awaited.
        case startTLS
        /// TLS is shaking hands.
        case handshake
        /// A reply in an exchange of AUTH is awaited.
        case authentication
        /// Nothing is awaited: between requests, and where it is decided whether one can be begun.
        case ready
        /// The reply to RSET is awaited.
        case reset
        /// The reply to MAIL is awaited.
        case mail
        /// The reply to RCPT is awaited.
        case recipient
        /// The reply to DATA is awaited.
        case data
        /// Content is being sent.
        case content
        /// The reply to the end mark is awaited.
        case finalReply
        /// The reply to VRFY, EXPN, HELP or NOOP is awaited.
        case command
        /// The reply to QUIT is awaited.
        case quit
        /// It is over.
        case closed
    }
}
