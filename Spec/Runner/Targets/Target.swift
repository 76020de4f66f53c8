public import SMTPConnection
public import SMTPServer

/// Where cases are run.
public enum Target: Sendable {
    /// The core alone: in memory, in virtual time, cut in every way.
    case core
    /// A runtime of ours, over TCP and Unix sockets.
    case adapter(name: String, makeRuntime: @Sendable () -> any Runtime)
    /// Anybody's server.
    case foreign(Endpoint)

    /// For reports.
    public var name: String {
        switch self {
        case .core: "core"
        case .adapter(let name, _): name
        case .foreign(let endpoint): endpoint.description
        }
    }
}

/// What became of one case on one target.
public struct CaseResult: Sendable {
    /// The case.
    public let subject: SpecCase
    /// The target's name.
    public let target: String
    /// What became of it.
    public let outcome: Outcome

    /// What can become of a case.
    public enum Outcome: Hashable, Sendable {
        /// Everything came as the case has it.
        case passed
        /// It did not; the dialogue that really happened, in the same format, the first wrong line marked.
        case failed(dialogue: String)
        /// It could not be run here, and why.
        case skipped(reason: String)
    }
}

extension SpecRunner {
    /// Runs cases on `target`, in their order. `vouched` are the `given` keys and values that a foreign server is known
    /// to have; `isStrict` compares its exact texts too.
    public static func run(
        _ cases: [SpecCase], on target: Target, vouched: [String: String] = [:], isStrict: Bool = false
    ) -> [CaseResult] {
        let outcomes: [CaseResult.Outcome]
        switch target {
        case .core:
            outcomes = Parallel.map(cases.count) { CoreRun(cases[$0]).outcome() }
        case .adapter(_, let makeRuntime):
            let servers = ServerPool(makeRuntime)
            defer { servers.stopAll() }
            outcomes = cases.map { AdapterRun($0, servers).outcome() }
        case .foreign(let endpoint):
            outcomes = cases.map { ForeignRun($0, endpoint, vouched, isStrict: isStrict).outcome() }
        }
        return zip(cases, outcomes).map { CaseResult(subject: $0, target: target.name, outcome: $1) }
    }
}

extension SpecCase {
    /// Why nobody can run it yet, if nobody can.
    var missing: String? {
        if let reason = settings.missing ?? script.missing { return reason }
        let offersTLS = settings.given.contains { $0.key == "tls" }
        return offersTLS && script.startsTLS ? "there is no TLS engine to shake hands with" : nil
    }

    /// A failure as it is printed: where, how it was cut, what happened.
    func failure(_ circumstances: String, _ dialogue: [String]) -> CaseResult.Outcome {
        .failed(
            dialogue: (["# \(file):\(line): \(title)", "# \(circumstances)"] + dialogue).joined(
                separator: "\n"))
    }
}
