import SMTPConnection
import SMTPHandlers
import SMTPProtocol
import SMTPServer
import SMTPThreads
import Testing

@testable import SpecRunner

/// The targets behind a socket find what is wrong, too.
@Suite struct SocketTargetTests {
    /// A server that is nobody's adapter, as far as the runner knows.
    private static func outcomes(_ cases: [SpecCase], isStrict: Bool = false) throws -> [CaseResult.Outcome] {
        let configuration = ServerConnection.Configuration(.init(hostname: "other.example.net"))
        let controller = Controller(
            ThreadRuntime(), service: Service(configuration) { _ in Sink() },
            endpoints: [.tcp(host: "::1", port: 0)])
        try controller.start()
        defer { try? controller.stop(grace: .zero) }
        let target = Target.foreign(try #require(controller.endpoints.first))
        return SpecRunner.run(cases, on: target, isStrict: isStrict).map(\.outcome)
    }

    @Test func `a foreign server passes or skips every case, and texts do not matter`() async throws {
        let cases = try SpecTree.cases()
        let outcomes = try await onThread { try Self.outcomes(cases) }
        for outcome in outcomes { if case .failed(let dialogue) = outcome { Issue.record("\(dialogue)") } }
        #expect(outcomes.filter { $0 == .passed }.count > 20)
    }

    @Test func `texts matter where they are asked for`() async throws {
        let page = try specCase("S: 220 mx.example.org ESMTP ready\nC: NOOP\nS~ 250 *fine*")
        let lenient = try await onThread { try Self.outcomes([page]) }
        #expect(lenient == [.passed])
        let strict = try await onThread { try Self.outcomes([page], isStrict: true) }
        guard case .failed(let dialogue)? = strict.first else {
            Issue.record("it passed")
            return
        }
        #expect(dialogue.contains("# WRONG: line 6 wants"), "\(dialogue)")
    }

    @Test(arguments: [
        ("S: 220\nC: NOOP\nS: 251", 8), ("S: 220\nC: NOOP\nH: 550 5.1.1 no\nS: 250", 9),
        ("S: 220\nC: NOOP\nS: 250\nC: QUIT\nS: 221\nC: NOOP\nS: 250", 12), ("S: 220\nS closes", 7),
        ("S: 220\nC: NOOP\nS.", 8), ("S: 220\nC: QUIT\nS: 221\nH? closed shut-down", 9),
    ])
    func `what is wrong on an adapter is marked`(lines: String, wrong: Int) async throws {
        let page = try specCase(lines)
        let threads = Target.adapter(name: "threads") { ThreadRuntime() }
        let outcome = try await onThread { SpecRunner.run([page], on: threads)[0].outcome }
        guard case .failed(let dialogue) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(dialogue.contains("# WRONG: line \(wrong) wants"), "\(dialogue)")
    }

    @Test func `a shut-down asks for a new server`() async throws {
        let page = try specCase("S: 220\nH: shutdown\nS: 421\nS closes\nH? closed shut-down")
        let threads = Target.adapter(name: "threads") { ThreadRuntime() }
        let results = try await onThread { SpecRunner.run([page, page], on: threads) }
        #expect(results.map(\.outcome) == [.passed, .passed])
    }
}
