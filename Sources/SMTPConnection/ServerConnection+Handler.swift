public import SMTPProtocol

/// Putting the open question to a handler that answers now or promises to.
///
/// These read only, and are `mutating` all the same: to a call that borrows a large value, the compiler may hand a
/// copy of it, octet by octet, and a connection is large.
extension ServerConnection {
    /// What the handler decides. Not inlined: the context, which shares the envelope, must be gone before the answer
    /// changes it, or each recipient would cost a copy of all.
    @inline(never)
    package mutating func consult(_ handler: any Handler, _ input: Span<UInt8>) throws -> Decision {
        let context = Context(origin, session.transaction?.envelope, Ticket(number: ticket))
        switch session.open {
        case .noOperation?: return try handler.noOperation(session.subject.argument, in: context)
        case .mail?:
            guard case .sender(let path, let parameters) = session.subject else { return .accept }
            return try handler.mail(path, parameters, in: context)
        case .recipient?:
            guard case .recipient(let recipient) = session.subject else { return .accept }
            return try handler.recipient(recipient.path, recipient.parameters, in: context)
        case .data?: return try handler.data(in: context)
        case .content?:
            guard case .content(let piece) = session.subject else { return .accept }
            return try withContent(piece, in: input) { try handler.content($0, in: context) }
        case .message?:
            guard let envelope = session.transaction?.envelope else { return .accept }
            return try handler.message(
                envelope, size: session.transaction?.content?.decoder.size ?? 0, in: context)
        case .connect?: return try handler.connected(in: context)
        case .hello?:
            guard case .hello(let hello, let offering)? = question else { return .accept }
            return try handler.hello(hello, offering: offering, in: context)
        case .verify?: return try handler.verify(session.subject.argument ?? "", in: context)
        case .expand?: return try handler.expand(session.subject.argument ?? "", in: context)
        case .help?: return try handler.help(session.subject.argument, in: context)
        case .command?:
            guard case .command(let verb, let argument) = session.subject else { return .accept }
            return try handler.command(verb, argument: argument, in: context)
        case .authenticate?:
            guard case .credentials(let credentials) = session.subject else { return .accept }
            return try handler.authenticate(credentials, in: context)
        case .authenticationKey?:
            guard case .key(let request) = session.subject else { return .accept }
            return try handler.authenticationKey(for: request, in: context)
        case nil: return .accept
        }
    }

    /// Tells the handler a fact.
    package mutating func tell(_ handler: any Handler, _ notice: Notice) {
        handler.observe(
            notice, in: Context(origin, session.transaction?.envelope, Ticket(number: 0)))
    }

    /// Whether the client is being greeted.
    package var isGreeting: Bool {
        if case .connect? = session.open { true } else { false }
    }

    /// The message that is being asked about.
    package mutating func candidate() -> (envelope: Envelope, size: Int)? {
        guard case .message? = session.open, let envelope = session.transaction?.envelope else { return nil }
        return (envelope, session.transaction?.content?.decoder.size ?? 0)
    }

    /// The bytes of a run of content: in `input`, or in what TLS decrypted.
    public func withContent<Result>(
        _ piece: ContentPiece, in input: Span<UInt8>, _ body: (Span<UInt8>) throws -> Result
    ) rethrows -> Result {
        switch piece {
        case .input(let range):
            if let tls { return try body(tls.plaintext.span.extracting(range.start..<range.end)) }
            return try body(input.extracting(range.start..<range.end))
        case .gathered:
            return try body(session.gathered.span)
        }
    }
}
