public import SMTPProtocol

/// One client connection, whole: TLS, SMTP or LMTP, and deadlines, over memory.
///
/// **How to drive it** is as for `ServerConnection`: tell it what happened, each with the time; then call `next` with
/// the input that has not been taken yet until it returns `.wait` or `.close`. There are no questions: `submit` says
/// what is wanted, and notices say what became of it.
///
/// **The wait** says until when, whether output is unsent, and what the caller could hand in: nothing now, a request,
/// or content. Input is wanted at all times but one: while the last octets before a handshake are unsent.
///
/// **Deadlines.** One for each reply, from when the one before it was read or its command said, and never extended by
/// part of a reply (RFC 5321 §4.5.3.2); one for each block of what is being sent; none while it is the caller who is
/// waited for.
///
/// **Ending.** After QUIT and its reply, or at once when something fails: then what was not sent is dropped, and
/// content without its end mark is none.
public struct ClientConnection: ~Copyable {
    private let configuration: Configuration
    private var session: ClientSession
    private var tls: TLSLayer?
    private var stage = Stage.open
    private var now: Instant
    /// Octets at the front of the output that have been sent.
    private var sentCount = 0
    private var isSending = false
    private var hasPeerEnded = false
    /// When the server's reply is due, and which reply that is.
    private var replyDeadline: Instant?
    private var armedFor: Awaited?
    /// When the server must have taken more of the output.
    private var blockDeadline: Instant?

    private enum Stage: Hashable { case open, closing, closed }

    private struct Awaited: Hashable {
        let phase: ClientSession.Phase
        let replies: Int
    }

    /// A connection just made.
    public init(_ configuration: Configuration, at now: Instant) {
        self.configuration = configuration
        self.now = now
        session = ClientSession(configuration.effectiveSession)
        if case .implicit(let context) = configuration.tls { shakeHands(context) }
    }

    // MARK: Inputs

    /// Bytes have arrived: they are the input of the `next` calls that follow.
    public mutating func receive(at now: Instant) { advance(to: now) }

    /// The server closed its sending side. What it sent before still counts.
    public mutating func receiveEnd(at now: Instant) {
        advance(to: now)
        hasPeerEnded = true
        session.receiveEnd()
    }

    /// So many octets of the output have been handed to the operating system.
    public mutating func sent(_ count: Int, at now: Instant) {
        // What a session that has failed had to say is gone already.
        guard session.phase != .closed || sentCount + count <= outputCount else { return advance(to: now) }
        sentCount += count
        precondition(sentCount <= outputCount, "more was sent than there was")
        if sentCount == outputCount {
            dropOutput()
        } else if count > 0 {
            blockDeadline = now.advanced(nanoseconds: configuration.timeouts.$block)
            if sentCount >= Self.window { compactOutput() }
        }
        advance(to: now)
    }

    /// Queues a request; `nil` if the session is over.
    @discardableResult
    public mutating func submit(_ request: ClientRequest, at now: Instant) -> RequestID? {
        advance(to: now)
        return session.submit(request)
    }

    /// Hands in the next piece of content; false if none is wanted any more. Up to 64 KiB is a good size: a piece is
    /// encoded whole.
    @discardableResult
    public mutating func send(content: Span<UInt8>, isLast: Bool, at now: Instant) -> Bool {
        advance(to: now)
        return session.send(content: content, isLast: isLast)
    }

    /// Gives up at once, without QUIT.
    public mutating func cancel(at now: Instant) {
        advance(to: now)
        session.cancel()
    }

    /// Lets time pass; a deadline reached by `now` ends the session.
    public mutating func advance(to now: Instant) {
        if self.now < now { self.now = now }
        guard let deadline = nextDeadline, deadline.instant <= self.now, stage == .open else { return }
        session.hasUnsentRecords = unsentCount > 0
        if deadline.phase == .handshake {
            session.abandon(.timedOut, in: .handshake)
        } else {
            session.timeOut()
        }
    }

    /// The transport failed: nothing more can be sent.
    public mutating func fail(at now: Instant) {
        if self.now < now { self.now = now }
        session.hasUnsentRecords = unsentCount > 0
        session.abandon(.transportFailed, in: isShakingHands ? .handshake : nil)
    }

