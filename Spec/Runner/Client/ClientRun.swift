import SMTPConnection
import SMTPProtocol

/// Plays a client's case in every way to cut what the server says, and the content with it; all must come to the same.
struct ClientRun {
    private let subject: SpecCase
    private let script: ClientScript
    private let configuration: ClientConnection.Configuration

    init(_ subject: SpecCase, _ script: ClientScript, _ settings: ClientSettings) {
        self.subject = subject
        self.script = script
        configuration = settings.configuration
    }

    private struct Trace: Equatable {
        var output: [UInt8] = []
        var facts: [ClientFact] = []
    }

    func outcome() -> CaseResult.Outcome {
        var expected: Trace?
        let largest = script.groups.map(\.octets.count).max() ?? 0
        let hasCuts = script.groups.contains { !$0.cuts.isEmpty }
        for split in Split.all(size: script.size, largestGroup: largest, hasCuts: hasCuts) {
            var player = ClientPlayer(script, ClientLink(configuration, split))
            let problem = player.play(split)
            let trace = Trace(output: player.said, facts: player.link.facts)
            if let problem = problem ?? fault(trace, player.link)
                ?? expected.flatMap({ Self.difference($0, trace) })
            {
                return subject.failure("core, \(split)", player.dialogue + ["# WRONG: \(problem)"])
            }
            expected = expected ?? trace
        }
        return .passed
    }

    /// What must hold in every run, whatever the case says.
    private func fault(_ trace: Trace, _ link: ClientLink) -> String? {
        if let breach = link.breach { return breach }
        for (index, octet) in trace.output.enumerated() {
            let isAfterCR = index > 0 && trace.output[index - 1] == 13
            if (octet == 10) != isAfterCR { return "the client sends a CR or an LF alone" }
        }
        return nil
    }

    private static func difference(_ whole: Trace, _ cut: Trace) -> String? {
        if whole.output != cut.output {
            return
                "in one piece the client says `\(Octets.escaped(whole.output.suffix(200)))`, cut like this "
                + "`\(Octets.escaped(cut.output.suffix(200)))`"
        }
        return whole.facts == cut.facts
            ? nil : "in one piece the host is told `\(whole.facts)`, cut like this `\(cut.facts)`"
    }
}

/// Plays a client's script once, and keeps what really happened.
struct ClientPlayer {
    let link: ClientLink
    private let script: ClientScript
    private var unread: [UInt8] = []
    /// How many facts have been asked for or passed over, and shown.
    private var told = 0
    private var shown = 0
    /// Everything the client said.
    private(set) var said: [UInt8] = []
    /// What has happened, as lines of a dialogue.
    private(set) var dialogue: [String] = []

    init(_ script: ClientScript, _ link: ClientLink) {
        self.script = script
        self.link = link
    }

    /// What did not come as the case has it; nil if all did.
    mutating func play(_ split: Split) -> String? {
        for step in script.steps {
            let problem = play(step, split)
            showFacts()
            if let problem { return "line \(step.line.number) wants `\(step.line.text)`: \(problem)" }
        }
        collect()
        guard unread.isEmpty else {
            return "the case ends here, but the client says `\(Octets.escaped(unread))`"
        }
        link.finish()
        collect()
        return unread.isEmpty ? nil : "after the case the client says `\(Octets.escaped(unread))`"
    }

    private mutating func play(_ step: ClientScript.Step, _ split: Split) -> String? {
        switch step.act {
        case .hear(let number):
            let group = script.groups[number]
            dialogue += group.lines.map(\.text)
            for piece in split.pieces(of: group, number) { link.hear(piece) }
        case .says(let bytes): return expect(bytes.octets)
        case .silence:
            collect()
            if !unread.isEmpty { return "the client says `\(Octets.escaped(unread))`" }
        case .closes:
            collect()
            if !unread.isEmpty { return "the client says `\(Octets.escaped(unread))`" }
            if !link.isClosed { return "it is still there" }
            dialogue.append("C closes")
        case .wish(let wish):
            dialogue.append(step.line.text)
            if !link.wish(wish) { return "no content is wanted" }
        case .told(let pattern):
            guard let index = link.facts.dropFirst(told).firstIndex(where: pattern.allows) else {
                return "this did not come"
            }
            told = index + 1
        case .wait(let duration):
            dialogue.append(step.line.text)
            link.wait(duration)
        case .serverCloses:
            dialogue.append(step.line.text)
            link.hearEnd()
        case .serverResets:
            dialogue.append(step.line.text)
            link.fail()
        }
        return nil
    }

    private mutating func expect(_ octets: [UInt8]) -> String? {
        collect()
        guard unread.starts(with: octets) else {
            return "the client says `\(Octets.escaped(unread.prefix(max(octets.count, 200))))`"
        }
        unread.removeFirst(octets.count)
        dialogue.append("C= " + Octets.escaped(octets))
        return nil
    }

    private mutating func collect() {
        let octets = link.takeOutput()
        unread += octets
        said += octets
    }

    private mutating func showFacts() {
        dialogue += link.facts.dropFirst(shown).map(\.description)
        shown = link.facts.count
    }
}
