/// What a caller can want of a client session.
public enum ClientRequest: Hashable, Sendable {
    /// One transaction; content follows through `send(content:isLast:)` when the session waits for it.
    ///
    /// What is known of the content is announced and checked before MAIL; without a summary it is checked as it is
    /// sent, and content that cannot be sent then costs the connection.
    case deliver(Envelope, ContentSummary? = nil)
    /// AUTH, with the best mechanism that is offered and allowed, to its end.
    case authenticate(Authentication)
    /// VRFY.
    case verify(CommandArgument)
    /// EXPN.
    case expand(CommandArgument)
    /// HELP.
    case help(CommandArgument?)
    /// NOOP.
    case noOperation
    /// RSET; not needed between transactions.
    case reset
    /// QUIT; requests that come after it fail.
    case quit
}

/// The argument of VRFY, EXPN or HELP: printable ASCII that cannot end its line.
public struct CommandArgument: Hashable, Sendable {
    /// The text.
    public let text: String

    /// Throws unless `text` is one to 500 printable ASCII characters.
    public init(_ text: String) throws(SyntaxError) {
        for (index, octet) in text.utf8.enumerated() where !OctetSet.printable.contains(octet) {
            throw SyntaxError(.command, at: index)
        }
        guard (1...500).contains(text.utf8.count) else { throw SyntaxError(.command, at: text.utf8.count) }
        self.text = text
    }
}

/// Ties a notice to its request.
public struct RequestID: Hashable, Sendable {
    let number: Int
}

/// What a client session reports.
public enum ClientNotice: Hashable, Sendable {
    /// The server's greeting.
    case greeted(Reply)
    /// EHLO, HELO or LHLO was answered; what is offered from now on.
    case introduced(ServiceExtensions)
    /// TLS is on, and everything said before is forgotten.
    case secured(Security)
    /// The reply to a request other than `deliver`.
    case replied(Reply, to: RequestID)
    /// There will be no reply to a request other than `deliver`.
    case failed(ClientFailure, RequestID)
    /// A transaction is over: one outcome for each recipient, in the order of the envelope.
    case finished([RecipientOutcome], RequestID)
    /// The session is over; `nil` after QUIT. Always the last notice.
    case closed(ClientFailure?)
}

/// What became of one recipient.
public struct RecipientOutcome: Hashable, Sendable {
    /// Who.
    public let recipient: ForwardPath
    /// What became of it.
    public let result: Result
    /// Where that was decided.
    public let phase: ClientSession.Phase
    /// By whom, and why.
    public let reason: Reason

    /// What can become of a recipient.
    public enum Result: Hashable, Sendable {
        /// The server has taken responsibility (RFC 5321 §6.1).
        case delivered
        /// Not delivered; another attempt may do better.
        case refusedForNow
        /// Not delivered, and another attempt will not do better.
        case refusedForGood
        /// The content was sent whole, but there was no answer: it may have been delivered (RFC 5321 §6.1).
        case unknown
    }

    /// What decided.
    public enum Reason: Hashable, Sendable {
        /// The server said so.
        case reply(Reply)
        /// The session came to an end.
        case failure(ClientFailure)
        /// It could not be asked for, so nothing was said to the server.
        case local(LocalRefusal)
    }

    /// Whether the recipient was only one too many: others were not, and a further transaction may be tried at once
    /// (RFC 5321 §4.5.3.1.10).
    public var wasOneTooMany: Bool {
        switch reason {
        case .local(let refusal): refusal == .recipientLimit
        case .reply(let reply): phase == .recipient && (reply.code == 452 || reply.code == 552)
        case .failure: false
        }
    }

    init(_ recipient: ForwardPath, _ reply: Reply, in phase: ClientSession.Phase) {
        self.recipient = recipient
        self.phase = phase
        reason = .reply(reply)
        result =
            switch reply.code.severity {
            case .completion: .delivered
            case .intermediate, .transient: .refusedForNow
            case .permanent: .refusedForGood
            }
    }

    package init(_ recipient: ForwardPath, _ failure: ClientFailure, mayBeDelivered: Bool = false) {
        self.recipient = recipient
        phase = failure.phase
        reason = .failure(failure)
        result = mayBeDelivered ? .unknown : failure.isPermanent ? .refusedForGood : .refusedForNow
    }

    init(_ recipient: ForwardPath, _ refusal: LocalRefusal) {
        self.recipient = recipient
        phase = .ready
        reason = .local(refusal)
        result = refusal.isPermanent ? .refusedForGood : .refusedForNow
    }
}

/// Why a transaction or a recipient was not even asked for.
public enum LocalRefusal: Hashable, Sendable {
    /// An address or the header section needs SMTPUTF8, which is not offered (RFC 6531 §3.2).
    case needsSMTPUTF8
    /// The content needs 8BITMIME, which is not offered (RFC 6152 §3).
    case needsEightBitMIME
    /// The content is larger than the server says it takes (RFC 1870 §6.1).
    case tooLarge(limit: Int)
    /// The content has what is not to be sent.
    case content(ContentTraits)
    /// The parameter belongs to an extension that is not offered (RFC 5321 §4.1.1.11).
    case notOffered(Keyword)
    /// The path is longer than allowed.
    case pathTooLong
    /// The transaction has as many recipients, or domains, as are allowed.
    case recipientLimit
    /// The session has had as many transactions as the server says it takes.
    case messageLimit

    /// Whether another attempt at this server would end the same.
    var isPermanent: Bool {
        switch self {
        case .needsSMTPUTF8, .needsEightBitMIME, .tooLarge, .content, .notOffered, .pathTooLong: true
        case .recipientLimit, .messageLimit: false
        }
    }
}

/// Why a client session cannot go on, and where it stood.
public struct ClientFailure: Error, Hashable, Sendable {
    /// Why.
    public let cause: Cause
    /// Where.
    public let phase: ClientSession.Phase

    /// A failure.
    public init(_ cause: Cause, in phase: ClientSession.Phase) {
        self.cause = cause
        self.phase = phase
    }

    /// Why a session can end without QUIT.
    public enum Cause: Hashable, Sendable {
        /// The server refused us; its reply.
        case refused(Reply)
        /// The server said 421 (RFC 5321 §3.8).
        case shutDown(Reply)
        /// The server said what is no reply.
        case malformedReply(ReplyFault)
        /// The server's reply has no place here: nobody asked, or its class makes no sense.
        case unexpectedReply(Reply)
        /// Input came with the reply to STARTTLS, in clear.
        case injectedBeforeTLS
        /// An extension that is required is not offered.
        case notOffered(Keyword)
        /// The server closed the connection.
        case connectionLost
        /// A deadline passed.
        case timedOut
        /// The transport failed, or no connection was made.
        case transportFailed
        /// TLS failed.
        case layerFailed
        /// No mechanism is offered that would do, or that may be used without TLS.
        case noMechanism
        /// The exchange did not come to its end, or the server did not prove itself.
        case authentication(SASLFailure)
        /// The content, of which nothing was known before, has what cannot be sent.
        case contentRefused(ContentTraits)
        /// The caller gave up.
        case cancelled
        /// QUIT was asked for first.
        case ended
    }

    /// Whether another attempt at this server would end the same.
    var isPermanent: Bool {
        switch cause {
        case .refused(let reply): reply.code.severity == .permanent
        case .contentRefused: true
        case .shutDown, .malformedReply, .unexpectedReply, .injectedBeforeTLS, .notOffered, .connectionLost,
            .timedOut, .transportFailed, .layerFailed, .noMechanism, .authentication, .cancelled, .ended:
            false
        }
    }
}
