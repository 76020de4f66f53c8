/// The client's end of one SMTP or LMTP session: requests and bytes in, steps out. No clock, no sockets.
///
/// **How to drive it.** `submit` what is wanted, at any time. Call `next` with the bytes that have arrived and the
/// position up to which they have been taken, until it returns a wait; then send what is in `output`. The greeting,
/// EHLO (with a fall-back to HELO) and STARTTLS happen by themselves, and requests are served one after the other.
///
/// **Replies are matched by count.** What has been said and not been answered is a list, and each reply belongs to its
/// first entry. A reply that nobody waits for, a line that is no reply, or a reply of a class that makes no sense ends
/// the session: whoever skips a line can be made to believe that somebody else's 250 was his.
///
/// **Pipelining.** Where the server offers it, a whole transaction up to DATA is said at once (RFC 2920 §3.1), and
/// with it the RSET that the transaction before may have left to do. Otherwise each command waits for its reply.
///
/// **Content** is handed in with `send(content:isLast:)` while the wait says `.content`; it is normalised, then
/// dot-stuffed, whatever the pieces. It is never sent unless a recipient was accepted.
///
/// **Outcomes.** Each transaction ends with one outcome for each recipient, also when the session fails. `unknown` is
/// said if and only if the end mark may have reached the server and no reply to it came.
public struct ClientSession: Sendable {
    /// What it was made with.
    public let configuration: Configuration
    /// What is to be sent, in order.
    ///
    /// What is in it counts as not having left: a connection takes it away when all of it was sent.
    package var output: [UInt8] = []
    private(set) var state = State.opening
    /// What has been said and not been answered yet.
    var expected = Expectations()
    private var reader: ReplyReader
    private var queue: [(id: RequestID, request: ClientRequest)] = []
    var transaction: Transaction?
    var exchange: Exchange?
    private var notices: [ClientNotice] = []
    private var hasEnded = false
    private var requests = 0
    /// Transactions begun on this connection.
    var messages = 0
    /// Whether the server may still hold a transaction that is over for us.
    var needsReset = false
    /// Whether a layer below still holds what was taken from `output`.
    package var hasUnsentRecords = false
    /// Why QUIT was said, unless it was asked for.
    private(set) var failure: ClientFailure?

    /// What the server's last reply to EHLO offered.
    public internal(set) var extensions = ServiceExtensions()
    /// TLS, if it is on.
    public private(set) var security: Security?

    /// Ready to read the greeting. `security` is given when TLS came before the greeting.
    public init(_ configuration: Configuration, security: Security? = nil) {
        self.configuration = configuration
        self.security = security
        reader = ReplyReader(configuration.replies)
        expected.append(.greeting)
    }

    // MARK: Inputs

    /// Queues a request; `nil` if the session is over.
    @discardableResult
    public mutating func submit(_ request: ClientRequest) -> RequestID? {
        guard state != .closed else { return nil }
        requests += 1
        let id = RequestID(number: requests)
        queue.append((id, request))
        return id
    }

    /// Hands in the next piece of the content; false if none is wanted any more.
    @discardableResult
    public mutating func send(content: Span<UInt8>, isLast: Bool) -> Bool {
        guard state == .content, transaction != nil else { return false }
        do {
            try transaction?.encoder.encode(content, into: &output)
            guard isLast else { return true }
            // The server is saying something although it cannot have seen the end.
            guard !reader.isMidReply else {
                fail(.malformedReply(.malformed))
                return false
            }
            try transaction?.encoder.finish(into: &output)
            endContent()
            return true
        } catch {
            fail(.contentRefused(error.traits))
            return false
        }
    }

    /// Gives up: ends the session at once, without QUIT. Content that has not been ended will not be delivered.
    public mutating func cancel() { fail(.cancelled) }

    /// Notes that the server will send nothing more.
    public mutating func receiveEnd() { hasEnded = true }

    /// TLS is on: before the greeting, or after the handshake that `.wait(.tls)` asked for. Then all that was learnt
    /// before is forgotten, and EHLO said again (RFC 3207 §4.2).
    public mutating func secured(by security: Security) {
        guard self.security == nil, state == .upgrading || state == .opening else { return }
        self.security = security
        extensions = ServiceExtensions()
        note(.secured(security))
        if state == .upgrading { introduce() }
    }

    /// Time is up for what is being awaited.
    public mutating func timeOut() {
        if state == .quitting { close(failure) } else { fail(.timedOut) }
    }

    /// Ends the session from outside.
    package mutating func abandon(_ cause: ClientFailure.Cause, in phase: Phase? = nil) {
        if state == .quitting { close(failure) } else { fail(cause, in: phase) }
    }

