import SMTPConnection
import SMTPProtocol

/// Plays a script over a link, once, and keeps what really happened.
struct Player {
    private let script: Script
    private let link: any Link
    /// nil where the host program is not ours.
    private let host: Host?
    /// Whether texts count, or only codes.
    private let comparesTexts: Bool
    private let keepsDialogue: Bool
    private var unread: [UInt8] = []
    private var lastReply: [[UInt8]] = []
    private var isReplyOpen = false
    private var armed = 0
    private var factsShown = 0

    /// Everything the server said.
    private(set) var output: [UInt8] = []
    /// What has happened, as lines of a dialogue.
    private(set) var dialogue: [String] = []

    init(
        _ script: Script, over link: any Link, _ host: Host?, comparesTexts: Bool = true,
        keepsDialogue: Bool = true
    ) {
        self.keepsDialogue = keepsDialogue
        self.script = script
        self.link = link
        self.host = host
        self.comparesTexts = comparesTexts
    }

    /// What did not come as the case has it.
    struct Mismatch: Error {
        let problem: String
        /// The line of the case; nil for what no line asks for.
        let line: SpecLine?
    }

    /// Plays all steps; `split` says how each group is cut.
    mutating func play(_ split: Split) throws(Mismatch) {
        for step in script.steps { try play(step, split) }
        try checkAnswersAsked()
        collect(.none)
        guard unread.isEmpty else { throw wrong("the case ends here, but the server says more", nil) }
    }

    /// The dialogue with what was said last and never read.
    mutating func finishedDialogue() -> [String] {
        showFacts()
        collect(.none)
        while !unread.isEmpty {
            let said = takeLine() ?? takeRest()
            show("S: " + Self.shown(said))
        }
        return dialogue
    }

    // MARK: Steps

    private mutating func play(_ step: Script.Step, _ split: Split) throws(Mismatch) {
        let line = step.line
        switch step.act {
        case .arm(let count):
            try checkAnswersAsked()
            armed = count
            host?.arm(count)
        case .send(let number):
            let group = script.groups[number]
            for line in group.lines { show(line.text) }
            link.send(split.pieces(of: group, number))
        case .closeSending:
            show(line.text)
            link.closeSending()
        case .reset:
            show(line.text)
            link.reset()
        case .reply(let codes): try expectReply(codes, line)
        case .line(let text): try expectLine(text, line)
        case .pattern(let text): try expectPattern(text, line)
        case .has(let pattern), .lacks(let pattern): try expectKeyword(pattern, line)
        case .silence: try expectSilence(line)
        case .closed: try expectEnd(line)
        case .wait(let duration):
            show(line.text)
            link.wait(duration)
        case .asked(let number):
            guard host?.waitUntil(met: number + 1, deadline: link.hostDeadline) != false else {
                throw wrong("this did not come", line)
            }
        case .answer(let answer): try answerLate(answer, line)
        case .shutDown:
            show(line.text)
            guard link.shutDown() else { throw wrong("this server cannot be told to shut down", line) }
        }
    }

    private mutating func answerLate(_ answer: HostAnswer, _ line: SpecLine) throws(Mismatch) {
        guard let host else { return }
        showFacts()
        guard let responder = host.takeOpen(deadline: link.hostDeadline) else {
            throw wrong("no question is open that this could answer", line)
        }
        show("\(answer)")
        if let decided = answer.answer {
            responder.answer(decided)
        } else {
            responder.fail(ScriptedFailure())
        }
        link.deliverAnswers()
    }

    /// Answers without an `H?` have to be asked for in their turn.
    private mutating func checkAnswersAsked() throws(Mismatch) {
        guard let host, !host.waitUntil(met: armed, deadline: link.hostDeadline) else { return }
        throw wrong("nothing was asked that this answers", script.prompts[host.met].line)
    }

    // MARK: What the server says

    private mutating func expectReply(_ codes: CodePattern, _ line: SpecLine) throws(Mismatch) {
        var isFirst = true
        while true {
            guard let said = readLine(.long) else { throw missing(line) }
            guard codes.allows(said.prefix(3)) else { throw wrong(nil, line, said) }
            if isFirst, !isReplyOpen { lastReply = [] }
            isFirst = false
            note(said)
            if !isReplyOpen { return }
        }
    }

    private mutating func expectLine(_ text: [UInt8], _ line: SpecLine) throws(Mismatch) {
        guard comparesTexts else { return try expectCode(text, line) }
        guard let said = readLine(.long) else { throw missing(line) }
        guard said == text else { throw wrong(nil, line, said) }
        if !isReplyOpen { lastReply = [] }
        note(said)
    }

