/// A decision the session cannot take alone. Each is answered once, now or later.
public enum Question: Sendable {
    /// Greet, or refuse with 554 (RFC 5321 §3.1).
    case connect
    /// EHLO, HELO or LHLO, and what would be offered.
    case hello(Hello, offering: [ServiceExtension])
    /// AUTH: what is kept for a name? Answered with `.key`, or as a name that nobody knows.
    indirect case authenticationKey(SASLKeyRequest)
    /// AUTH: are these credentials good, and whose are they?
    indirect case authenticate(Credentials)
    /// MAIL: begin a transaction?
    case mail(ReversePath, MailParameters)
    /// RCPT: take this recipient?
    case recipient(ForwardPath, RecipientParameters)
    /// DATA: is the content wanted?
    case data
    /// A run of content, dots already unstuffed. The answer is the flow control.
    case content(ContentPiece)
    /// The content is complete, `size` octets: take responsibility for the mail? (RFC 5321 §6.1)
    case message(Envelope, size: Int)
    /// VRFY with its argument.
    case verify(String)
    /// EXPN with its argument.
    case expand(String)
    /// HELP with its argument, if any.
    case help(String?)
    /// NOOP with its argument, if any.
    case noOperation(String?)
    /// A verb that the configuration registers for the application, and its argument.
    case command(Keyword, argument: String)
}

/// Where a run of content lies.
public enum ContentPiece: BitwiseCopyable, Hashable, Sendable {
    /// In the input that was given to `next`.
    case input(ByteRange)
    /// In what the session has gathered of many short runs: `ServerSession.gathered`.
    case gathered
}

/// The decision. A reply's severity is the decision: 2yz commits, 4yz and 5yz refuse.
public enum Answer: Hashable, Sendable {
    /// The standard positive reply for the question.
    case accept
    /// This reply; its severity decides. A 3yz counts as a refusal with 451.
    case reply(Reply)
    /// For `.hello`: accept, offering this instead.
    case offer([ServiceExtension])
    /// For `.message` in LMTP: one reply for each accepted recipient, in order (RFC 2033 §4.2).
    case replies([Reply])
    /// For `.authenticate`: they are good, and the client acts under this name.
    case identity(String)
    /// For `.authenticationKey`: this is kept.
    indirect case key(SASLKey)
    /// Say this, then close.
    case close(Reply)
}

/// How the client introduced itself.
public struct Hello: Hashable, Sendable {
    /// The verb used: whether the client speaks ESMTP.
    public let verb: Verb
    /// Who it says it is. Recorded, never trusted (RFC 5321 §4.1.4).
    public let client: MailDomain

    /// An introduction.
    public init(_ verb: Verb, _ client: MailDomain) {
        self.verb = verb
        self.client = client
    }

    /// The three ways to say hello.
    public enum Verb: Hashable, Sendable { case helo, ehlo, lhlo }
}

/// A fact the session reports.
public enum Notice: Hashable, Sendable {
    /// TLS is on.
    indirect case secured(Security)
    /// The client has proven who it is.
    indirect case authenticated(Identity)
    /// A transaction is over; whatever was kept for it may go unless it was `.delivered`.
    case reset(ResetCause)
    /// The client said QUIT.
    case quit
    /// The peer broke a rule; it has been answered.
    case peerError(PeerError)
    /// A question was not answered in time; the client got a 451.
    case answerTimedOut
    /// The session is over. Always the last notice.
    case closed(CloseCause)
}

/// Why a transaction ended.
public enum ResetCause: Hashable, Sendable {
    /// RSET.
    case rset
    /// A new EHLO or HELO (RFC 5321 §4.1.4).
    case hello
    /// The message was accepted.
    case delivered
    /// The message, or the content half-way, was refused.
    case refused
    /// The session ended first: nothing was accepted (RFC 5321 §4.1.1.10).
    case aborted
}

/// Why a session ended.
public enum CloseCause: Hashable, Sendable {
    /// QUIT.
    case quit
    /// The application refused the client.
    case refused
    /// The server is going down.
    case shutDown
    /// The client's budget for errors, junk or messages is spent.
    case tooManyErrors
    /// The client closed the connection.
    case peerClosed
    /// A deadline passed; which one.
    case timedOut(Deadline)
    /// The transport failed.
    case transportFailed
    /// The layer below the session failed: TLS or PROXY.
    case layerFailed
}

/// The deadlines of a connection, by what is being waited for (RFC 5321 §4.5.3.2).
public enum Deadline: UInt8, Hashable, Sendable, CaseIterable {
    /// The PROXY header.
    case proxyHeader
    /// The TLS handshake.
    case handshake
    /// The next whole command.
    case command
    /// The client's part of an AUTH exchange, all of it.
    case authentication
    /// The next octets of content, and their minimum rate.
    case content
    /// The application's answer.
    case answer
    /// The peer taking our whole reply.
    case writing
    /// The pause after too many errors.
    case delay
    /// The peer's end of stream after ours.
    case linger
    /// The session as a whole.
    case session
}

/// What the peer did wrong. Never thrown: it is answered with a reply and noted.
public enum PeerError: Hashable, Sendable {
    /// The command does not follow the grammar.
    case syntax(SyntaxError)
    /// The command is known but not now.
    case badSequence
    /// The verb is unknown or switched off.
    case unknownCommand
    /// The command line is longer than its verb allows.
    case lineTooLong
    /// A line of content is longer than allowed.
    case contentLineTooLong
    /// The message is larger than allowed, or announced to be.
    case sizeExceeded
    /// LF without CR.
    case bareLineFeed
    /// CR without LF.
    case bareCarriageReturn
    /// An octet above 127 where only ASCII may be, or malformed UTF-8.
    case illegalOctet
    /// A limit on recipients, commands or messages.
    case limitReached
    /// Input followed STARTTLS in clear.
    case injectedBeforeTLS
    /// It did not prove who it is.
    case authenticationFailed
    /// It gave up proving who it is.
    case authenticationCancelled
}
