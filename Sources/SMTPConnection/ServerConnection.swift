public import SMTPProtocol

/// One server connection, whole: TLS, SMTP and deadlines, over memory.
///
/// **How to drive it.** Tell it what happened (`receive`, `sent`, `answer`, `advance`, …); each takes the time. Then
/// call `next` with the input that has not been taken yet until it returns `.wait` or `.close`. It never calls back,
/// never reads a clock and never blocks.
///
/// **The wait closes every drain.** It says until when, whether to read, and whether output is still unsent: exactly
/// the arguments of `poll(2)`. An adapter that obeys it cannot forget a deadline.
///
/// **Output** is one buffer. `.send` comes at most once per drain, when the machine must wait: write what the
/// transport takes of `withOutput`, say how much with `sent`, and go on draining. What is left is announced by
/// `.wait(output: true)`: when the transport takes more, write again.
///
/// **Ending.** Last reply, then (under TLS) `close_notify`, `.finishSending`, input read and dropped until the peer's
/// end or the linger deadline, `.close`. So a reset cannot eat the last reply (RFC 5321 §3.8).
///
/// `now` never runs backwards: an earlier value counts as the latest seen.
public struct ServerConnection: ~Copyable {
    let terms: Terms
    /// The client's address and ours.
    public let peer: Endpoint, local: Endpoint
    var session: ServerSession
    var tls: TLSLayer?
    var deadlines = Deadlines()
    var now: Instant
    var stage = Stage.open
    /// Octets at the front of the output that have been sent.
    private var sentCount = 0
    private var isSending = false
    private(set) var ticket: UInt64 = 0
    private(set) var hasPeerEnded = false
    private var armedCommands = -1
    private var contentStart: Instant?
    /// When the client's time for the AUTH exchange ends, but for the time that answers took.
    private var authenticationEnd: Instant?
    private var lastArrival: Instant
    private var askedAt: Instant
    /// What seldom changes of `info`, and how often it had changed when this was made.
    private(set) var origin: Origin
    private var knownChanges = 0

    enum Stage: Hashable { case open, lingering, closing, closed }

    /// A connection just accepted.
    public init(_ configuration: Configuration, peer: Endpoint, local: Endpoint, at now: Instant) {
        self.init(Terms(configuration), peer: peer, local: local, at: now)
    }

    /// The same on terms that many connections share.
    package init(
        _ terms: Terms, peer: Endpoint, local: Endpoint, at now: Instant,
        deliver: @escaping @Sendable (LateAnswer) -> Void = { _ in }
    ) {
        self.terms = terms
        self.peer = peer
        self.local = local
        self.now = now
        lastArrival = now
        askedAt = now
        session = ServerSession(terms.session)
        origin = Origin(Self.facts(session, terms.configuration.session.dialect, peer, local), deliver)
        deadlines[.session] = now.advanced(nanoseconds: terms.configuration.timeouts.$session)
        if case .implicit(let context) = terms.configuration.tls { startTLS(context) }
    }

    // MARK: Inputs

    /// Bytes have arrived: they are the input of the `next` calls that follow.
    public mutating func receive(at now: Instant) {
        advance(to: now)
        lastArrival = self.now
    }

    /// The peer closed its sending side. What it sent before is still answered.
    public mutating func receiveEnd(at now: Instant) {
        advance(to: now)
        hasPeerEnded = true
        session.receiveEnd()
    }

    /// So many octets of the output have been handed to the operating system.
    public mutating func sent(_ count: Int, at now: Instant) {
        sentCount += count
        precondition(sentCount <= outputCount, "more was sent than there was")
        if sentCount == outputCount {
            sentCount = 0
            isSending = false
            deadlines[.writing] = nil
            clearOutput()
        }
        advance(to: now)
    }

    /// Answers a question. An answer to one that no longer stands is dropped, and false returned.
    @discardableResult
    public mutating func answer(_ answer: Answer, to ticket: Ticket, at now: Instant) -> Bool {
        let counts = ticket.number == self.ticket && session.open != nil
        if counts {
            // Before time passes: an answer that is there when its deadline falls has come in time.
            if self.now < now { self.now = now }
            settle(answer)
        }
        advance(to: now)
        return counts
    }

    /// Lets time pass; deadlines reached by `now` fire. Early and repeated calls do nothing.
    public mutating func advance(to now: Instant) {
        if self.now < now { self.now = now }
        while let deadline = deadlines.expired(by: self.now) { expire(deadline) }
    }

