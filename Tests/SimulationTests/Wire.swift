import SMTPConnection
import SMTPProtocol
import SMTPServer

/// A service's connection and a client that reads all it is told, at time zero.
final class Wire {
    private let box = Box()
    let policy: Policy
    let served: ServedConnection
    /// Octets the server has said.
    private(set) var said = 0
    /// The last of them.
    private(set) var last: [UInt8] = []
    private(set) var waitsForInput = false
    private(set) var isClosed = false
    /// How many octets the client takes at once; `nil` for all.
    var takes: Int?

    init(_ policy: Policy = Policy(), _ change: (inout ServerConnection.Configuration) -> Void = { _ in })
        throws
    {
        var session = ServerSession.Configuration(hostname: "mx.example.org")
        session.limits = .lab
        var configuration = ServerConnection.Configuration(session)
        change(&configuration)
        self.policy = policy
        var service = Service(configuration) { _ in policy }
        service.connectionLimits.total = .max
        let box = box
        served = try ServedConnection(service, peer: .unknown, local: .unknown, at: .init(nanoseconds: 0)) {
            box.answers.append($0)
        }
        drain()
    }

    func receive(_ octets: [UInt8]) {
        served.receive(octets.span, at: .init(nanoseconds: 0))
        drain()
    }

    func receive(_ text: String) { receive(Array(text.utf8)) }

    /// An octet at a time.
    func trickle(_ octets: some Sequence<UInt8>) { for octet in octets { receive([octet]) } }

    func begin() {
        receive("EHLO c.example.com\r\n")
        receive("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
    }

    /// Gives one late answer; false if none is owed.
    func answer() -> Bool {
        guard let owed = policy.owed.popLast() else { return false }
        owed.answer(.accept)
        for answer in box.answers { served.receive(answer, at: .init(nanoseconds: 0)) }
        box.answers = []
        drain()
        return true
    }

    func drain() {
        while !isClosed {
            switch served.next() {
            case .send: send()
            case .finishSending: continue
            case .close: isClosed = true
            case .wait(_, let input, let output):
                waitsForInput = input
                guard output, takes != 0 else { return }
                send()
            }
        }
    }

    private func send() {
        let taken = served.withOutput { output in
            let count = min(takes ?? output.count, output.count)
            last = (0..<count).suffix(80).map { output[$0] }
            return count
        }
        said += taken
        served.sent(taken, at: .init(nanoseconds: 0))
    }

    private final class Box: @unchecked Sendable { var answers: [LateAnswer] = [] }
}

/// Takes everything; some of it later, some of it with many words.
final class Policy: Handler, @unchecked Sendable {
    /// NOOP is answered later.
    var delays = false
    /// The answer to HELP.
    var help: [String] = []
    var owed: [Responder] = []
    /// Octets of content.
    private(set) var content = 0
    var refusesRecipients = false

    func content(_ bytes: Span<UInt8>, in context: Context) throws -> Decision {
        content += bytes.count
        return .accept
    }

    func noOperation(_ argument: String?, in context: Context) throws -> Decision {
        guard delays else { return .accept }
        owed.append(context.later)
        return .later
    }

    func recipient(
        _ path: ForwardPath, _ parameters: RecipientParameters, in context: Context
    ) throws -> Decision {
        refusesRecipients ? .reply(550, nil, "No") : .accept
    }

    func help(_ argument: String?, in context: Context) throws -> Decision {
        .now(.reply(Reply(214, nil, lines: help)))
    }
}
