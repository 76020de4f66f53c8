import SMTPConnection
import SMTPSockets

/// Plays a case on anybody's server, as far as the wire shows what the case asks for.
struct ForeignRun {
    private let subject: SpecCase
    private let endpoint: Endpoint
    private let vouched: [String: String]
    private let isStrict: Bool

    init(_ subject: SpecCase, _ endpoint: Endpoint, _ vouched: [String: String], isStrict: Bool) {
        self.subject = subject
        self.endpoint = endpoint
        self.vouched = vouched
        self.isStrict = isStrict
    }

    func outcome() -> CaseResult.Outcome {
        if let reason = obstacle { return .skipped(reason: reason) }
        let script = subject.script
        for split in script.hasCuts ? [Split.whole, .forced] : [.whole] {
            let client: BlockingClient
            do {
                client = try connect()
            } catch {
                return .skipped(reason: "no connection: \(error)")
            }
            var player = Player(script, over: SocketLink(client, stop: nil), nil, comparesTexts: isStrict)
            do throws(Player.Mismatch) {
                try player.play(split)
            } catch {
                return subject.failure("\(endpoint), \(split)", player.finishedDialogue())
            }
        }
        return .passed
    }

    private var obstacle: String? {
        if let missing = subject.missing { return missing }
        for given in subject.settings.given where given.key != "host" || isStrict {
            guard vouched[given.key] == given.value else {
                return
                    "`given \(given.key) \(given.value)` is not vouched for (--given \(given.key)=\(given.value))"
            }
        }
        if subject.script.hasWait { return "time cannot be made to pass there" }
        if subject.script.hasHost { return "the host program cannot be seen there" }
        return nil
    }

    private func connect() throws -> BlockingClient {
        var failure: (any Error)?
        for address in try endpoint.resolved() {
            do {
                return try BlockingClient(connectingTo: address, timeout: .seconds(5))
            } catch {
                failure = error
            }
        }
        throw failure ?? FileFailure(call: "resolve", path: endpoint.description, errno: 0)
    }
}
