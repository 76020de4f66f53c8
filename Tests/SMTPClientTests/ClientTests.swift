import SMTPClient
import SMTPConnection
import SMTPHandlers
import SMTPProtocol
import SMTPServer
import SMTPSockets
import SMTPThreads
import Testing

/// What a server's policy may say to a recipient, by local part.
private final class Policy: Handler {
    func recipient(_ path: ForwardPath, _ parameters: RecipientParameters, in context: Context) -> Decision {
        guard case .mailbox(let mailbox) = path else { return .accept }
        switch mailbox.localPartText {
        case "nobody": return .reply(550, EnhancedStatusCode(5, 1, 1), "No such user")
        case "full": return .reply(452, EnhancedStatusCode(4, 2, 2), "Full")
        default: return .accept
        }
    }
}

@Suite struct ClientTests {
    static let message = Array("Subject: hi\n\n.dot\nhello\n".utf8)

    /// A server while `body` runs.
    static func withServer<Result: Sendable>(
        unix path: String? = nil, _ change: (inout ServerSession.Configuration) -> Void = { _ in },
        makeHandler: @escaping @Sendable () -> any Handler = { Policy() },
        _ body: @escaping @Sendable (Endpoint, Controller) throws -> Result
    ) throws -> Result {
        var configuration = ServerSession.Configuration(hostname: "mx.example.org")
        change(&configuration)
        let endpoint: Endpoint = path.map { .unix(path: $0) } ?? .tcp(host: "127.0.0.1", port: 0)
        let controller = Controller(
            ThreadRuntime(), service: Service(.init(configuration)) { _ in makeHandler() },
            endpoints: [endpoint])
        try controller.start()
        defer { try? controller.stop(grace: .zero, ifRunning: true) }
        return try body(try #require(controller.endpoints.first), controller)
    }

    @Test func `outcomes, and one connection for several messages`() throws {
        let trace = Lines()
        try Self.withServer { endpoint, _ in
            var configuration = try Client.Configuration(server: endpoint)
            configuration.trace = { trace.add("\($0)") }
            let client = Client(configuration)
            let outcomes = try client.send(
                Self.message, from: "a@example.com",
                to: ["b@example.org", "nobody@example.org", "full@example.org"])
            #expect(outcomes.map(\.result) == [.delivered, .refusedForGood, .refusedForNow])
            #expect(outcomes.map(\.phase) == [.finalReply, .recipient, .recipient])
            let again = try client.send(Self.message, from: "", to: ["postmaster", "nobody@example.org"])
            #expect(again.map(\.result) == [.delivered, .refusedForGood])
            client.close()
        }
        let lines = trace.all
        #expect(lines.filter { $0.hasPrefix("C: EHLO [127.0.0.1]") }.count == 1)
        #expect(lines.filter { $0 == "C: MAIL FROM:<> SIZE=28" }.count == 1)
        #expect(lines.filter { $0 == "C: (32 octets of content)" }.count == 2)
        #expect(lines.last?.hasPrefix("S: 221") == true)
    }

    @Test func `over a Unix socket, in LMTP, each recipient has its own end`() throws {
        final class Mailboxes: Handler {
            func message(_ envelope: Envelope, size: Int, in context: Context) -> Decision {
                .now(.replies([Reply(250, nil, "one"), Reply(452, EnhancedStatusCode(4, 2, 2), "two")]))
            }
        }
        let path = "/tmp/smtp-client-\(getID()).sock"
        try Self.withServer(unix: path) {
            $0.dialect = .lmtp
        } makeHandler: {
            Mailboxes()
        } _: { endpoint, _ in
            let client = Client(
                try .init(server: endpoint, name: MailDomain("client.example.com"), dialect: .lmtp))
            let outcomes = try client.send(
                Self.message, from: "a@example.com", to: ["b@example.org", "c@example.org"])
            #expect(outcomes.map(\.result) == [.delivered, .refusedForNow])
            client.close()
        }
    }

    @Test func `a large message in both directions of the window`() throws {
        final class Counting: Handler {
            let sizes: Lines
            init(_ sizes: Lines) { self.sizes = sizes }
            func message(_ envelope: Envelope, size: Int, in context: Context) -> Decision {
                sizes.add("\(size)")
                return .accept
            }
        }
        let sizes = Lines()
        try Self.withServer {
            $0.limits = .lab
        } makeHandler: {
            Counting(sizes)
        } _: { endpoint, _ in
            let line = [UInt8](repeating: 46, count: 70) + [13, 10]
            let content = [[UInt8]](repeating: line, count: 20_000).flatMap { $0 }
            let client = Client(try .init(server: endpoint))
            #expect(try client.send(content, from: "", to: ["b@example.org"]).map(\.result) == [.delivered])
            client.close()
        }
        #expect(sizes.all == ["1440000"])
    }

    @Test func `recipients beyond what a server takes get a further transaction`() throws {
        try Self.withServer {
            $0.limits.recipients = 100
        } _: { endpoint, _ in
            let client = Client(try .init(server: endpoint))
            let outcomes = try client.send(
                Self.message, from: "a@example.com", to: (0..<250).map { "b\($0)@example.org" })
            #expect(outcomes.count == 250 && outcomes.allSatisfy { $0.result == .delivered })
            client.close()
        }
    }

    @Test func `a server that has closed meanwhile is connected to again`() throws {
        try Self.withServer {
            $0.limits.messages = 1
        } _: { endpoint, _ in
            let client = Client(try .init(server: endpoint))
            for _ in 0..<3 {
                #expect(
                    try client.send(Self.message, from: "", to: ["b@example.org"]).map(\.result) == [
                        .delivered
                    ])
            }
            client.close()
        }
    }