    // MARK: Steps

    /// What the adapter must do.
    public enum Action: Sendable {
        /// Write what `withOutput` gives, then call `sent(_:at:)`.
        case send
        /// Tell the caller.
        case note(ClientNotice)
        /// Close the socket. Nothing follows.
        case close
        /// Nothing more for now.
        case wait(until: Instant?, input: Bool, output: Bool, wants: Wish)
    }

    /// What the caller could hand in.
    public enum Wish: Hashable, Sendable { case nothing, request, content }

    /// The next thing to do. Moves `position` over what was taken of `input`; the rest is to be presented again.
    public mutating func next(_ input: Span<UInt8>, _ position: inout Int) -> Action {
        while true {
            switch stage {
            case .open:
                switch step(input, &position) {
                case .note(let notice): return .note(notice)
                case .wait(let reason): if let action = pause(for: reason) { return action }
                }
            case .closing:
                stage = .closed
                return .close
            case .closed:
                position = input.count
                return .wait(until: nil, input: false, output: false, wants: .nothing)
            }
        }
    }

    /// What is to be done before, and then while, the session waits. `nil`: go on.
    private mutating func pause(for reason: ClientSession.Wait) -> Action? {
        if reason == .never { return end() }
        seal()
        if session.phase == .closed { return nil }
        if unsentCount > 0, !isSending { return send() }
        switch reason {
        case .input, .never: return wait(wants: .nothing)
        case .request: return wait(wants: .request)
        case .content: return wait(wants: unsentCount < Self.window ? .content : .nothing)
        case .tls:
            guard unsentCount == 0 else { return wait(wants: .nothing, input: false) }
            switch configuration.tls {
            case .opportunistic(let context), .required(let context): shakeHands(context)
            case .none, .implicit: session.abandon(.layerFailed, in: .handshake)
            }
            return nil
        }
    }

    /// The session is over: a last word of the layer below, if it can still be said.
    private mutating func end() -> Action? {
        replyDeadline = nil
        if !isSending, unsentCount == 0, tls?.hasSaidGoodbye == false {
            tls?.sayGoodbye()
            if unsentCount > 0 { return send() }
        }
        dropOutput()
        stage = .closing
        return nil
    }

    private mutating func send() -> Action {
        isSending = true
        blockDeadline = now.advanced(nanoseconds: configuration.timeouts.$block)
        return .send
    }

    private mutating func wait(wants: Wish, input: Bool = true) -> Action {
        arm()
        return .wait(until: nextDeadline?.instant, input: input, output: isSending, wants: wants)
    }

    // MARK: Time

    /// A deadline for each reply (RFC 5321 §4.5.3.2); that of the end mark begins when the mark has been sent.
    private mutating func arm() {
        let awaited = Awaited(phase: phase, replies: session.repliesTaken)
        if awaited.phase == .finalReply, unsentCount > 0 {
            replyDeadline = nil
            armedFor = nil
            return
        }
        guard armedFor != awaited else { return }
        armedFor = awaited
        replyDeadline = configuration.timeouts.nanoseconds(for: awaited.phase).map {
            now.advanced(nanoseconds: $0)
        }
    }

    /// The deadline that falls next, and what is awaited.
    public var nextDeadline: (phase: ClientSession.Phase, instant: Instant)? {
        switch (replyDeadline, blockDeadline) {
        case (nil, nil): nil
        case (let reply?, nil): (phase, reply)
        case (nil, let block?): (phase, block)
        case (let reply?, let block?): (phase, min(reply, block))
        }
    }

    // MARK: Output

    /// Octets of output up to which more content is wanted.
    private static let window = 64 << 10

