import SMTPConnection
import SMTPServer

/// Plays a case on the core in every way to cut it; all must come to the same.
struct CoreRun {
    private let subject: SpecCase
    private let configuration: ServerConnection.Configuration

    init(_ subject: SpecCase) {
        self.subject = subject
        configuration = subject.settings.configuration()
    }

    /// What must be the same however the client's octets arrive.
    private struct Trace: Equatable {
        var output: [UInt8] = []
        var facts: [HostFact] = []
        var isClosed = false
    }

    private struct Failure: Error {
        let problem: String
        /// Whether the player marked it in the dialogue.
        let isMarked: Bool
    }

    func outcome() -> CaseResult.Outcome {
        if let client = subject.client { return ClientRun(subject, client.script, client.settings).outcome() }
        if let reason = subject.missing { return .skipped(reason: reason) }
        var expected: Trace?
        for split in Split.all(for: subject.script) {
            do throws(Failure) {
                let trace = try play(split)
                if let expected, expected != trace { throw Self.difference(expected, trace) }
                expected = expected ?? trace
            } catch {
                return failure(error, split)
            }
        }
        return .passed
    }

    /// Plays it again in the way that failed, to have the dialogue.
    private func failure(_ failure: Failure, _ split: Split) -> CaseResult.Outcome {
        let dialogue = recorded(split)
        return subject.failure(
            "core, \(split)", failure.isMarked ? dialogue : dialogue + ["# WRONG: \(failure.problem)"])
    }

    private func recorded(_ split: Split) -> [String] {
        guard var player = try? makePlayer(Host(subject.script), keepsDialogue: true).player else {
            return []
        }
        do throws(Player.Mismatch) { try player.play(split) } catch {}
        return player.finishedDialogue()
    }

    private func makePlayer(_ host: Host, keepsDialogue: Bool) throws -> (player: Player, link: CoreLink) {
        let link = try CoreLink(Service(configuration) { _ in ScriptedHandler(host) })
        return (Player(subject.script, over: link, host, keepsDialogue: keepsDialogue), link)
    }

    private func play(_ split: Split) throws(Failure) -> Trace {
        let host = Host(subject.script)
        guard let made = try? makePlayer(host, keepsDialogue: false) else {
            throw Failure(problem: "no connection could be made", isMarked: false)
        }
        var player = made.player
        let link = made.link
        do throws(Player.Mismatch) {
            try player.play(split)
        } catch {
            throw Failure(problem: error.problem, isMarked: true)
        }
        let trace = Trace(output: player.output + link.finish(), facts: host.facts, isClosed: link.isClosed)
        if let fault = fault(trace, host, link) { throw Failure(problem: fault, isMarked: false) }
        return trace
    }

    /// What must hold in every run, whatever the case says.
    private func fault(_ trace: Trace, _ host: Host, _ link: CoreLink) -> String? {
        if let breach = host.breach { return breach }
        if link.spokeAfterEnd { return "the server spoke after it had ended its side" }
        if !trace.isClosed { return "the connection does not come to an end" }
        if trace.facts.last?.word != .closed { return "the last thing the host is told is not `H? closed`" }
        return ReplyForm.fault(in: trace.output)
    }

    private static func difference(_ whole: Trace, _ cut: Trace) -> Failure {
        let problem: String
        if whole.output != cut.output {
            let same = zip(whole.output, cut.output).prefix { $0 == $1 }.count
            let (first, second) = (
                whole.output.dropFirst(same).prefix(80), cut.output.dropFirst(same).prefix(80)
            )
            problem =
                "in one piece the server says `\(Octets.escaped(first))`, "
                + "cut like this `\(Octets.escaped(second))`"
        } else if let index = (0..<max(whole.facts.count, cut.facts.count)).first(where: {
            whole.facts.dropFirst($0).first != cut.facts.dropFirst($0).first
        }) {
            let facts = [whole, cut].map { $0.facts.dropFirst(index).first?.description ?? "nothing more" }
            problem = "in one piece the host sees `\(facts[0])`, cut like this `\(facts[1])`"
        } else {
            problem = "in one piece it ends differently than cut like this"
        }
        return Failure(problem: problem, isMarked: false)
    }
}