    // MARK: Steps

    /// What the caller must do next.
    public enum Step: Sendable {
        /// Something happened.
        case note(ClientNotice)
        /// Nothing more until the named thing happens. Send what has collected.
        case wait(Wait)
    }

    /// What the session is waiting for; `.request` and `.content` also for input, `.never` when it is over.
    public enum Wait: Hashable, Sendable { case input, request, content, tls, never }

    /// Takes the next step. Moves `position` over what it took of `input`.
    public mutating func next(_ input: Span<UInt8>, _ position: inout Int) -> Step {
        while true {
            if !notices.isEmpty { return .note(notices.removeFirst()) }
            switch state {
            case .closed:
                position = input.count
                return .wait(.never)
            case .upgrading: return .wait(.tls)
            case .ready: beginNext()
            case .opening, .hello, .startTLS, .transaction, .content, .finalReply, .command, .quitting: break
            }
            if state == .transaction { speak() }
            if !notices.isEmpty { continue }
            switch reader.next(input, &position) {
            case .reply(let reply): take(reply, isLastOfInput: position == input.count)
            case .fault(let fault): fail(.malformedReply(fault))
            case .needsInput:
                if hasEnded {
                    if state == .quitting { close(failure) } else { fail(.connectionLost) }
                    continue
                }
                return .wait(waiting)
            }
        }
    }

    private var waiting: Wait {
        switch state {
        case .content: .content
        case .ready: .request
        case .upgrading: .tls
        case .closed: .never
        case .opening, .hello, .startTLS, .transaction, .finalReply, .command, .quitting: .input
        }
    }

    /// Where the session stands; selects the time limit that applies (RFC 5321 §4.5.3.2).
    public var phase: Phase {
        switch state {
        case .opening: .greeting
        case .hello: .hello
        case .startTLS: .startTLS
        case .upgrading: .handshake
        case .ready: .ready
        case .content: .content
        case .closed: .closed
        case .quitting: .quit
        case .transaction, .finalReply, .command: expected.first?.phase ?? .ready
        }
    }

    /// What has collected to be sent.
    public var pendingOutput: Int { output.count }

    /// Moves what has collected to the end of `buffer`.
    public mutating func takeOutput(into buffer: inout [UInt8]) {
        buffer.append(contentsOf: output)
        output.removeAll(keepingCapacity: output.capacity <= 4096)
    }

    /// How many replies have been taken: what a deadline for each of them is bound to.
    package var repliesTaken: Int { expected.taken }

    // MARK: Changes of state

    /// The one place where the state changes.
    mutating func change(to next: State) {
        assert(state.mayBecome(next), "from \(state) to \(next)")
        state = next
    }

    /// Reports a fact, in order.
    mutating func note(_ notice: ClientNotice) { notices.append(notice) }

    /// Says EHLO or LHLO, or HELO to a server that knows neither.
    mutating func introduce(withHELO: Bool = false) {
        let verb = withHELO ? "HELO" : configuration.dialect == .lmtp ? "LHLO" : "EHLO"
        say("\(verb) \(configuration.name)", expecting: withHELO ? .helo : .hello)
        if state != .hello { change(to: .hello) }
    }

    /// Writes a command that holds nothing but what a typed value gave.
    mutating func say(_ command: String, expecting expectation: Expectation) {
        output.append(contentsOf: command.utf8)
        output.append(contentsOf: [13, 10])
        expected.append(expectation)
    }

    /// Begins what was asked for next.
    private mutating func beginNext() {
        guard !queue.isEmpty else { return }
        let (id, request) = queue.removeFirst()
        switch request {
        case .deliver(let envelope, let summary): begin(envelope, summary, id)
        case .authenticate(let wanted): begin(wanted, id)
        case .verify(let argument): begin("VRFY \(argument.text)", id)
        case .expand(let argument): begin("EXPN \(argument.text)", id)
        case .help(let argument): begin("HELP" + (argument.map { " \($0.text)" } ?? ""), id)
        case .noOperation: begin("NOOP", id)
        case .reset:
            needsReset = false
            begin("RSET", id, as: .reset(id))
        case .quit: quit(after: nil)
        }
    }

    private mutating func begin(_ command: String, _ id: RequestID, as expectation: Expectation? = nil) {
        say(command, expecting: expectation ?? .command(id))
        change(to: .command)
    }

    // MARK: Ends

    /// Says QUIT. `failure` is why, unless it was asked for.
    mutating func quit(after cause: ClientFailure.Cause?, in phase: Phase? = nil) {
        failure = cause.map { ClientFailure($0, in: phase ?? self.phase) }
        resolveAll(failure ?? ClientFailure(.ended, in: .quit))
        say("QUIT", expecting: .quit)
        change(to: .quitting)
    }

