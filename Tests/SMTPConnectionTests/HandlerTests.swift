import SMTPConnection
import SMTPProtocol
import Testing

/// The three ways to be asked: `Handler` and its defaults, `AsyncHandler` and its, and the bridge between the two.
@Suite struct HandlerTests {
    /// Each question by the name of the method it belongs to.
    private static let questions: [(name: String, put: @Sendable (any Handler, Context) throws -> Decision)] =
        [
            ("connected", { try $0.connected(in: $1) }),
            ("hello", { try $0.hello(Hello(.ehlo, .name("c.example.com")), offering: [.size], in: $1) }),
            ("mail", { try $0.mail(.null, .init(), in: $1) }),
            ("recipient", { try $0.recipient(.postmaster, .init(), in: $1) }),
            ("data", { try $0.data(in: $1) }),
            ("content", { try $0.content([104, 105].span, in: $1) }),
            ("message", { try $0.message(Envelope(from: .null, .init()), size: 7, in: $1) }),
            ("verify", { try $0.verify("who", in: $1) }),
            ("expand", { try $0.expand("list", in: $1) }),
            ("help", { try $0.help("me", in: $1) }),
            ("noOperation", { try $0.noOperation("now", in: $1) }),
            ("command", { try $0.command("XTEST", argument: "one two", in: $1) }),
        ]

    private static let unknown = Answer.reply(
        Reply(500, EnhancedStatusCode(5, 5, 1), "Command not recognized"))

    @Test func `a handler that states nothing accepts everything but unknown commands`() throws {
        final class Nothing: Handler {}
        let context = Context(session: SessionInfo(peer: .unknown, hostname: "mx.example.org"))
        for (name, put) in Self.questions {
            guard case .now(let answer) = try put(Nothing(), context) else {
                Issue.record("\(name): later")
                continue
            }
            #expect(answer == (name == "command" ? Self.unknown : .accept), "\(name)")
        }
    }

    @Test func `an async handler that states nothing does the same, later`() async throws {
        struct Nothing: AsyncHandler {}
        for (name, put) in Self.questions {
            let answer = try await later(AsyncBridge(Nothing()), put)
            #expect(answer == (name == "command" ? Self.unknown : .accept), "\(name)")
        }
    }

    @Test func `the bridge puts each question to its own method, with what was asked`() async throws {
        let expected = [
            "connected": "mx.example.org", "hello": "c.example.com SIZE", "mail": "null",
            "recipient": "postmaster", "data": "", "content": "[104, 105]", "message": "null 7",
            "verify": "who", "expand": "list", "help": "me", "noOperation": "now", "command": "XTEST one two",
        ]
        for (name, put) in Self.questions {
            let answer = try await later(AsyncBridge(Echo()), put)
            #expect(answer == said(name, expected[name] ?? "?"), "\(name)")
        }
    }

    @Test func `a reply without an enhanced code is made with none`() {
        guard case .now(let answer) = Decision.reply(550, "no") else {
            Issue.record("later")
            return
        }
        #expect(answer == .reply(Reply(550, nil, "no")))
    }

    /// The late answer to one question.
    private func later(
        _ handler: any Handler, _ put: (any Handler, Context) throws -> Decision
    ) async throws -> Answer? {
        let (stream, told) = AsyncStream<Answer?>.makeStream()
        let session = SessionInfo(peer: .unknown, hostname: "mx.example.org")
        let decision = try put(handler, Context(session: session) { told.yield(try? $0.get()) })
        guard case .later = decision else { return nil }
        for await answer in stream { return answer }
        return nil
    }
}

private func said(_ method: String, _ what: String) -> Answer {
    .reply(Reply(250, nil, "\(method): \(what)"))
}

/// Says in each answer which method was called, and with what.
private struct Echo: AsyncHandler {
    func connected(in session: SessionInfo) async -> Answer { said("connected", session.hostname) }
    func hello(_ hello: Hello, offering: [ServiceExtension], in session: SessionInfo) async -> Answer {
        said("hello", "\(hello.client) \(offering.map { "\($0.keyword)" }.joined(separator: " "))")
    }
    func mail(_ path: ReversePath, _ parameters: MailParameters, in session: SessionInfo) async -> Answer {
        said("mail", "\(path)")
    }
    func recipient(
        _ path: ForwardPath, _ parameters: RecipientParameters, in session: SessionInfo
    ) async -> Answer { said("recipient", path == .postmaster ? "postmaster" : "\(path)") }
    func data(in session: SessionInfo) async -> Answer { said("data", "") }
    func content(_ bytes: [UInt8], in session: SessionInfo) async -> Answer { said("content", "\(bytes)") }
    func message(_ envelope: Envelope, size: Int, in session: SessionInfo) async -> Answer {
        said("message", "\(envelope.reversePath) \(size)")
    }
    func verify(_ argument: String, in session: SessionInfo) async -> Answer { said("verify", argument) }
    func expand(_ argument: String, in session: SessionInfo) async -> Answer { said("expand", argument) }
    func help(_ argument: String?, in session: SessionInfo) async -> Answer { said("help", argument ?? "") }
    func noOperation(_ argument: String?, in session: SessionInfo) async -> Answer {
        said("noOperation", argument ?? "")
    }
    func command(_ verb: Keyword, argument: String, in session: SessionInfo) async -> Answer {
        said("command", "\(verb) \(argument)")
    }
}