    private mutating func expectPattern(_ text: [UInt8], _ line: SpecLine) throws(Mismatch) {
        guard comparesTexts else { return try expectCode(text, line) }
        guard let said = readLine(.long) else { throw missing(line) }
        guard Octets.matches(said, text) else { throw wrong(nil, line, said) }
        if !isReplyOpen { lastReply = [] }
        note(said)
    }

    /// Of a line whose text does not count: the reply's last line stands for all of them.
    private mutating func expectCode(_ text: [UInt8], _ line: SpecLine) throws(Mismatch) {
        guard text.count < 4 || text[3] != UInt8(ascii: "-") else { return }
        guard let codes = CodePattern(Array(text.prefix(3))) else { return }
        try expectReply(codes, line)
    }

    private mutating func expectKeyword(_ pattern: [UInt8], _ line: SpecLine) throws(Mismatch) {
        let isThere = lastReply.contains { Octets.matches($0.dropFirst(4), pattern) }
        if case .has = line.kind, !isThere { throw wrong("the reply above has no such line", line) }
        if case .lacks = line.kind, isThere { throw wrong("the reply above has such a line", line) }
    }

    private mutating func expectSilence(_ line: SpecLine) throws(Mismatch) {
        guard link.provesSilence || !script.hasWait else { return }
        collect(.short)
        guard unread.isEmpty else { throw wrong(nil, line, takeLine() ?? takeRest()) }
        showFacts()
        show(line.text)
    }

    private mutating func expectEnd(_ line: SpecLine) throws(Mismatch) {
        if let said = readLine(.long) { throw wrong(nil, line, said) }
        guard unread.isEmpty else { throw wrong(nil, line, takeRest()) }
        guard case .end = link.receive(.none) else { throw missing(line) }
        showFacts()
        show(line.text)
    }

    // MARK: Reading

    /// The next line without its end, if one comes.
    private mutating func readLine(_ patience: Patience) -> [UInt8]? {
        while true {
            if let line = takeLine() { return line }
            switch link.receive(patience) {
            case .octets(let octets): keep(octets)
            case .nothing, .end: return nil
            }
        }
    }

    private mutating func collect(_ patience: Patience) {
        if unread.isEmpty, case .octets(let octets) = link.receive(patience) { keep(octets) }
    }

    private mutating func keep(_ octets: [UInt8]) {
        unread += octets
        output += octets
    }

    private mutating func takeLine() -> [UInt8]? {
        guard let end = unread.firstIndex(of: 10) else { return nil }
        let line = unread[..<end]
        unread.removeFirst(end + 1)
        return Array(line.last == 13 ? line.dropLast() : line)
    }

    private mutating func takeRest() -> [UInt8] {
        defer { unread = [] }
        return unread
    }

    private mutating func note(_ said: [UInt8]) {
        showFacts()
        show("S: " + Self.shown(said))
        lastReply.append(said)
        isReplyOpen = said.count > 3 && said[3] == UInt8(ascii: "-")
    }

    // MARK: Showing

    private mutating func show(_ line: @autoclosure () -> String) {
        if keepsDialogue { dialogue.append(line()) }
    }

    private mutating func showFacts() {
        guard keepsDialogue, let lines = host?.lines(after: factsShown) else { return }
        factsShown += lines.count
        dialogue += lines
    }

    private static func shown(_ said: [UInt8]) -> String {
        let isPlain = said.allSatisfy { $0 >= 32 && $0 < 127 }
        return isPlain ? String(decoding: said, as: UTF8.self) : Octets.escaped(said)
    }

    private mutating func missing(_ line: SpecLine) -> Mismatch {
        switch link.receive(.none) {
        case .end: wrong("the server has closed", line)
        case .nothing, .octets: wrong("the server says nothing more", line)
        }
    }

    /// Marks the place, then the line that is wrong, if one came instead.
    private mutating func wrong(_ problem: String?, _ line: SpecLine?, _ said: [UInt8]? = nil) -> Mismatch {
        showFacts()
        let wanted = line.map { "line \($0.number) wants `\($0.text)`" }
        let whole = [wanted, problem].compactMap { $0 }.joined(separator: ": ")
        show("# WRONG: \(whole)\(said == nil ? "" : "; instead came")")
        if let said { show("S: " + Self.shown(said)) }
        return Mismatch(problem: whole, line: line)
    }
}