    /// Ends at once: no QUIT, and nothing of what was not sent yet.
    mutating func fail(_ cause: ClientFailure.Cause, in phase: Phase? = nil, of request: RequestID? = nil) {
        guard state != .closed else { return }
        let failure = self.failure ?? ClientFailure(cause, in: phase ?? self.phase)
        if let request {
            exchange = nil
            note(.failed(failure, request))
        }
        resolveAll(failure)
        output.removeAll()
        close(failure)
    }

    mutating func close(_ failure: ClientFailure?) {
        // Requests that came after QUIT was said.
        resolveAll(failure ?? ClientFailure(.ended, in: .quit))
        change(to: .closed)
        note(.closed(failure))
    }

    /// Whatever was asked for and is not done will not be.
    private mutating func resolveAll(_ failure: ClientFailure) {
        reportTransaction(failure)
        if let open = exchange {
            exchange = nil
            note(.failed(failure, open.id))
        }
        for expectation in expected.all { if let id = expectation.request { note(.failed(failure, id)) } }
        expected.removeAll()
        for (id, request) in queue {
            if case .deliver(let envelope, _) = request {
                note(.finished(envelope.recipients.map { RecipientOutcome($0.path, failure) }, id))
            } else {
                note(.failed(failure, id))
            }
        }
        queue.removeAll()
    }
}

extension ClientSession {
    /// Where the session is. What is collected lies beside it, never in it.
    enum State: Hashable, Sendable {
        case opening, hello, startTLS, upgrading, ready, transaction, content, finalReply, command, quitting
        case closed

        func mayBecome(_ next: State) -> Bool {
            switch (self, next) {
            case (.closed, _): false
            case (_, .closed), (_, .quitting): true
            case (.opening, .hello), (.upgrading, .hello): true
            case (.hello, .startTLS), (.startTLS, .upgrading): true
            case (.hello, .ready), (.startTLS, .ready): true
            case (.ready, .command), (.command, .ready): true
            case (.ready, .transaction), (.transaction, .ready): true
            case (.transaction, .content), (.transaction, .finalReply), (.content, .finalReply): true
            case (.finalReply, .ready): true
            case (.opening, _), (.hello, _), (.startTLS, _), (.upgrading, _), (.ready, _), (.transaction, _),
                (.content, _), (.finalReply, _), (.command, _), (.quitting, _):
                false
            }
        }
    }

    /// Whose reply is awaited.
    enum Expectation: Hashable, Sendable {
        case greeting, hello, helo, startTLS, authenticate, quit
        case command(RequestID)
        /// RSET: asked for, or left to do by the transaction before.
        case reset(RequestID?)
        case mail
        /// RCPT for the recipient at this place of the envelope.
        case recipient(Int)
        case data
        /// The end mark; in LMTP, for the recipient at this place.
        case final(Int?)

        var phase: Phase {
            switch self {
            case .greeting: .greeting
            case .hello, .helo: .hello
            case .startTLS: .startTLS
            case .authenticate: .authentication
            case .quit: .quit
            case .command: .command
            case .reset: .reset
            case .mail: .mail
            case .recipient: .recipient
            case .data: .data
            case .final: .finalReply
            }
        }

        /// Whether a reply of this class makes sense: 3yz is for DATA alone, and DATA is not simply done.
        func allows(_ severity: ReplyCode.Severity) -> Bool {
            switch self {
            case .data: severity != .completion
            case .authenticate: true
            case .reset: severity == .completion
            case .greeting, .hello, .helo, .startTLS, .quit, .command, .mail, .recipient, .final:
                severity != .intermediate
            }
        }

        var request: RequestID? {
            switch self {
            case .command(let id): id
            case .reset(let id): id
            case .greeting, .hello, .helo, .startTLS, .authenticate, .quit, .mail, .recipient, .data, .final:
                nil
            }
        }
    }

    /// What has been said and not been answered, in order.
    struct Expectations: Sendable {
        private var items: [Expectation] = []
        private var head = 0
        /// How many have been answered in all.
        private(set) var taken = 0

        var isEmpty: Bool { head == items.count }
        var first: Expectation? { isEmpty ? nil : items[head] }
        var all: ArraySlice<Expectation> { items[head...] }

        mutating func append(_ item: Expectation) { items.append(item) }

        mutating func popFirst() -> Expectation? {
            guard let first else { return nil }
            head += 1
            taken += 1
            if isEmpty { removeAll() }
            return first
        }

        mutating func removeAll() {
            items.removeAll(keepingCapacity: items.capacity <= 64)
            head = 0
        }
    }
}
