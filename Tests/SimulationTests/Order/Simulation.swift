import SMTPProtocol

/// One script, played to the model and to a session.
struct Simulation: ~Copyable {
    /// Where the two differ, if they do.
    struct Difference: Error, CustomStringConvertible {
        var description: String
    }

    let script: Script
    var expected: Trace
    /// How many commands are read before the session ends.
    private(set) var commands = 0
    private var octets: [UInt8] = []
    /// Where the server is told to end, once all before has been read.
    private var shutDownAt: Int?
    private var session: ServerSession
    private var observed = Trace()
    private var answered = 0
    private var line: [UInt8] = []
    private var tag = 0
    private var begun = 0
    private var planned: Trace.PlannedAnswer?
    private var hasAskedAboutContent = false
    private var content: [UInt8] = []

    /// Asks the model what must happen.
    init(_ script: Script) {
        self.script = script
        let configuration = script.profile.configuration
        session = ServerSession(configuration)
        var model = ReferenceModel(configuration, connect: script.connectAnswer)
        for step in script.steps {
            octets += step.command.text.utf8
            let wasClosed = model.isClosed
            if !wasClosed { commands += 1 }
            if model.step(step) { octets += step.content.wire }
            if step.shutDown == .afterwards, !wasClosed, shutDownAt == nil { shutDownAt = octets.count }
        }
        if script.lostOctets > 0, let last = script.steps.last, !model.isClosed, shutDownAt == nil {
            octets += last.command.text.utf8.dropLast(script.lostOctets)
        }
        model.clientEnds()
        expected = model.trace
    }

    /// Plays the script to the session, cut into inputs as the script says.
    mutating func play() throws(Difference) {
        var generator = SeededGenerator(seed: script.cutSeed)
        let longest = generator.pick([1, 3, 20, 100, 4000])
        var input: [UInt8] = []
        var position = 0
        var sent = 0
        while true {
            let step = session.next(input.span, &position)
            try listen()
            switch step {
            case .note(let notice): observed.note(notice)
            case .ask:
                guard let question = session.question else { throw Difference(description: "no question") }
                try answer(question, input, &generator, &position)
            case .wait(.room): continue
            case .wait(.input):
                try expect(position == input.count, "input was left: \(position) of \(input.count)")
                if sent == octets.count {
                    if shutDownAt == sent { session.shutDown() }
                    session.receiveEnd()
                    continue
                }
                if shutDownAt == sent { session.shutDown() }
                let border = [shutDownAt ?? .max, octets.count].filter { $0 > sent }.min() ?? octets.count
                let next = min(border, sent + 1 + generator.below(longest))
                input = Array(octets[sent..<next])
                position = 0
                sent = next
                if sent == octets.count, shutDownAt == nil, generator.chance(50) { session.receiveEnd() }
            case .wait(.never): return try compareEnd()
            case .wait(.answer), .wait(.tls): throw Difference(description: "an unexpected wait: \(step)")
            }
            observed.settle(session.envelope)
            try compare()
        }
    }

    private mutating func answer(
        _ question: Question, _ input: [UInt8], _ generator: inout SeededGenerator, _ position: inout Int
    ) throws(Difference) {
        if generator.chance(10) {
            let before = position
            guard case .wait(.answer) = session.next(input.span, &position), position == before else {
                throw Difference(description: "the session went on past an open question")
            }
        }
        if case .content(let piece) = question { return try answerContent(piece, input) }
        guard answered < expected.answers.count else {
            throw Difference(description: "an unexpected question: \(question)")
        }
        observed.events.append(.ask(Self.abstract(question)))
        try compare()
        let plan = expected.answers[answered]
        answered += 1
        if plan.content != nil {
            planned = plan
            content = []
            hasAskedAboutContent = false
        }
        if case .message = question {
            try expect(content == planned?.content?.decoded ?? [], "other content was passed on")
        }
        if plan.shutsDown { session.shutDown() }
        session.answer(plan.answer)
        try listen()
        if case .mail = question, case .reply(let said)? = observed.events.last, said.accepts { begun += 1 }
    }

    private mutating func answerContent(_ piece: ContentPiece, _ input: [UInt8]) throws(Difference) {
        switch piece {
        case .input(let range): content += input[range.start..<range.end]
        case .gathered: content += session.gathered
        }
        session.answer(hasAskedAboutContent ? .accept : planned?.contentAnswer ?? .accept)
        hasAskedAboutContent = true
        try listen()
    }

    /// Takes what the session said.
    private mutating func listen() throws(Difference) {
        guard session.pendingReplies > 0 else { return }
        session.takeReplies(into: &line)
        var start = 0
        while let end = line[start...].firstIndex(of: 10) {
            let text = line[start...end]
            try expect(
                text.count >= 6 && text.count <= 512 && text.suffix(2) == [13, 10], "a reply line: \(text)")
            tag = max(tag, Said.tag(in: text))
            if text[start + 3] == UInt8(ascii: " ") {
                let digits = text.prefix(3).map { UInt16($0) - 48 }
                observed.events.append(
                    .reply(.init(code: digits[0] * 100 + digits[1] * 10 + digits[2], tag: tag)))
                tag = 0
            }
            start = end + 1
        }
        try expect(start == line.count && tag == 0, "a reply is not whole")
        line.removeAll(keepingCapacity: true)
    }

    // MARK: Comparing

    private var compared = 0

    private mutating func compare() throws(Difference) {
        for index in compared..<observed.events.count {
            let wanted = index < expected.events.count ? expected.events[index] : nil
            try expect(
                observed.events[index] == wanted,
                "event \(index) is \(observed.events[index]), not \(wanted, default: "-")")
        }
        compared = observed.events.count
        guard let last = observed.envelopes.last, session.phase != .closed else { return }
        let wanted = expected.envelopes[observed.envelopes.count - 1]
        try expect(last == wanted && session.envelope == wanted, "after reply \(observed.envelopes.count)")
    }

    private mutating func compareEnd() throws(Difference) {
        try compare()
        try expect(
            observed.events.count == expected.events.count,
            "ended before \(expected.events[observed.events.count...])")
        var resets = 0
        var closes = 0
        for case .note(let notice) in observed.events {
            if case .reset = notice { resets += 1 }
            if case .closed = notice { closes += 1 }
        }
        try expect(resets == begun, "\(begun) transactions began, \(resets) were reset")
        try expect(closes == 1, "closed \(closes) times")
        guard case .note(.closed)? = observed.events.last else {
            throw Difference(description: "something followed the end")
        }
        try expect(session.envelope == nil && session.pendingReplies == 0, "something is left")
    }

    private func expect(_ holds: Bool, _ text: @autoclosure () -> String) throws(Difference) {
        if !holds { throw Difference(description: text()) }
    }

    private static func abstract(_ question: Question) -> Trace.Question {
        switch question {
        case .connect: .connect
        case .hello(let hello, _): .hello(hello)
        case .mail(let path, let parameters): .mail(path, parameters)
        case .recipient(let path, let parameters): .recipient(path, parameters)
        case .data, .content: .data
        case .message(let envelope, let size): .message(envelope, size)
        case .verify(let text): .verify(text)
        case .expand(let text): .expand(text)
        case .help(let text): .help(text)
        case .noOperation(let text): .noOperation(text)
        case .command(_, let argument): .command(argument)
        // AUTH is not offered here.
        case .authenticate, .authenticationKey: .command("AUTH")
        }
    }
}