    /// The octets that are still to be sent, in order.
    public func withOutput<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        if let tls { return body(tls.records.span.extracting(last: unsentCount)) }
        return body(session.output.span.extracting(last: unsentCount))
    }

    private var outputCount: Int { tls?.records.count ?? session.output.count }
    private var unsentCount: Int { max(outputCount - sentCount, 0) }

    private mutating func dropOutput() {
        sentCount = 0
        isSending = false
        blockDeadline = nil
        if tls != nil {
            tls?.clearRecords()
        } else {
            session.output.removeAll(keepingCapacity: session.output.capacity <= Self.window * 4)
        }
    }

    private mutating func compactOutput() {
        if tls != nil {
            tls?.records.removeFirst(sentCount)
        } else {
            session.output.removeFirst(sentCount)
        }
        sentCount = 0
    }

    // MARK: What is known

    /// Where it stands.
    public var phase: ClientSession.Phase { isShakingHands ? .handshake : session.phase }
    /// What the server's last reply to EHLO offered.
    public var extensions: ServiceExtensions { session.extensions }
    /// TLS, if it is on.
    public var security: Security? { session.security }

    // MARK: Layers

    private var isShakingHands: Bool { tls.map { $0.engine.security == nil } ?? false }

    private mutating func shakeHands(_ context: any TLSContext) {
        var layer = TLSLayer(context.makeClient(serverName: configuration.serverName))
        do {
            // The first flight.
            try layer.engine.receive(Span(), plaintext: &layer.plaintext, output: &layer.records)
            tls = layer
        } catch {
            session.abandon(.layerFailed, in: .handshake)
        }
    }

    /// The session's next step, over TLS if it is on.
    private mutating func step(_ input: Span<UInt8>, _ position: inout Int) -> ClientSession.Step {
        session.hasUnsentRecords = unsentCount > 0
        guard tls != nil else { return session.next(input, &position) }
        do {
            if session.phase != .closed { try tls?.receive(input, &position) }
        } catch {
            session.abandon(.layerFailed, in: isShakingHands ? .handshake : nil)
        }
        if let security = tls?.engine.security {
            session.secured(by: security)
        } else if session.phase != .closed {
            if hasPeerEnded { session.abandon(.layerFailed, in: .handshake) } else { return .wait(.input) }
        }
        if tls?.engine.peerHasClosed == true { session.receiveEnd() }
        let plaintext = tls?.lendPlaintext() ?? []
        var taken = tls?.position ?? 0
        let step = session.next(plaintext.span, &taken)
        tls?.takeBack(plaintext, taken: taken)
        return step
    }

    private mutating func seal() {
        guard tls != nil, !session.output.isEmpty, !isShakingHands else { return }
        do {
            try tls?.seal(&session.output)
        } catch {
            session.abandon(.layerFailed)
        }
    }
}

extension TLSLayer {
    /// Encrypts what a client has to say.
    fileprivate mutating func seal(_ octets: inout [UInt8]) throws(TLSError) {
        try engine.send(octets.span, output: &records)
        octets.removeAll(keepingCapacity: octets.capacity <= 1 << 18)
    }
}

extension ClientConnection {
    /// The session's configuration and that of the layers below it.
    public struct Configuration: Sendable {
        /// Who we say we are, and the bounds on what we accept. Its `startTLS` follows from `tls`, unless that
        /// is `.none`.
        public var session: ClientSession.Configuration
        /// TLS.
        public var tls = TLSPolicy.none
        /// The name that the server's certificate must be for.
        public var serverName: String?
        /// How long to wait for what.
        public var timeouts = ClientTimeouts()

        /// Without TLS, with the default timeouts.
        public init(_ session: ClientSession.Configuration) { self.session = session }

        var effectiveSession: ClientSession.Configuration {
            var session = session
            switch tls {
            case .none: break
            case .implicit: session.startTLS = .never
            case .opportunistic: session.startTLS = .ifOffered
            case .required: session.startTLS = .required
            }
            return session
        }
    }

    /// What to do about TLS.
    public enum TLSPolicy: Sendable {
        /// Nothing.
        case none
        /// STARTTLS if the server offers it. A handshake that fails ends the connection: what is sent in clear after
        /// it has to be sent over a new one.
        case opportunistic(any TLSContext)
        /// STARTTLS, or no mail (RFC 3207 §4).
        case required(any TLSContext)
        /// TLS before the greeting (RFC 8314 §3.3).
        case implicit(any TLSContext)
    }
}
