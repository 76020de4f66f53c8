import SMTPProtocol

/// What is to happen in a case, in order, and what the host program says to it.
///
/// `C` lines that follow one another without an `S` between them are one group: `H` lines among them do not part it.
/// A group with the lines after it, up to the next group, is a turn. What the host will be asked in a turn is known to
/// it before the group is sent.
struct Script: Sendable {
    /// In order.
    private(set) var steps: [Step] = []
    /// What the host is asked or told, and what it answers, in order.
    private(set) var prompts: [Prompt] = []
    private(set) var groups: [Group] = []
    private var isLaterOpen = false
    private var lastAnswer: (line: SpecLine, isLate: Bool)?

    /// One thing to do or to check.
    struct Step: Sendable {
        let act: Act
        let line: SpecLine
    }

    enum Act: Sendable {
        /// The host knows so many prompts from here on.
        case arm(Int)
        /// The group of this number is sent.
        case send(Int)
        case closeSending, reset
        case reply(CodePattern)
        case line([UInt8])
        case pattern([UInt8])
        case has([UInt8])
        case lacks([UInt8])
        case silence, closed
        case wait(Duration)
        /// The prompt of this number has come.
        case asked(Int)
        /// The question that was kept open is answered.
        case answer(HostAnswer)
        case shutDown
    }

    /// What the client sends in one go.
    struct Group: Sendable {
        var octets: [UInt8] = []
        /// Where the case wants them cut.
        var cuts: [Int] = []
        var lines: [SpecLine] = []
    }

    /// An `H?`, an `H:`, or both together.
    struct Prompt: Sendable {
        /// nil: the next question, whatever it is.
        let pattern: HostPattern?
        var answer: HostAnswer?
        let line: SpecLine

        func allows(_ fact: HostFact) -> Bool { pattern.map { $0.allows(fact) } ?? fact.word.isQuestion }
    }

    /// How many prompts belong before the client says anything.
    private(set) var openingPrompts = 0

    /// Why it cannot be played, if it cannot.
    private(set) var missing: String?
    /// Whether time has to pass.
    private(set) var hasWait = false
    /// Whether the host program is part of it.
    private(set) var hasHost = false
    /// Whether it is about TCP: it says from where the client comes, or breaks the connection.
    private(set) var needsTCP = false

    /// Whether the client says STARTTLS.
    var startsTLS: Bool {
        groups.contains { group in
            group.octets.split(separator: 10).contains { line in
                Octets.folded(String(decoding: Octets.trimmed(line.filter { $0 != 13 }), as: UTF8.self))
                    == Array("starttls".utf8)
            }
        }
    }
    /// All octets that the client sends.
    var size: Int { groups.reduce(0) { $0 + $1.octets.count } }
    /// The most that it sends in one go.
    var largestGroup: Int { groups.map(\.octets.count).max() ?? 0 }
    /// Whether the case itself says where to cut.
    var hasCuts: Bool { groups.contains { !$0.cuts.isEmpty } }

    init(_ lines: [SpecLine]) throws(LineProblem) {
        let isClient = lines.contains { $0.kind == .given(key: "role", value: "client") }
        let isLMTP = lines.contains { $0.kind == .given(key: "dialect", value: "lmtp") }
        guard !isClient else { return }
        for (number, turn) in Self.turns(lines.filter { !$0.isGiven }).enumerated() {
            try add(turn, isLMTP: isLMTP)
            guard number == 0 else { continue }
            // An answer after the greeting is not for the connection.
            let numbers = Set(turn.group.map(\.number))
            openingPrompts = prompts.prefix { $0.answer == nil || numbers.contains($0.line.number) }.count
        }
        // Whoever speaks first is connected all the same.
        if prompts.first?.pattern?.word == .connect { openingPrompts = max(openingPrompts, 1) }
        if let open = steps.last(where: { if case .has = $0.act { true } else { false } }),
            !hasReply(before: open)
        {
            throw LineProblem("`S+` needs a reply before it", at: open.line.number)
        }
        if case .begin? = prompts.last?.answer, let line = prompts.last?.line {
            throw LineProblem(
                "this reply is not finished: its last line has a space after the code", at: line.number)
        }
    }

    private func hasReply(before step: Step) -> Bool {
        steps.prefix { $0.line.number != step.line.number }.contains {
            switch $0.act {
            case .reply, .line, .pattern: true
            default: false
            }
        }
    }

    // MARK: Turns

    struct Turn {
        var group: [SpecLine] = []
        var rest: [SpecLine] = []
    }

    private static func turns(_ lines: [SpecLine]) -> [Turn] {
        var turns = [Turn()]
        for line in lines {
            let last = turns.count - 1
            switch line.kind {
            case .client:
                if turns[last].rest.isEmpty, last > 0 {
                    turns[last].group.append(line)
                } else {
                    turns.append(Turn(group: turns[last].takeAnswers() + [line]))
                }
            case .asked, .answer, .shutDown:
                if turns[last].rest.isEmpty {
                    turns[last].group.append(line)
                } else {
                    turns[last].rest.append(line)
                }
            default:
                turns[last].rest.append(line)
            }
        }
        return turns
    }

