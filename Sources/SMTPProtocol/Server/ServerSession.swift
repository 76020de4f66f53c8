/// The server's end of one SMTP or LMTP session: bytes in, steps out. No clock, no sockets.
///
/// **How to drive it.** Call `next` with the bytes that have arrived and the position up to which they have been
/// taken; it moves the position and returns a step. Do what the step says and call again, until it is a wait. Bytes
/// are read where they lie: what `next` has not taken is still the caller's, to be presented again, first, at the
/// next call. Only an unfinished command line is kept here.
///
/// **Questions.** In SMTP the meaning of the next byte depends on how the last question was answered, so nothing is
/// read past an open one: `next` returns `.wait(.answer)` until `answer` is called. There is never more than one, and
/// it stays here, in `question`, so that asking moves no data.
///
/// **Replies** collect in `replies` and may be sent in one write when `next` returns a wait.
///
/// **The transaction** is one optional value: MAIL makes it whole, and every way out drops it whole and notes
/// `.reset`. There is no sender, recipient, size or flag beside it, so no error path can reset half of it.
///
/// A session is a value that is never copied: it is one client's, and a fork would answer twice.
public struct ServerSession: ~Copyable, Sendable {
    let terms: Terms
    var offer: Offer
    package var replies = ReplyWriter()
    package private(set) var state = State.opening
    /// What is being asked, and about what.
    package private(set) var open: OpenQuestion?
    package private(set) var subject = Subject.none
    var lines = LineBuffer()
    package internal(set) var transaction: Transaction?
    var authentication: Authentication?
    package internal(set) var budget = Budget()
    private var notices = NoticeQueue()
    private var hasEnded = false
    /// Why to end at the next command boundary, and what to say then.
    private var ending: (cause: CloseCause, reply: StandardReply)?

    /// How the client introduced itself, since the connection began or TLS came.
    public internal(set) var hello: Hello? { didSet { identityChanges &+= 1 } }
    /// TLS, if it is on.
    public internal(set) var security: Security? { didSet { identityChanges &+= 1 } }
    /// Who the client has proven to be, since the connection began or TLS came.
    public internal(set) var identity: Identity? { didSet { identityChanges &+= 1 } }
    /// How often `hello`, `security` or `identity` have been set.
    package private(set) var identityChanges = 0

    /// Ready to greet: the first `next` asks `.connect`. `security` is given when TLS came before the greeting.
    public init(_ configuration: Configuration, security: Security? = nil) {
        self.init(Terms(configuration), security: security)
    }

    /// The same on terms that many sessions share.
    package init(_ terms: Terms, security: Security? = nil) {
        self.terms = terms
        self.security = security
        offer = terms.offer
        replies.sendsStatus = offer.statusCodes
    }

    // MARK: Inputs

    /// Answers the open question. Calling it with none open is the caller's error, and traps.
    public mutating func answer(_ answer: Answer) {
        guard let open else { preconditionFailure("no question is open") }
        self.open = nil
        proceed(with: open, answer)
        forgetSubject()
    }

    /// Notes that the client will send nothing more. What it has sent is still read, and answered.
    public mutating func receiveEnd() { hasEnded = true }

    /// Says 421 at the next command boundary, then closes (RFC 5321 §3.8).
    public mutating func shutDown() { endAtBoundary(.shutDown, saying: StandardReplies.shuttingDown) }

    /// Says 421 and closes: time is up, whatever was being waited for.
    public mutating func timeOut(_ deadline: Deadline) {
        end(.timedOut(deadline), saying: StandardReplies.idleTooLong)
    }

    /// Says `reply` at the next command boundary, then closes. What is being received or decided comes to its end.
    package mutating func endAtBoundary(_ cause: CloseCause, saying reply: StandardReply) {
        if ending == nil { ending = (cause, reply) }
    }

    /// Resumes after the handshake that `.wait(.tls)` asked for, having forgotten the client (RFC 3207 §4.2).
    public mutating func secured(by security: Security) {
        self.security = security
        hello = nil
        identity = nil
        drop(.aborted)
        offer = terms.offer
        note(.secured(security))
        if state == .upgrading { change(to: .command) }
    }

    /// Ends the session from outside: `reply`, if the client may still be spoken to, then nothing more.
    package mutating func end(_ cause: CloseCause, saying reply: StandardReply? = nil) {
        guard !isClosed else { return }
        open = nil
        forgetSubject()
        if let reply { replies.append(reply) }
        close(cause)
    }

    /// Reports a fact that happened around the session.
    package mutating func report(_ notice: Notice) { note(notice) }

    // MARK: Steps

    /// What the caller must do next.
    public enum Step: Sendable {
        /// Decide what `question` asks; call `answer(_:)` once, now or later.
        case ask
        /// Something happened; no answer is wanted.
        case note(Notice)
        /// Nothing more until the named thing happens. Send what has collected.
        case wait(Wait)
    }

    /// What the session is waiting for: `.room` when its replies must be taken first, `.never` when it is over.
    public enum Wait: Hashable, Sendable { case input, answer, room, tls, never }

    /// Takes the next step. Moves `position` over what it took of `input`.
    public mutating func next(_ input: Span<UInt8>, _ position: inout Int) -> Step {
        while true {
            if let notice = notices.next() { return .note(notice) }
            if open != nil { return .wait(.answer) }
            switch state {
            case .opening:
                return ask(.connect)
            case .command, .refused:
                if let ending {
                    end(ending.cause, saying: ending.reply)
                } else if pendingReplies > 0, pendingReplies >= terms.configuration.limits.replyBacklog,
                    position < input.count
                {
                    return .wait(.room)
                } else if let step = readCommand(input, &position) {
                    return step
                }
            case .authenticating:
                if let ending {
                    end(ending.cause, saying: ending.reply)
                } else if let step = continueAuthentication(input, &position) {
                    return step
                }
            case .content:
                if let step = readContent(input, &position) { return step }
            case .upgrading:
                return .wait(.tls)
            case .closed:
                position = input.count
                return .wait(.never)
            }
        }
    }

