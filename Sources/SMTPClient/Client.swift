public import SMTPConnection
public import SMTPProtocol
public import SMTPSockets

/// Sends messages to one server, over TCP or a Unix socket. The connection is kept between messages.
///
/// ```swift
/// let client = Client(try .init(server: .tcp(host: "mx.example.org", port: 25)))
/// let outcomes = try client.send(message, from: "a@example.com", to: ["b@example.org"])
/// client.close()
/// ```
///
/// Every recipient has one outcome, in the order given. Nothing is thrown once there is a connection: a server that
/// goes away leaves each recipient refused for now or, if the whole content may have arrived, unknown. Messages are
/// sent one after the other, whatever the number of threads that send.
public final class Client: Sendable {
    /// Where to, as whom, and how.
    public let configuration: Configuration
    private let line = PosixLock()
    /// Guarded by `line`.
    private nonisolated(unsafe) var kept: Conversation?
    private let current = CurrentSocket()

    /// No connection is made before the first message.
    public init(_ configuration: Configuration) { self.configuration = configuration }

    /// What a client is made with.
    public struct Configuration: Sendable {
        /// The server.
        public var server: Endpoint
        /// The session, TLS and deadlines.
        public var connection: ClientConnection.Configuration
        /// Whether the client calls itself by the address of its socket, which is right where it has no name.
        public var usesAddressAsName: Bool
        /// Who the client is to the server; nobody if not set. If it cannot be shown, nothing is sent.
        public var authentication: Authentication?
        /// Sees all lines in both directions, and how much content went out; never a secret.
        public var trace: (@Sendable (TraceLine) -> Void)?

        /// Throws unless `name`, which follows EHLO, is ASCII. Without one it is the address of the socket.
        public init(
            server: Endpoint, name: MailDomain? = nil, dialect: ClientSession.Dialect = .smtp
        ) throws(SyntaxError) {
            self.server = server
            usesAddressAsName = name == nil
            connection = .init(try .init(name: name ?? .name("localhost"), dialect: dialect))
        }
    }

    /// To be used under `line` only.
    private var conversation: Conversation? {
        get { unsafe kept }
        set { unsafe kept = newValue }
    }

    // MARK: Sending

    /// Sends a message. `content` is a whole message as it is; line ends of any kind are sent as CRLF. An empty sender
    /// is the null reverse-path.
    public func send(
        _ content: [UInt8], from sender: String, to recipients: [String]
    ) throws(ClientError) -> [RecipientOutcome] {
        try send(content, Self.envelope(from: sender, to: recipients))
    }

    /// Sends a message with an envelope that has parameters.
    ///
    /// Recipients that were one too many are tried again at once, in a further transaction, as long as somebody gets
    /// the message that way (RFC 5321 §4.5.3.1.10).
    public func send(_ content: [UInt8], _ envelope: Envelope) throws(ClientError) -> [RecipientOutcome] {
        try line.withLock { () throws(ClientError) in
            try deliver(content, envelope)
        }
    }

    /// Says QUIT, if there is a connection.
    public func close() {
        line.withLock {
            conversation?.quit()
            conversation = nil
        }
    }

    /// Breaks off what is being sent, from any thread: it ends at once, and its outcomes say how far it went.
    public func cancel() { current.cancel() }

    private static func envelope(
        from sender: String, to recipients: [String]
    ) throws(ClientError) -> Envelope {
        var paths: [Envelope.Recipient] = []
        for text in recipients { paths.append(.init(try forwardPath(text))) }
        return Envelope(from: try reversePath(sender), to: paths)
    }

    /// The sender that `text` names.
    public static func reversePath(_ text: String) throws(ClientError) -> ReversePath {
        if text.utf8.isEmpty || text.utf8.elementsEqual("<>".utf8) { return .null }
        return .mailbox(try mailbox(text))
    }