    // MARK: Steps

    private mutating func add(_ turn: Turn, isLMTP: Bool) throws(LineProblem) {
        var group = Group()
        for line in turn.group {
            guard case .client(let bytes) = line.kind else { continue }
            group.cuts += bytes.cuts.map { $0 + group.octets.count }
            group.octets += bytes.octets
            group.lines.append(line)
        }
        var later: [Step] = []
        for line in turn.group + turn.rest {
            guard let step = try step(for: line, isLMTP: isLMTP) else { continue }
            if case .answer(let more) = step.act, let last = later.last, case .answer(let first) = last.act,
                let joined = Self.join(first, more) ?? (isLMTP ? Self.add(first, more) : nil)
            {
                later[later.count - 1] = Step(act: .answer(joined), line: last.line)
            } else {
                later.append(step)
            }
        }
        let first = turn.group.first ?? turn.rest.first
        if let first { steps.append(Step(act: .arm(prompts.count), line: first)) }
        if let first = group.lines.first {
            groups.append(group)
            steps.append(Step(act: .send(groups.count - 1), line: first))
        }
        steps += later
    }

    private mutating func step(for line: SpecLine, isLMTP: Bool) throws(LineProblem) -> Step? {
        let act: Act? =
            switch line.kind {
            case .client, .given: nil
            case .clientCloses: .closeSending
            case .clientResets: .reset
            case .reply(let codes): .reply(codes)
            case .line(let text): .line(text)
            case .pattern(let text): .pattern(text)
            case .has(let text): .has(text)
            case .lacks(let text): .lacks(text)
            case .silence: .silence
            case .serverCloses: .closed
            case .wait(let duration): .wait(duration)
            case .asked(let pattern): ask(pattern, line)
            case .answer(let answer): answering(answer, line, isLMTP: isLMTP)
            case .shutDown: .shutDown
            case .tls, .serverBytes, .clientRole: nil
            }
        switch line.kind {
        case .wait: hasWait = true
        case .clientResets: needsTCP = true
        case .tls: missing = "there is no TLS engine to shake hands with"
        case .serverBytes, .clientRole:
            throw LineProblem("this line is for `given role client`", at: line.number)
        case .shutDown: hasHost = true
        default: break
        }
        return act.map { Step(act: $0, line: line) }
    }

    private mutating func ask(_ pattern: HostPattern, _ line: SpecLine) -> Act {
        hasHost = true
        if pattern.word.isQuestion { isLaterOpen = false }
        if pattern.word == .connect, pattern.argument != nil { needsTCP = true }
        prompts.append(Prompt(pattern: pattern, line: line))
        return .asked(prompts.count - 1)
    }

    /// An answer to the `H?` just before it, to the question kept open, or to the next one.
    private mutating func answering(_ answer: HostAnswer, _ line: SpecLine, isLMTP: Bool) -> Act? {
        hasHost = true
        let last = prompts.count - 1
        let previous = lastAnswer.flatMap { $0.line.number == line.number - 1 ? $0 : nil }
        if isLaterOpen || previous?.isLate == true {
            lastAnswer = (line, isLate: true)
            isLaterOpen = false
            return .answer(answer)
        }
        defer { lastAnswer = (line, isLate: false) }
        if previous != nil, last >= 0, let before = prompts[last].answer,
            let joined = Self.join(before, answer) ?? (isLMTP ? Self.add(before, answer) : nil)
        {
            prompts[last].answer = joined
            return nil
        }
        if last >= 0, prompts[last].pattern?.word.isQuestion == true, prompts[last].answer == nil,
            prompts[last].line.number == line.number - 1
        {
            prompts[last].answer = answer
        } else {
            prompts.append(Prompt(pattern: nil, answer: answer, line: line))
        }
        isLaterOpen = answer == .later
        return nil
    }

    /// A further line of a reply.
    private static func join(_ first: HostAnswer, _ next: HostAnswer) -> HostAnswer? {
        guard case .begin(let begun) = first else { return nil }
        switch next {
        case .begin(let more): return .begin(.init(begun.code, begun.status, lines: begun.lines + more.lines))
        case .reply(let more): return .reply(.init(begun.code, begun.status, lines: begun.lines + more.lines))
        case .accept, .later, .throws, .replies, .close, .offer, .identity, .key: return nil
        }
    }

    /// A reply for one more recipient.
    private static func add(_ first: HostAnswer, _ next: HostAnswer) -> HostAnswer? {
        guard case .reply(let reply) = next else { return nil }
        switch first {
        case .reply(let before): return .replies([before, reply])
        case .replies(let before): return .replies(before + [reply])
        case .accept, .later, .throws, .begin, .close, .offer, .identity, .key: return nil
        }
    }
}