    /// Ends politely: `421` at the next command boundary.
    public mutating func shutDown(at now: Instant) {
        advance(to: now)
        session.shutDown()
    }

    /// The transport failed, or is being cut: nothing more can be sent.
    public mutating func fail(at now: Instant) { abandon(.transportFailed) }

    // MARK: Steps

    /// What the adapter must do.
    public enum Action: Sendable {
        /// Write what `withOutput` gives, then call `sent(_:at:)`.
        case send
        /// Ask the handler what `question` says; pass its answer to `answer(_:to:at:)`, now or later.
        case ask(Ticket)
        /// Tell the handler.
        case note(Notice)
        /// Shut down the sending side and go on.
        case finishSending
        /// Close the socket. Nothing follows.
        case close
        /// Nothing more for now.
        case wait(until: Instant?, input: Bool, output: Bool)
    }

    /// The next thing to do. Moves `position` over what was taken of `input`; the rest is to be presented again.
    public mutating func next(_ input: Span<UInt8>, _ position: inout Int) -> Action {
        while true {
            switch stage {
            case .open: break
            case .lingering:
                position = input.count
                guard hasPeerEnded else { return wait(input: true) }
                stage = .closing
                continue
            case .closing:
                if case .note(let notice) = session.next(input, &position) { return .note(notice) }
                stage = .closed
                deadlines = Deadlines()
                return .close
            case .closed:
                position = input.count
                return .wait(until: nil, input: false, output: false)
            }
            let backlog = unsentCount + (tls == nil ? 0 : session.replies.octets.count)
            if backlog > 0, backlog >= terms.configuration.session.limits.replyBacklog {
                return isSending ? wait(input: false) : send()
            }
            if deadlines[.delay] != nil { return wait(input: false) }
            let step = step(input, &position)
            if session.identityChanges != knownChanges {
                knownChanges = session.identityChanges
                origin = Origin(
                    Self.facts(session, terms.configuration.session.dialect, peer, local), origin.deliver)
            }
            switch step {
            case .ask:
                ticket &+= 1
                askedAt = now
                deadlines[.answer] = now.advanced(nanoseconds: terms.configuration.timeouts.$answer)
                deadlines[.command] = nil
                deadlines[.content] = nil
                deadlines[.authentication] = nil
                // Contents, and exchanges, may follow one another without a wait between them; each has its own time.
                if session.state != .content { contentStart = nil }
                if session.state != .authenticating { authenticationEnd = nil }
                return .ask(Ticket(number: ticket))
            case .note(let notice):
                if case .peerError = notice, session.isBeyondSoftErrors {
                    deadlines[.delay] = now.advanced(nanoseconds: terms.configuration.timeouts.$errorDelay)
                    // The pause is ours: the client's time for its next command begins after it.
                    deadlines[.command] = nil
                }
                return .note(notice)
            case .wait(let reason):
                if let action = pause(for: reason) { return action }
            }
        }
    }

    /// What is to be done before, and then while, the session waits. `nil`: go on.
    private mutating func pause(for reason: ServerSession.Wait) -> Action? {
        sealReplies()
        if unsentCount > 0, !isSending { return send() }
        switch reason {
        case .answer, .room: return wait(input: false)
        case .input:
            armInputDeadline()
            return wait(input: true)
        case .tls:
            if unsentCount > 0 { return wait(input: false) }
            beginHandshake()
            return nil
        case .never:
            if unsentCount > 0 { return wait(input: false) }
            if tls?.hasSaidGoodbye == false {
                tls?.sayGoodbye()
                return nil
            }
            deadlines = Deadlines()
            if hasPeerEnded {
                stage = .closing
                return nil
            }
            stage = .lingering
            deadlines[.linger] = now.advanced(nanoseconds: terms.configuration.timeouts.$linger)
            return .finishSending
        }
    }

    private mutating func send() -> Action {
        sealReplies()
        isSending = true
        deadlines[.writing] = now.advanced(nanoseconds: terms.configuration.timeouts.$writing)
        return .send
    }

    private mutating func wait(input: Bool) -> Action {
        if !input { forgetWhatCame() }
        return .wait(until: deadlines.earliestInstant, input: input, output: isSending)
    }

    // MARK: Output

