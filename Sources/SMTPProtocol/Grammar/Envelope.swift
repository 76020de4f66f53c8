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
    /// AUTH=: who first sent the message, as far as the client may be believed (RFC 4954 §5).
    public var originator: ReversePath?
    /// RET= (RFC 3461 §4.3).
    public var returnedContent: ReturnedContent?
    /// ENVID= (RFC 3461 §4.4).
    public var envelopeID: EnvelopeID?
    /// Parameters that a registered extension allowed, in the order given.
    public var other: [Parameter]

    /// The parameters named.
    public init(
        size: Int? = nil, body: BodyType? = nil, isInternationalized: Bool = false,
        originator: ReversePath? = nil, returnedContent: ReturnedContent? = nil,
        envelopeID: EnvelopeID? = nil, other: [Parameter] = []
    ) {
        self.size = size
        self.body = body
        self.isInternationalized = isInternationalized
        self.originator = originator
        self.returnedContent = returnedContent
        self.envelopeID = envelopeID
        self.other = other
    }
}

/// The ESMTP parameters of RCPT, decoded (RFC 3461; others as the registry lets them in).
public struct RecipientParameters: Hashable, Sendable {
    /// NOTIFY= (RFC 3461 §4.1).
    public var notification: DeliveryNotification?
    /// ORCPT= (RFC 3461 §4.2).
    public var originalRecipient: OriginalRecipient?
    /// Parameters that a registered extension allowed, in the order given.
    public var other: [Parameter]

    /// The parameters named.
    public init(
        notification: DeliveryNotification? = nil, originalRecipient: OriginalRecipient? = nil,
        other: [Parameter] = []
    ) {
        self.notification = notification
        self.originalRecipient = originalRecipient
        self.other = other
    }
}

/// The kind of content announced with BODY= (RFC 6152 §2).
public enum BodyType: Hashable, Sendable {
    /// 7BIT.
    case sevenBit
    /// 8BITMIME.
    case eightBitMIME
}

/// What a mail transaction has collected so far (RFC 5321 §2.3.1).
///
/// One reference, so that showing it to a handler at each question costs no more than that.
public struct Envelope: Sendable {
    private var storage: Storage

    /// From MAIL.
    public var reversePath: ReversePath { storage.reversePath }
    /// From MAIL.
    public var parameters: MailParameters { storage.parameters }
    /// The accepted recipients, in order, duplicates included.
    public var recipients: [Recipient] {
        get { unsafe storage.recipients }
        set { storage = Storage(storage.reversePath, storage.parameters, newValue) }
    }

    /// Takes one more; in place, if nobody else holds the envelope.
    public mutating func append(_ recipient: Recipient) {
        if !isKnownUniquelyReferenced(&storage) {
            storage = unsafe Storage(storage.reversePath, storage.parameters, storage.recipients)
        }
        unsafe storage.recipients.append(recipient)
    }

    /// An envelope as MAIL begins it, or as a test wants it.
    public init(
        from reversePath: ReversePath, _ parameters: MailParameters = .init(), to recipients: [Recipient] = []
    ) {
        storage = Storage(reversePath, parameters, recipients)
    }

    /// What an envelope refers to; changed only by an envelope that alone refers to it.
    private final class Storage: Sendable {
        let reversePath: ReversePath
        let parameters: MailParameters
        nonisolated(unsafe) var recipients: [Recipient]

        init(_ reversePath: ReversePath, _ parameters: MailParameters, _ recipients: [Recipient]) {
            self.reversePath = reversePath
            self.parameters = parameters
            unsafe self.recipients = recipients
        }
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

extension Envelope: Hashable {
    /// The same sender, parameters and recipients.
    public static func == (a: Self, b: Self) -> Bool {
        a.reversePath == b.reversePath && a.parameters == b.parameters && a.recipients == b.recipients
    }

    /// Consistent with `==`.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(reversePath)
        hasher.combine(parameters)
        hasher.combine(recipients)
    }
}
