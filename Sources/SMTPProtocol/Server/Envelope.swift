/// Where failures are reported: `<>` or a mailbox (RFC 5321 §4.1.2 Reverse-path).
public enum ReversePath: Hashable, Sendable {
    /// `<>`: nobody (RFC 5321 §4.5.5).
    case null
    /// The sender.
    case mailbox(Mailbox)
}

/// Where the mail goes: a mailbox or the bare `<Postmaster>` (RFC 5321 §4.1.1.3).
public enum ForwardPath: Hashable, Sendable {
    /// `<Postmaster>` without a domain, in any case.
    case postmaster
    /// A recipient.
    case mailbox(Mailbox)
}

/// The ESMTP parameters of MAIL, decoded (RFC 1870, 6152, 6531; others as the registry lets them in).
public struct MailParameters: Hashable, Sendable {
    /// SIZE=, in octets (RFC 1870 §6).
    public var size: Int?
    /// BODY= (RFC 6152 §2).
    public var body: BodyType?
    /// SMTPUTF8 (RFC 6531 §3.4).
    public var isInternationalized: Bool
    /// Parameters that a registered extension allowed, in the order given.
    public var other: [Parameter]

    /// The parameters named.
    public init(
        size: Int? = nil, body: BodyType? = nil, isInternationalized: Bool = false, other: [Parameter] = []
    ) {
        self.size = size
        self.body = body
        self.isInternationalized = isInternationalized
        self.other = other
    }
}

/// The ESMTP parameters of RCPT that a registered extension allowed.
public struct RecipientParameters: Hashable, Sendable {
    /// In the order given.
    public var other: [Parameter]

    /// The parameters named.
    public init(other: [Parameter] = []) { self.other = other }
}

/// The kind of content announced with BODY= (RFC 6152 §2).
public enum BodyType: Hashable, Sendable {
    /// 7BIT.
    case sevenBit
    /// 8BITMIME.
    case eightBitMIME
}

/// What a mail transaction has collected so far (RFC 5321 §2.3.1).
public struct Envelope: Hashable, Sendable {
    /// From MAIL.
    public let reversePath: ReversePath
    /// From MAIL.
    public let parameters: MailParameters
    /// The accepted recipients, in order, duplicates included.
    public var recipients: [Recipient]

    /// An envelope as MAIL begins it, or as a test wants it.
    public init(
        from reversePath: ReversePath, _ parameters: MailParameters = .init(), to recipients: [Recipient] = []
    ) {
        self.reversePath = reversePath
        self.parameters = parameters
        self.recipients = recipients
    }

    /// One accepted RCPT.
    public struct Recipient: Hashable, Sendable {
        /// Where to.
        public let path: ForwardPath
        /// With what.
        public let parameters: RecipientParameters

        /// A recipient.
        public init(_ path: ForwardPath, _ parameters: RecipientParameters = .init()) {
            self.path = path
            self.parameters = parameters
        }
    }
}
