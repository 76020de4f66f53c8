import SMTPConnection
import SMTPProtocol
import SMTPServer
import SMTPSockets
import Testing

/// How a server ends.
@Suite struct DrainTests {
    static let long = Duration.seconds(600)

    @Test(arguments: backends)
    func `idle clients get 421 at once`(_ backend: Backend) throws {
        try serving(backend, service()) { endpoint, controller in
            let clients = try (0..<20).map { _ in try Client(endpoint) }
            for client in clients { #expect(try client.reply().hasPrefix("220 ")) }
            let ended = Shared(false)
            #expect(startThread { stop(controller, Self.long, ended) } == 0)
            for client in clients {
                #expect(try client.reply().hasPrefix("421 4.3.2"))
                #expect(try client.isAtEnd())
                client.connection.close()
            }
            try ended.wait("stop, long before the grace is over") { $0 }
            #expect(throws: SocketError.self) { try Client(endpoint) }
        }
    }

    @Test(arguments: backends)
    func `content in flight completes within the grace`(_ backend: Backend) throws {
        var service = service()
        let events = observing(&service)
        try serving(backend, service) { endpoint, controller in
            let client = try Client(endpoint)
            try client.beginContent()
            try client.send("first\r\n")
            let idle = try Client(endpoint)
            #expect(try idle.reply().hasPrefix("220 "))
            let ended = Shared(false)
            #expect(startThread { stop(controller, Self.long, ended) } == 0)
            // The other client's 421 shows that draining has begun.
            #expect(try idle.reply().hasPrefix("421 "))
            idle.connection.close()
            #expect(!ended.value)
            try client.send("second\r\n.\r\n")
            #expect(try client.reply().hasPrefix("250 "))
            #expect(try client.reply().hasPrefix("421 "))
            #expect(try client.isAtEnd())
            client.connection.close()
            try ended.wait("stop") { $0 }
        }
        #expect(events.value.contains { if case .accepted = $0 { true } else { false } })
    }

    @Test(arguments: backends)
    func `what is left after the grace is cut`(_ backend: Backend) throws {
        var service = service()
        let events = observing(&service)
        try serving(backend, service) { endpoint, controller in
            let client = try Client(endpoint)
            try client.beginContent()
            let duration = try elapsed { try controller.stop(grace: .milliseconds(200)) }
            #expect(duration >= .milliseconds(200) && duration < .seconds(15))
            #expect(try client.isAtEnd())
            #expect(events.value.closeCauses == [.transportFailed])
        }
    }

    @Test(arguments: backends)
    func `an open question may still be answered while draining`(_ backend: Backend) throws {
        let (service, open) = LateAnswerTests.patientService()
        try serving(backend, service) { endpoint, controller in
            let client = try LateAnswerTests.askForRecipient(endpoint)
            try open.wait { $0.count == 1 }
            let idle = try Client(endpoint)
            #expect(try idle.reply().hasPrefix("220 "))
            let ended = Shared(false)
            #expect(startThread { stop(controller, Self.long, ended) } == 0)
            #expect(try idle.reply().hasPrefix("421 "))
            idle.connection.close()
            open.value[0].answer(.reply(Reply(250, nil, "late")))
            #expect(try client.reply().hasSuffix("late"))
            #expect(try client.reply().hasPrefix("421 "))
            client.connection.close()
            try ended.wait("stop") { $0 }
        }
    }

    @Test(arguments: backends)
    func `an open question that nobody answers is cut`(_ backend: Backend) throws {
        let (service, open) = LateAnswerTests.patientService()
        try serving(backend, service) { endpoint, controller in
            let client = try LateAnswerTests.askForRecipient(endpoint)
            try open.wait { $0.count == 1 }
            try controller.stop(grace: .zero)
            #expect(try client.isAtEnd())
        }
    }

    @Test(arguments: backends)
    func `a second drain only shortens the grace, and each is told once`(_ backend: Backend) throws {
        let runtime = backend.make()
        let listener = try ListeningSocket(anyPort)
        let endpoint = listener.endpoint
        try runtime.attach(listener, to: service())
        let hasReturned = Shared(false)
        #expect(
            startThread {
                runtime.run()
                hasReturned.update { $0 = true }
            } == 0)
        let client = try Client(endpoint)
        try client.beginContent()
        let calls = Shared<[String]>([])
        runtime.drain(grace: Self.long) { calls.update { $0.append("first") } }
        runtime.drain(grace: Self.long + Self.long) { calls.update { $0.append("longer") } }
        #expect(calls.value.isEmpty)
        runtime.drain(grace: .zero) { calls.update { $0.append("now") } }
        try hasReturned.wait("run") { $0 }
        #expect(calls.value.sorted() == ["first", "longer", "now"])
        #expect(try client.isAtEnd())
        runtime.drain(grace: Self.long) { calls.update { $0.append("after") } }
        #expect(calls.value.count == 4)
    }

    @Test(arguments: backends)
    func `without a thread in the loop drain is done before it returns`(_ backend: Backend) throws {
        let runtime = backend.make()
        let listener = try ListeningSocket(anyPort)
        let endpoint = listener.endpoint
        try runtime.attach(listener, to: service())
        let isDrained = Shared(false)
        runtime.drain(grace: Self.long) { isDrained.update { $0 = true } }
        #expect(isDrained.value)
        #expect(throws: SocketError.self) { try Client(endpoint) }
        // A loop that comes too late has nothing to do.
        runtime.run()
    }

    @Test(arguments: backends.filter(\.toleratesBlocking))
    func `a handler that does not return cannot keep the server from ending`(_ backend: Backend) throws {
        let gate = Shared(false)
        let isAsked = Shared(false)
        let closed = Shared<[CloseCause]>([])
        let service = service {
            $0.message = { _ in
                isAsked.update { $0 = true }
                try gate.wait { $0 }
                return .accept
            }
            $0.closed = { cause in closed.update { $0.append(cause) } }
        }
        try serving(backend, service) { endpoint, controller in
            let client = try Client(endpoint)
            try client.beginContent()
            try client.send(".\r\n")
            try isAsked.wait { $0 }
            try controller.stop(grace: .zero)
            #expect(try client.isAtEnd())
            #expect(!closed.value.contains(.transportFailed))
            gate.update { $0 = true }
            try closed.wait("the session's end once its handler returns") { $0.contains(.transportFailed) }
        }
    }
}

func stop(_ controller: Controller, _ grace: Duration, _ ended: Shared<Bool>) {
    try? controller.stop(grace: grace)
    ended.update { $0 = true }
}