    @Test func `what cannot be reached, resolved or addressed is an error`() throws {
        let nobody = Client(try .init(server: .unix(path: "/tmp/smtp-client-nobody.sock")))
        #expect(throws: ClientError.self) { try nobody.send([], from: "", to: ["b@example.org"]) }
        for text in ["b@example.org>\r\nRCPT TO:<evil@example.net", "b", "", "<b@example.org>"] {
            #expect(throws: ClientError.self, "\(text)") { try nobody.send([], from: "", to: [text]) }
        }
    }

    @Test func `the async form, cancelled, accounts for every recipient`() async throws {
        final class Slow: Handler {
            let started: Lines
            init(_ started: Lines) { self.started = started }
            func message(_ envelope: Envelope, size: Int, in context: Context) -> Decision {
                started.add("message")
                return .later
            }
        }
        let started = Lines()
        let controller = Controller(
            ThreadRuntime(),
            service: Service(.init(.init(hostname: "mx.example.org"))) { _ in Slow(started) },
            endpoints: [.tcp(host: "127.0.0.1", port: 0)])
        try await onThread { try controller.start() }
        let client = Client(try .init(server: try #require(controller.endpoints.first)))
        let sending = Task {
            try await client.send(
                Self.message, from: "a@example.com", to: ["b@example.org", "c@example.org"])
        }
        try await onThread { started.waitForOne() }
        sending.cancel()
        let outcomes = try await sending.value
        #expect(outcomes.map(\.result) == [.unknown, .unknown])
        await client.close()
        try await onThread { try controller.stop(grace: .zero) }
    }
}

/// Lines that several threads write.
final class Lines: Sendable {
    private let changed = Condition()
    private nonisolated(unsafe) var lines: [String] = []

    var all: [String] { changed.withLock { unsafe lines } }
    func add(_ line: String) {
        changed.withLock { unsafe lines.append(line) }
        changed.broadcast()
    }
    func waitForOne() {
        changed.withLock {
            while unsafe lines.isEmpty, changed.wait(until: MonotonicClock.now().advanced(by: .seconds(60))) {
            }
        }
    }
}

/// Runs `body` on a thread of its own: threads that tasks share must not be blocked for long.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        let failure = startThread { continuation.resume(with: Swift.Result(catching: body)) }
        if failure != 0 { continuation.resume(throwing: SocketError(call: "start a thread", errno: failure)) }
    }
}

/// What no other run of the tests has.
func getID() -> Int64 { MonotonicClock.now().nanoseconds }
