import Foundation
import SMTPProtocol
import Testing

/// Random sessions, compared with the model: order, questions, replies, notices, transactions (RFC 5321 §4.1.4).
@Suite struct OrderTests {
    /// `SIMULATION_SEQUENCES` asks for more than fit into a few seconds.
    static let wanted = ProcessInfo.processInfo.environment["SIMULATION_SEQUENCES"].flatMap { Int($0) }
    static let sequences = wanted ?? 2000

    @Test func `a session does what the model does, with seeds that never change`() {
        Self.simulate(seed: 1, Self.sequences)
    }

    @Test func `a session does what the model does, with a new seed every time`() {
        Self.simulate(seed: .random(in: 0 ... .max), Self.sequences / 2)
    }

    @Test func `the scripts reach every question, every way out and every fault of a client`() {
        var seeds = SeededGenerator(seed: 2)
        var questions: Set<Substring> = []
        var notices: Set<Notice> = []
        var codes: Set<UInt16> = []
        for _ in 0..<600 {
            var playwright = Playwright(seed: seeds.next())
            for event in Simulation(playwright.script()).expected.events {
                switch event {
                case .ask(let question): questions.insert("\(question)".prefix { $0 != "(" })
                case .note(let notice): notices.insert(notice)
                case .reply(let said): codes.insert(said.code)
                }
            }
        }
        #expect(questions.count == 11, "\(questions)")
        let closes: [CloseCause] = [.quit, .refused, .shutDown, .tooManyErrors, .peerClosed]
        let resets: [ResetCause] = [.rset, .hello, .delivered, .refused, .aborted]
        let faults: [PeerError] = [
            .syntax(Trace.anySyntaxError), .badSequence, .unknownCommand, .lineTooLong, .contentLineTooLong,
            .sizeExceeded, .bareLineFeed, .bareCarriageReturn, .illegalOctet, .limitReached,
        ]
        let wanted =
            closes.map { Notice.closed($0) } + resets.map { .reset($0) } + faults.map { .peerError($0) }
        #expect(notices == Set(wanted).union([.quit]))
        #expect(codes.isSuperset(of: [220, 221, 250, 252, 214, 354, 421, 451, 452, 500, 501, 502, 503]))
        #expect(codes.isSuperset(of: [550, 552, 553, 554, 555]))
    }

    static func simulate(seed: UInt64, _ sequences: Int) {
        var seeds = SeededGenerator(seed: seed)
        var commands = 0
        for _ in 0..<sequences {
            let scriptSeed = seeds.next()
            var playwright = Playwright(seed: scriptSeed)
            let script = playwright.script()
            var simulation = Simulation(script)
            commands += simulation.commands
            do throws(Simulation.Difference) {
                try simulation.play()
            } catch {
                return report(error, shortened(script), scriptSeed)
            }
        }
        #expect(commands > sequences * 8)
        if wanted != nil { print("\(commands) commands in \(sequences) sequences, seed \(seed)") }
    }

    private static func report(_ difference: Simulation.Difference, _ script: Script, _ seed: UInt64) {
        let lines = script.steps.map {
            let content = String(decoding: $0.content.wire, as: UTF8.self).debugDescription
            return "\($0.command.text.debugDescription) \($0.shutDown) \($0.answer) | "
                + "\(content) \($0.contentAnswer) \($0.messageAnswer)"
        }
        Issue.record(
            """
            seed \(seed): \(difference)
            shortest (\(script.profile), connect \(script.connectAnswer)): \(Self.difference(script)?.description ?? "-")
            \(lines.joined(separator: "\n"))
            """)
    }

    static func difference(_ script: Script) -> Simulation.Difference? {
        var simulation = Simulation(script)
        do throws(Simulation.Difference) {
            try simulation.play()
            return nil
        } catch {
            return error
        }
    }

    /// The script without whatever the difference does not need.
    static func shortened(_ script: Script) -> Script {
        var best = script
        var index = 0
        while index < best.steps.count {
            var shorter = best
            shorter.steps.remove(at: index)
            if difference(shorter) != nil { best = shorter } else { index += 1 }
        }
        return best
    }
}