    /// What to wait for when all input has been taken: more, unless the client has ended.
    func starved() -> Step? { hasEnded ? nil : .wait(.input) }

    // MARK: What may be looked at

    /// The stages that have a time limit of their own.
    public enum Phase: Hashable, Sendable {
        case greeting, command, authentication, content, upgrading, closed
    }

    /// Where the session stands; selects the time limit that applies (RFC 5321 §4.5.3.2).
    public var phase: Phase {
        switch state {
        case .opening: .greeting
        case .command, .refused: .command
        case .authenticating: .authentication
        case .content: .content
        case .upgrading: .upgrading
        case .closed: .closed
        }
    }

    /// The transaction so far.
    public var envelope: Envelope? { transaction?.envelope }
    /// The server's name.
    package var hostname: String { terms.configuration.hostname }
    /// Octets of content that the transaction has received.
    public var contentSize: Int { transaction?.content?.decoder.size ?? 0 }
    /// Whether every further error should be answered with a delay.
    package var isBeyondSoftErrors: Bool {
        // A slip is forgiven; guessing is to be slow.
        terms.configuration.limits.softErrors.map { budget.errors > $0 || budget.authenticationFailures > 1 }
            ?? false
    }

    /// What has collected to be sent.
    public var pendingReplies: Int { replies.octets.count }

    /// Moves what has collected to the end of `buffer`.
    public mutating func takeReplies(into buffer: inout [UInt8]) {
        buffer.append(contentsOf: replies.octets)
        replies.octets.removeAll(keepingCapacity: replies.octets.capacity <= 4096)
    }

    var isClosed: Bool { state == .closed }

    @inline(__always)
    var stage: CommandOrder.Stage {
        if state == .refused { return .refused }
        switch transaction?.envelope.recipients.isEmpty {
        case nil: return hello == nil ? .start : .idle
        case true?: return .mail
        case false?: return .recipients
        }
    }

    // MARK: Changes of state

    /// The one place where the state changes.
    mutating func change(to next: State) {
        assert(state.mayBecome(next), "from \(state) to \(next)")
        state = next
    }

    /// Opens a question.
    mutating func ask(_ question: OpenQuestion, about subject: consuming Subject) -> Step {
        assert(open == nil, "one question at a time")
        self.subject = subject
        return ask(question)
    }

    /// Opens a question that needs no subject.
    mutating func ask(_ question: OpenQuestion) -> Step {
        open = question
        return .ask
    }

    /// What was asked about, which the answer consumes.
    mutating func takeSubject() -> Subject { exchange(&subject, with: .none) }

    private mutating func forgetSubject() {
        if case .none = subject { return }
        subject = .none
    }

    /// Reports a fact, in order.
    mutating func note(_ notice: Notice) { notices.append(notice) }

    /// Drops the transaction, whole.
    mutating func drop(_ cause: ResetCause) {
        guard transaction != nil else { return }
        transaction = nil
        note(.reset(cause))
    }

    /// Ends the session: nothing is read or said after this.
    mutating func close(_ cause: CloseCause) {
        drop(.aborted)
        authentication = nil
        lines.finish()
        change(to: .closed)
        note(.closed(cause))
    }

    /// Answers the peer's error and counts it; the one too many ends the session.
    mutating func refuse(_ error: PeerError, _ reply: StandardReply, dropping cause: ResetCause? = nil) {
        note(.peerError(error))
        if let cause { drop(cause) }
        budget.errors += 1
        if let limit = terms.configuration.limits.errors, budget.errors >= limit {
            end(.tooManyErrors, saying: StandardReplies.tooManyErrors)
        } else {
            replies.append(reply)
        }
    }
}

extension ServerSession {
    /// Where the session is. What is collected lies beside it, never in it.
    package enum State: Hashable, Sendable {
        case opening, refused, command, authenticating, content, upgrading, closed

        func mayBecome(_ next: State) -> Bool {
            switch (self, next) {
            case (.closed, _): false
            case (_, .closed): true
            case (.opening, .command), (.opening, .refused): true
            case (.command, .content), (.content, .command): true
            case (.command, .upgrading), (.upgrading, .command): true
            case (.command, .authenticating), (.authenticating, .command): true
            case (.opening, _), (.refused, _), (.command, _), (.authenticating, _), (.content, _),
                (.upgrading, _):
                false
            }
        }
    }

    /// A mail transaction (RFC 5321 §3.3): everything that RSET forgets.
    package struct Transaction: Sendable {
        package var envelope: Envelope
        package var content: Content?
    }

    /// The content while it is being received.
    package struct Content: Sendable {
        package var decoder: ContentDecoder
        /// The application's, once it will not take the message: the rest is read to its real end and dropped.
        var refusal: Reply?
        /// Short runs that have not been asked about, or that are being asked about.
        var gathered: [UInt8] = []
        /// A short run of the input at hand has been asked about already.
        var hasShortRuns = false
        /// The end mark has been read.
        var hasEnded = false
    }

    /// What has been used up of the session's budgets.
    package struct Budget: Sendable {
        var errors = 0
        var junkCommands = 0
        var refusedRecipients = 0
        var surplusRecipients = 0
        var messages = 0
        var authenticationFailures = 0
        package internal(set) var commands = 0
    }
}
