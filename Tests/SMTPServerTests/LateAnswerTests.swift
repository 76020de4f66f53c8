import SMTPConnection
import SMTPProtocol
import SMTPServer
import SMTPSockets
import Testing

/// Answers that come from other threads.
@Suite struct LateAnswerTests {
    /// A service whose recipients are decided later, and the questions that are open.
    static func patientService() -> (Service, Shared<[Responder]>) {
        let open = Shared<[Responder]>([])
        let service = service {
            $0.recipient = { context in
                open.update { $0.append(context.later) }
                return .later
            }
        }
        return (service, open)
    }

    static func askForRecipient(_ endpoint: Endpoint) throws -> Client {
        let client = try Client(endpoint)
        #expect(try client.reply().hasPrefix("220 "))
        #expect(try client.ask("EHLO c").hasPrefix("250 "))
        #expect(try client.ask("MAIL FROM:<a@example.com>").hasPrefix("250 "))
        try client.send("RCPT TO:<b@example.org>\r\n")
        return client
    }

    @Test(arguments: backends)
    func `each reaches its own connection, in any order`(_ backend: Backend) throws {
        let (service, open) = Self.patientService()
        try serving(backend, service) { endpoint, _ in
            var clients: [Client] = []
            for index in 0..<20 {
                clients.append(try Self.askForRecipient(endpoint))
                try open.wait("question \(index)") { $0.count == index + 1 }
            }
            let responders = open.value
            #expect(
                startThread {
                    for (index, responder) in responders.enumerated().reversed() {
                        responder.answer(.reply(Reply(250, nil, "number \(index)")))
                    }
                } == 0)
            for (index, client) in clients.enumerated() {
                #expect(try client.reply().hasSuffix("number \(index)"))
            }
        }
    }

    @Test(arguments: backends)
    func `an answer at the very moment of the question is not lost`(_ backend: Backend) throws {
        let service = service {
            $0.recipient = { context in
                let later = context.later
                guard startThread({ later.answer(.accept) }) == 0 else { throw Trouble(text: "no thread") }
                return .later
            }
        }
        try serving(backend, service) { endpoint, _ in
            let client = try Self.askForRecipient(endpoint)
            #expect(try client.reply().hasPrefix("250 "))
            for _ in 0..<500 {
                guard try client.ask("RCPT TO:<b@example.org>").prefix(1) != "5" else { break }
            }
            #expect(try client.ask("NOOP").hasPrefix("250 "))
        }
    }

    @Test(arguments: backends)
    func `only the first answer counts, and an error is an apology`(_ backend: Backend) throws {
        let (service, open) = Self.patientService()
        try serving(backend, service) { endpoint, _ in
            let client = try Self.askForRecipient(endpoint)
            try open.wait { $0.count == 1 }
            open.value[0].fail(Trouble(text: "secret"))
            open.value[0].answer(.accept)
            let reply = try client.reply()
            #expect(reply.hasPrefix("451 4.3.0") && !reply.contains("secret"))
            try client.send("RCPT TO:<b@example.org>\r\n")
            try open.wait { $0.count == 2 }
            open.value[0].answer(.reply(Reply(550, nil, "not for this question")))
            open.value[1].answer(.reply(Reply(250, nil, "yes")))
            #expect(try client.reply().hasSuffix("yes"))
        }
    }

    @Test(arguments: backends)
    func `an answer after the client has left does no harm`(_ backend: Backend) throws {
        var (service, open) = Self.patientService()
        let events = observing(&service)
        try serving(backend, service) { endpoint, _ in
            let client = try Self.askForRecipient(endpoint)
            try open.wait { $0.count == 1 }
            client.connection.reset()
            open.value[0].answer(.accept)
            try events.wait("the end of the session") { $0.closeCauses.count == 1 }
            open.value[0].answer(.accept)
            #expect(try Client(endpoint).reply().hasPrefix("220 "))
        }
        open.value[0].answer(.accept)
    }

    // A loop learns of it when it next sends or receives.
    @Test(arguments: backends.filter(\.toleratesBlocking))
    func `a client that resets while its answer is due ends the session`(_ backend: Backend) throws {
        var (service, open) = Self.patientService()
        let events = observing(&service)
        try serving(backend, service) { endpoint, _ in
            let client = try Self.askForRecipient(endpoint)
            try open.wait { $0.count == 1 }
            client.connection.reset()
            try events.wait("the end of the session") { $0.closeCauses == [.transportFailed] }
        }
    }

    @Test(arguments: backends)
    func `a question that nobody answers ends with its deadline`(_ backend: Backend) throws {
        var (service, open) = Self.patientService()
        service.connection.timeouts.answer = .milliseconds(50)
        try serving(backend, service) { endpoint, _ in
            let client = try Self.askForRecipient(endpoint)
            #expect(try client.reply().hasPrefix("451 "))
            #expect(open.value.count == 1)
            open.value[0].answer(.accept)
            #expect(try client.ask("NOOP").hasPrefix("250 "))
        }
    }
}
