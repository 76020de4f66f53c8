import SMTPConnection
import SMTPProtocol
import SMTPSockets

/// The host program of one run: answers as the script says, and keeps what it was asked and told.
///
/// The server calls it on its own thread, the player looks on from another.
final class Host: Sendable {
    private let changed = Condition()
    private nonisolated(unsafe) var state: State

    private struct State {
        let prompts: [Script.Prompt]
        var facts: [HostFact] = []
        /// What was answered, by the number of the fact.
        var answers: [Int: HostAnswer] = [:]
        /// How many prompts may come now.
        var armed: Int
        /// How many have come.
        var met = 0
        var open: Responder?
        var isOpen = false
        var isClosed = false
        var breach: String?
    }

    /// Knows what comes before the client says anything.
    init(_ script: Script) {
        unsafe state = State(prompts: script.prompts, armed: script.openingPrompts)
    }

    private func withState<R>(_ body: (inout State) -> R) -> R { changed.withLock { unsafe body(&state) } }

    // MARK: For the player

    /// What has been asked and told so far.
    var facts: [HostFact] { withState { $0.facts } }
    /// What came after the first `count` facts, with the answers that were given, as lines of a dialogue.
    func lines(after count: Int) -> [String] {
        withState { state in
            state.facts.indices.dropFirst(count).map { index in
                "\(state.facts[index])" + (state.answers[index].map { "\n\($0)" } ?? "")
            }
        }
    }

    /// What must never happen, if it has.
    var breach: String? { withState { $0.breach } }
    /// How many prompts have come.
    var met: Int { withState { $0.met } }

    /// From here on, so many prompts may come.
    func arm(_ count: Int) { withState { $0.armed = max($0.armed, count) } }

    /// Waits until so many prompts have come; false if the deadline came first.
    func waitUntil(met count: Int, deadline: Instant?) -> Bool { wait(until: deadline) { $0.met >= count } }

    /// Waits for a question that is kept open, and takes it; nil if none was by the deadline.
    func takeOpen(deadline: Instant?) -> Responder? {
        guard wait(until: deadline, { $0.open != nil }) else { return nil }
        return withState { state in
            defer {
                state.open = nil
                state.isOpen = false
            }
            return state.open
        }
    }

    /// Waits until the session is over; false if the deadline came first.
    func waitUntilClosed(deadline: Instant?) -> Bool { wait(until: deadline) { $0.isClosed } }

    private func wait(until deadline: Instant?, _ holds: (State) -> Bool) -> Bool {
        changed.withLock {
            while unsafe !holds(state) {
                guard let deadline, changed.wait(until: deadline) else { return false }
            }
            return true
        }
    }

    // MARK: For the handler

    /// Something was asked or told; what the script answers.
    fileprivate func take(_ fact: HostFact, _ responder: Responder?) -> HostAnswer? {
        defer { changed.broadcast() }
        return withState { state in
            if state.isClosed { state.breach = state.breach ?? "`\(fact)` came after `H? closed`" }
            if fact.word.isQuestion, state.isOpen {
                state.breach = state.breach ?? "`\(fact)` came while a question was open"
            }
            state.facts.append(fact)
            if fact.word == .closed { state.isClosed = true }
            if fact.word == .closed || fact.word == .unanswered { state.isOpen = false }
            guard state.met < state.armed, state.prompts[state.met].allows(fact) else { return nil }
            defer { state.met += 1 }
            let answer = state.prompts[state.met].answer
            if let answer { state.answers[state.facts.count - 1] = answer }
            if answer == .later {
                state.open = responder
                state.isOpen = true
            }
            return answer
        }
    }

    /// Notes that content came while it should not have.
    fileprivate func takeContent() {
        withState { state in
            if state.isOpen { state.breach = state.breach ?? "content came while a question was open" }
        }
    }
}

/// What `H: throws` throws.
struct ScriptedFailure: Error {}

/// Answers for a host. Without one, and in what the script does not mention, it accepts.
final class ScriptedHandler: Handler {
    private let host: Host
    private var collected: [UInt8] = []

    init(_ host: Host) { self.host = host }

    private func decide(_ fact: HostFact, _ context: Context) throws -> Decision {
        switch host.take(fact, context.later) {
        case nil: return .accept
        case .later?: return .later
        case .throws?: throw ScriptedFailure()
        case let answer?: return answer.answer.map { .now($0) } ?? .accept
        }
    }

    func connected(in context: Context) throws -> Decision {
        try decide(HostFact(connect: context.session.peer), context)
    }
    func hello(_ hello: Hello, offering: [ServiceExtension], in context: Context) throws -> Decision {
        try decide(HostFact(hello), context)
    }
    func authenticationKey(for request: SASLKeyRequest, in context: Context) throws -> Decision {
        try decide(HostFact(request), context)
    }
    func authenticate(_ credentials: Credentials, in context: Context) throws -> Decision {
        try decide(HostFact(credentials), context)
    }
    func mail(_ path: ReversePath, _ parameters: MailParameters, in context: Context) throws -> Decision {
        try decide(HostFact(path, parameters), context)
    }
    func recipient(_ path: ForwardPath, _ parameters: RecipientParameters, in context: Context) throws
        -> Decision
    {
        try decide(HostFact(path, parameters), context)
    }
    func data(in context: Context) throws -> Decision {
        collected = []
        return try decide(HostFact(word: .data), context)
    }
    func content(_ bytes: Span<UInt8>, in context: Context) throws -> Decision {
        host.takeContent()
        unsafe bytes.withUnsafeBufferPointer { unsafe collected.append(contentsOf: $0) }
        return .accept
    }
    func message(_ envelope: Envelope, size: Int, in context: Context) throws -> Decision {
        defer { collected = [] }
        return try decide(HostFact(word: .message, argument: collected), context)
    }
    func verify(_ argument: String, in context: Context) throws -> Decision {
        try decide(HostFact(word: .verify, argument: Array(argument.utf8)), context)
    }
    func expand(_ argument: String, in context: Context) throws -> Decision {
        try decide(HostFact(word: .expand, argument: Array(argument.utf8)), context)
    }
    func help(_ argument: String?, in context: Context) throws -> Decision {
        try decide(HostFact(word: .help, argument: Array((argument ?? "").utf8)), context)
    }
    func noOperation(_ argument: String?, in context: Context) throws -> Decision {
        try decide(HostFact(word: .noop, argument: Array((argument ?? "").utf8)), context)
    }
    func command(_ verb: Keyword, argument: String, in context: Context) throws -> Decision {
        let text = argument.utf8.isEmpty ? "\(verb)" : "\(verb) \(argument)"
        return try decide(HostFact(word: .command, argument: Array(text.utf8)), context)
    }
    func observe(_ notice: Notice, in context: Context) { _ = host.take(HostFact(notice), nil) }
}
