import SMTPProtocol

/// How long a client waits, by what it waits for (RFC 5321 §4.5.3.2).
public struct ClientTimeouts: Hashable, Sendable {
    /// For the connection to be made, each address by itself.
    @Nanoseconds public var connecting: Duration = .seconds(30)
    /// For the greeting.
    @Nanoseconds public var greeting: Duration = .seconds(300)
    /// For the reply to EHLO, HELO or LHLO.
    @Nanoseconds public var hello: Duration = .seconds(300)
    /// For the reply to STARTTLS.
    @Nanoseconds public var startTLS: Duration = .seconds(300)
    /// For the whole TLS handshake.
    @Nanoseconds public var handshake: Duration = .seconds(30)
    /// For each reply in an exchange of AUTH.
    @Nanoseconds public var authentication: Duration = .seconds(300)
    /// For the reply to MAIL.
    @Nanoseconds public var mail: Duration = .seconds(300)
    /// For the reply to each RCPT.
    @Nanoseconds public var recipient: Duration = .seconds(300)
    /// For the reply to DATA.
    @Nanoseconds public var data: Duration = .seconds(120)
    /// For the server to take more of what is being sent.
    @Nanoseconds public var block: Duration = .seconds(180)
    /// For the reply to the end mark, from when it has been sent; in LMTP, for each.
    @Nanoseconds public var finalReply: Duration = .seconds(600)
    /// For the reply to RSET.
    @Nanoseconds public var reset: Duration = .seconds(20)
    /// For the reply to VRFY, EXPN, HELP or NOOP.
    @Nanoseconds public var command: Duration = .seconds(300)
    /// For the reply to QUIT.
    @Nanoseconds public var quit: Duration = .seconds(5)

    /// The defaults.
    public init() {}

    /// For what is awaited in `phase`; `nil` where nothing is.
    func nanoseconds(for phase: ClientSession.Phase) -> Int64? {
        switch phase {
        case .connecting: $connecting
        case .greeting: $greeting
        case .hello: $hello
        case .startTLS: $startTLS
        case .handshake: $handshake
        case .authentication: $authentication
        case .mail: $mail
        case .recipient: $recipient
        case .data: $data
        case .finalReply: $finalReply
        case .reset: $reset
        case .command: $command
        case .quit: $quit
        // What holds up content is the server's window, or the caller.
        case .ready, .content, .closed: nil
        }
    }
}
