import SMTPConnection
import SMTPProtocol
import SMTPServer
import SMTPTesting
import Testing

/// Refuses every recipient but one, after a while, from a task.
private struct Slow: AsyncHandler {
    func recipient(
        _ path: ForwardPath, _ parameters: RecipientParameters, in session: SessionInfo
    ) async throws -> Answer {
        await Task.yield()
        guard case .mailbox(let mailbox) = path else { return .accept }
        if mailbox.description == "bob@example.org" { return .accept }
        return .reply(Reply(550, EnhancedStatusCode(5, 1, 1), "not here"))
    }
}

/// Answers NOOP later, and hands the means to do so out.
private final class Waiting: Handler {
    private let keep: @Sendable (Responder) -> Void

    init(_ keep: @escaping @Sendable (Responder) -> Void) { self.keep = keep }

    func noOperation(_ argument: String?, in context: Context) throws -> Decision {
        keep(context.later)
        return .later
    }
}

@Suite struct VirtualConnectionTests {
    private static let configuration = ServerConnection.Configuration(.init(hostname: "mx.example.org"))

    /// What each line is answered with, greeting first.
    private static let conversation = [
        ("", "220 "), ("EHLO client.example.com\r\n", "250-"), ("MAIL FROM:<alice@example.com>\r\n", "250 "),
        ("RCPT TO:<eve@example.org>\r\n", "550 5.1.1 not here\r\n"),
        ("RCPT TO:<bob@example.org>\r\n", "250 "),
        ("QUIT\r\n", "221 "),
    ]

    @Test func `a handler that awaits is waited for`() async throws {
        let connection = try VirtualConnection(Service(Self.configuration) { _ in AsyncBridge(Slow()) })
        for (line, reply) in Self.conversation {
            connection.receive(line)
            while connection.output.isEmpty, await connection.waitForAnswer() {}
            #expect(connection.takeText().hasPrefix(reply))
        }
        #expect(connection.hasFinishedSending && !connection.isClosed)
        connection.receiveEnd()
        #expect(connection.isClosed && connection.waitsUntil == nil)
    }

    @Test func `a thread may wait for it too`() async throws {
        let replies = try await onThread {
            let connection = try VirtualConnection(Service(Self.configuration) { _ in AsyncBridge(Slow()) })
            return Self.conversation.map { line, _ in
                connection.receive(line)
                while connection.output.isEmpty, connection.waitForAnswer(timeout: .seconds(600)) {}
                return connection.takeText()
            }
        }
        for (reply, (_, expected)) in zip(replies, Self.conversation) { #expect(reply.hasPrefix(expected)) }
    }

    @Test func `waiting ends with the task`() async throws {
        let waiting = Task {
            let connection = try VirtualConnection(Service(Self.configuration) { _ in Waiting { _ in } })
            connection.receive("NOOP\r\n")
            return await connection.waitForAnswer()
        }
        waiting.cancel()
        #expect(try await waiting.value == false)
    }

    @Test func `input waits in the transport while a question is open`() throws {
        nonisolated(unsafe) var responder: Responder?
        let connection = try VirtualConnection(
            Service(Self.configuration) { _ in Waiting { unsafe responder = $0 } })
        #expect(connection.takeText().hasPrefix("220 ") && connection.wantsInput)
        connection.receive("NOOP\r\nHELP\r\n")
        #expect(!connection.wantsInput && connection.output.isEmpty)
        connection.receive("QUIT\r\n")
        connection.receiveEnd()
        #expect(connection.output.isEmpty && !connection.deliverAnswers())
        unsafe responder?.answer(.accept)
        #expect(connection.output.isEmpty)
        #expect(connection.deliverAnswers())
        let codes = connection.takeText().split(separator: "\r\n").map { $0.prefix(3) }
        #expect(codes == ["250", "214", "221"])
        #expect(connection.isClosed)
    }

    @Test func `deadlines fall when they are due`() throws {
        let connection = try VirtualConnection(Service(Self.configuration) { _ in Silent() })
        _ = connection.takeText()
        #expect(connection.nextDeadline?.deadline == .command)
        connection.advance(by: .seconds(299))
        #expect(connection.output.isEmpty)
        // Past several deadlines at once: each falls in its turn.
        connection.advance(by: .seconds(100))
        #expect(connection.takeText().hasPrefix("421 4.4.2"))
        #expect(connection.isClosed && connection.now == Instant(nanoseconds: 399_000_000_000))
    }

    @Test func `a transport that is full takes the rest later`() throws {
        let connection = try VirtualConnection(Service(Self.configuration) { _ in Silent() }, room: 4)
        #expect(connection.takeText() == "220 ")
        connection.resume()
        #expect(connection.output.isEmpty)
        connection.room = nil
        connection.resume()
        #expect(connection.takeText() == "mx.example.org ESMTP ready\r\n")
        connection.fail()
        #expect(connection.isClosed && connection.output.isEmpty)
    }

    @Test func `an error of makeHandler comes out`() {
        struct NoHandler: Error {}
        #expect(throws: NoHandler.self) {
            try VirtualConnection(Service(Self.configuration) { _ in throw NoHandler() })
        }
    }
}

private final class Silent: Handler {}