    /// The octets that are still to be sent, in order. It changes nothing, and is `mutating` so that nothing is copied.
    public mutating func withOutput<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        if let tls { return body(tls.records.span.extracting(sentCount..<tls.records.count)) }
        return body(session.replies.octets.span.extracting(sentCount..<session.replies.octets.count))
    }

    private var outputCount: Int { tls?.records.count ?? session.replies.octets.count }
    private var unsentCount: Int { outputCount - sentCount }

    private mutating func clearOutput() {
        if tls != nil {
            tls?.clearRecords()
        } else {
            session.replies.octets.removeAll(keepingCapacity: session.replies.octets.capacity <= 1024)
        }
    }

    // MARK: What is known

    /// The open question, if there is one.
    public var question: Question? { session.question }

    /// What is known of the client, for handlers.
    public var info: SessionInfo { SessionInfo(origin.facts, session.transaction?.envelope) }

    private static func facts(
        _ session: borrowing ServerSession, _ dialect: ServerSession.Dialect, _ peer: Endpoint,
        _ local: Endpoint
    ) -> SessionInfo.Facts {
        SessionInfo.Facts(
            peer: peer, local: local, hostname: session.hostname, hello: session.hello,
            security: session.security, identity: session.identity,
            dialect: dialect)
    }

    /// The deadline that falls next, and why.
    public var nextDeadline: (deadline: Deadline, instant: Instant)? { deadlines.earliest }

    // MARK: Time

    /// A whole command, however it arrives; content at its minimum rate (RFC 5321 §4.5.3.2).
    private mutating func armInputDeadline() {
        let timeouts = terms.configuration.timeouts
        if tls.map({ $0.engine.security == nil }) ?? false { return }
        switch session.state {
        case .opening, .upgrading, .closed: return
        case .command, .refused:
            deadlines[.content] = nil
            deadlines[.authentication] = nil
            contentStart = nil
            authenticationEnd = nil
            guard deadlines[.command] == nil || armedCommands != session.budget.commands else { return }
            armedCommands = session.budget.commands
            deadlines[.command] = now.advanced(nanoseconds: timeouts.$command)
        case .authenticating:
            deadlines[.command] = nil
            let end = authenticationEnd ?? now.advanced(nanoseconds: timeouts.$authentication)
            authenticationEnd = end
            deadlines[.authentication] = end
        case .content:
            deadlines[.command] = nil
            let start = contentStart ?? now
            contentStart = start
            var limit = max(lastArrival, start).advanced(nanoseconds: timeouts.$content)
            if timeouts.contentRate > 0 {
                let seconds = min(
                    Int64((session.transaction?.content?.decoder.size ?? 0) / timeouts.contentRate), 1 << 32)
                let earned = seconds * 1_000_000_000
                let grace = start.advanced(nanoseconds: timeouts.$contentGrace)
                limit = min(limit, grace.advanced(nanoseconds: earned))
            }
            deadlines[.content] = limit
        }
    }

    /// Drops the deadlines of what has come, for it may be our reply that the connection waits for.
    private mutating func forgetWhatCame() {
        if session.state != .content { deadlines[.content] = nil }
        if session.state != .authenticating { deadlines[.authentication] = nil }
        if session.budget.commands != armedCommands { deadlines[.command] = nil }
    }

    private mutating func expire(_ deadline: Deadline) {
        switch deadline {
        case .command, .authentication, .content: session.timeOut(deadline)
        case .session:
            // What is being received or decided has deadlines of its own.
            session.endAtBoundary(.timedOut(.session), saying: StandardReplies.idleTooLong)
        case .answer:
            guard session.open != nil else { return }
            session.report(.answerTimedOut)
            settle(.reply(Reply(451, EnhancedStatusCode(4, 3, 0), "No decision in time, try again later")))
        case .delay: return
        case .linger: stage = .closing
        case .writing, .handshake, .proxyHeader: abandon(.timedOut(deadline))
        }
    }

    /// Passes an answer on; the time it took is not the client's.
    private mutating func settle(_ answer: Answer) {
        deadlines[.answer] = nil
        if let end = authenticationEnd {
            authenticationEnd = end.advanced(nanoseconds: now.nanoseconds - askedAt.nanoseconds)
        }
        if let start = contentStart {
            contentStart = start.advanced(nanoseconds: now.nanoseconds - askedAt.nanoseconds)
            lastArrival = now
        }
        session.answer(answer)
    }

    /// Ends without another word.
    private mutating func abandon(_ cause: CloseCause) {
        session.end(cause)
        sentCount = outputCount
        deadlines = Deadlines()
        if stage != .closed { stage = .closing }
    }
}