    /// The recipient that `text` names; `postmaster` needs no domain (RFC 5321 §4.5.1).
    public static func forwardPath(_ text: String) throws(ClientError) -> ForwardPath {
        if Keyword(text) == "POSTMASTER" { return .postmaster }
        return .mailbox(try mailbox(text))
    }

    private static func mailbox(_ text: String) throws(ClientError) -> Mailbox {
        do { return try Mailbox(text) } catch { throw .badAddress(text, error) }
    }

    private func deliver(_ content: [UInt8], _ envelope: Envelope) throws(ClientError) -> [RecipientOutcome] {
        let summary = ContentSummary(
            of: content.span, longestLine: configuration.connection.session.longestLine)
        var outcomes = [RecipientOutcome?](repeating: nil, count: envelope.recipients.count)
        var pending = Array(envelope.recipients.indices)
        while !pending.isEmpty {
            let open: (conversation: Conversation, isReused: Bool)
            do {
                open = try obtain()
            } catch {
                // What has an outcome keeps it.
                guard outcomes.contains(where: { $0 != nil }) else { throw error }
                break
            }
            let part = Envelope(
                from: envelope.reversePath, envelope.parameters, to: pending.map { envelope.recipients[$0] })
            let results = open.conversation.deliver(part, content, summary)
            // A server may close an idle connection at any time; then nothing has been said to it yet.
            if open.isReused, results.allSatisfy(\.isBeforeMail) {
                conversation?.quit()
                conversation = nil
                continue
            }
            for (index, result) in zip(pending, results) { outcomes[index] = result }
            let wasUseful = results.contains { $0.result == .delivered }
            pending = zip(pending, results).compactMap { wasUseful && $1.wasOneTooMany ? $0 : nil }
        }
        return outcomes.compactMap { $0 }
    }

    /// The connection, or a new one.
    private func obtain() throws(ClientError) -> (Conversation, isReused: Bool) {
        if let conversation, conversation.isAlive() { return (conversation, true) }
        let made = try Conversation(configuration, current)
        conversation = made
        return (made, false)
    }
}

extension RecipientOutcome {
    /// Whether the server never saw MAIL, and a new connection may do better.
    fileprivate var isBeforeMail: Bool {
        switch reason {
        case .local(let refusal): return refusal == .messageLimit
        case .failure(let failure):
            switch failure.cause {
            case .connectionLost, .transportFailed, .shutDown:
                return result == .refusedForNow && [.ready, .reset, .mail].contains(failure.phase)
            case .refused, .malformedReply, .unexpectedReply, .injectedBeforeTLS, .notOffered, .timedOut,
                .layerFailed, .noMechanism, .authentication, .contentRefused, .cancelled, .ended:
                return false
            }
        case .reply(let reply): return reply.code == 421 && [.reset, .mail].contains(phase)
        }
    }
}

/// Why there was nothing to say anything to.
public enum ClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text is no address.
    case badAddress(String, SyntaxError)
    /// The server's name has no address.
    case unresolved(ResolveError)
    /// None of its addresses could be connected to.
    case unreachable([SocketError])

    /// Names what is wrong, in one line.
    public var description: String {
        switch self {
        case .badAddress(let text, let error):
            "'\(text)' is no address (\(error.production) at \(error.offset)); write such as user@example.org"
        case .unresolved(let error): "\(error)"
        case .unreachable(let errors): errors.map { "\($0)" }.joined(separator: "; ")
        }
    }
}

/// One line of a conversation, for people.
public enum TraceLine: Hashable, Sendable, CustomStringConvertible {
    /// The client said this.
    case client(String)
    /// The client sent so many octets of content.
    case content(Int)
    /// The server said this.
    case server(String)

    /// `C: …` or `S: …`.
    public var description: String {
        switch self {
        case .client(let text): "C: \(text)"
        case .content(let count): "C: (\(count) octets of content)"
        case .server(let text): "S: \(text)"
        }
    }
}
