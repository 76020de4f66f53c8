// Tests of a policy: in memory and in virtual time, where five minutes pass at once; and over a real port.
import SMTPConnection
import SMTPHandlers
import SMTPProtocol
import SMTPServer
import SMTPSockets
import SMTPTesting
import SMTPTestingTraits
import Testing

/// What is tested.
final class Policy: Handler {
    func recipient(_ path: ForwardPath, _ parameters: RecipientParameters, in context: Context) -> Decision {
        guard case .mailbox(let mailbox) = path, mailbox.domain == .name("example.org") else {
            return .reply(550, EnhancedStatusCode(5, 7, 1), "We do not relay")
        }
        return .accept
    }
}

@Suite struct PolicyTests {
    let service = Service(.init(.init(hostname: "mx.example.org"))) { _ in Policy() }

    @Test(arguments: [("b@example.org", "250 2.1.5"), ("b@example.net", "550 5.7.1 We do not relay")])
    func `only our own recipients are taken`(recipient: String, reply: String) throws {
        let connection = try VirtualConnection(service)
        connection.receive("HELO client.example.com\r\nMAIL FROM:<a@example.com>\r\n")
        _ = connection.takeText()
        connection.receive("RCPT TO:<\(recipient)>\r\n")
        #expect(connection.takeText().hasPrefix(reply))
    }

    @Test func `a client that falls silent is told so after five minutes`() throws {
        let connection = try VirtualConnection(service)
        _ = connection.takeText()
        connection.advance(by: .seconds(299))
        #expect(connection.takeText().isEmpty)
        connection.advance(by: .seconds(1))
        #expect(connection.takeText().hasPrefix("421 4.4.2"))
    }

    @Test(.mailServer) func `what the program sends arrives`() async throws {
        let server = try #require(TestServer.current)
        try sendGreetings(to: "b@example.org", through: server.endpoint)
        let message = try await server.recorder.next()
        #expect(message.content == Array("Greetings\r\n".utf8))
    }
}

/// A program that sends mail, blindly: stands for yours.
func sendGreetings(to recipient: String, through endpoint: Endpoint) throws {
    let client = try BlockingClient(connectingTo: endpoint, timeout: .seconds(5))
    let commands =
        "EHLO c\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<\(recipient)>\r\nDATA\r\nGreetings\r\n.\r\nQUIT\r\n"
    let deadline = MonotonicClock.now().advanced(by: .seconds(5))
    try client.send(Array(commands.utf8), deadline: deadline)
    while try client.receive(deadline: deadline)?.isEmpty == false {}
}
