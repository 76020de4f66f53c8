import SMTPConnection
import SMTPHandlers
import SMTPProtocol
import SMTPServer
import SMTPSockets
import Testing

/// Whole sessions over real sockets.
@Suite struct DialogueTests {
    @Test(arguments: backends, Place.here)
    func `a message goes all the way`(_ backend: Backend, _ place: Place) throws {
        let directory = try TemporaryDirectory()
        let recorder = Recorder()
        let service = Service(configuration) { _ in recorder.makeHandler() }
        try serving(backend, service, on: [place.endpoint(directory)]) { endpoint, _ in
            let client = try Client(endpoint)
            try client.beginContent()
            #expect(try client.ask("Subject: x\r\n\r\n..dot\r\n.").hasPrefix("250 "))
            #expect(try client.ask("QUIT").hasPrefix("221 "))
            #expect(try client.isAtEnd())
        }
        let message = try #require(recorder.messages.first)
        #expect(recorder.messages.count == 1)
        #expect(message.content == Array("Subject: x\r\n\r\n.dot\r\n".utf8))
    }

    @Test(arguments: backends)
    func `pipelined commands and a large message in small pieces`(_ backend: Backend) throws {
        let recorder = Recorder()
        let service = Service(configuration) { _ in recorder.makeHandler() }
        let line = String(repeating: "x", count: 70) + "\r\n"
        let content = String(repeating: line, count: 20_000)
        try serving(backend, service) { endpoint, _ in
            let client = try Client(endpoint)
            #expect(try client.reply().hasPrefix("220 "))
            try client.send("EHLO c\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
            for code in ["250", "250", "250", "354"] { #expect(try client.reply().hasPrefix(code)) }
            let octets = Array(content.utf8)
            for start in stride(from: 0, to: octets.count, by: 7001) {
                let piece = octets.span.extracting(start..<min(start + 7001, octets.count))
                try client.connection.send(piece, deadline: patience())
            }
            try client.send(".\r\nQUIT\r\n")
            #expect(try client.reply().hasPrefix("250 "))
            #expect(try client.reply().hasPrefix("221 "))
        }
        #expect(recorder.messages.map(\.content) == [Array(content.utf8)])
    }

    @Test(arguments: backends)
    func `replies that the client does not read yet are not lost`(_ backend: Backend) throws {
        var quiet = configuration
        quiet.session.limits = .lab
        let service = Service(quiet) { _ in Sink() }
        try serving(backend, service) { endpoint, _ in
            let client = try Client(endpoint)
            #expect(try client.reply().hasPrefix("220 "))
            // More replies than the buffers between the two hold: the server has to wait for the client to read.
            let count = 200_000
            let sender = Shared(false)
            let commands =
                Array(String(repeating: "NOOP\r\n", count: count).utf8)
            let connection = client.connection
            #expect(
                startThread {
                    try? connection.send(commands, deadline: patience())
                    sender.update { $0 = true }
                } == 0)
            for _ in 0..<count {
                guard try client.reply().hasPrefix("250 ") else {
                    throw Overdue(what: "a reply in its place")
                }
            }
            try sender.wait { $0 }
            #expect(try client.ask("QUIT").hasPrefix("221 "))
        }
    }

    @Test(arguments: backends)
    func `a client that ends its side is still answered`(_ backend: Backend) throws {
        try serving(backend, service()) { endpoint, _ in
            let client = try Client(endpoint)
            try client.send("NOOP\r\nRSET\r\n")
            client.connection.shutdownWriting()
            for code in ["220", "250", "250"] { #expect(try client.reply().hasPrefix(code)) }
            #expect(try client.isAtEnd())
        }
    }

    @Test(arguments: backends)
    func `a client that resets in the middle ends its own session only`(_ backend: Backend) throws {
        var service = service()
        let events = observing(&service)
        try serving(backend, service) { endpoint, _ in
            let other = try Client(endpoint)
            #expect(try other.reply().hasPrefix("220 "))
            let client = try Client(endpoint)
            try client.beginContent()
            try client.send("half a line")
            client.connection.reset()
            try events.wait("the end of the session") { $0.closeCauses.count == 1 }
            #expect(try other.ask("NOOP").hasPrefix("250 "))
        }
        #expect(
            events.value.closeCauses.first == .transportFailed
                || events.value.closeCauses.first == .peerClosed)
    }

    @Test(arguments: backends)
    func `a deadline passes without any input`(_ backend: Backend) throws {
        var hasty = configuration
        hasty.timeouts.command = .milliseconds(50)
        try serving(backend, Service(hasty) { _ in Sink() }) { endpoint, _ in
            let client = try Client(endpoint)
            #expect(try client.reply().hasPrefix("220 "))
            #expect(try client.reply().hasPrefix("421 4.4.2"))
            #expect(try client.isAtEnd())
        }
    }

    @Test(arguments: backends)
    func `a handler that cannot be made closes the connection and is reported`(_ backend: Backend) throws {
        let isFailing = Shared(false)
        var service = Service(configuration) { _ in
            if isFailing.value { throw Trouble(text: "no more") }
            return Sink()
        }
        let events = observing(&service)
        try serving(backend, service) { endpoint, _ in
            isFailing.update { $0 = true }
            #expect(try Client(endpoint).isAtEnd())
            try events.wait("the report") { events in
                events.contains {
                    if case .handlerMissing(_, let error) = $0 {
                        error as? Trouble == Trouble(text: "no more")
                    } else {
                        false
                    }
                }
            }
            isFailing.update { $0 = false }
            #expect(try Client(endpoint).reply().hasPrefix("220 "))
        }
    }

    @Test(arguments: backends.filter(\.toleratesBlocking))
    func `a handler that blocks holds up its own client only`(_ backend: Backend) throws {
        let gate = Shared(false)
        let service = service {
            $0.message = { _ in
                try gate.wait { $0 }
                return .accept
            }
        }
        try serving(backend, service) { endpoint, _ in
            let slow = try Client(endpoint)
            try slow.beginContent()
            try slow.send(".\r\n")
            let other = try Client(endpoint)
            #expect(try other.reply().hasPrefix("220 "))
            #expect(try other.ask("NOOP").hasPrefix("250 "))
            gate.update { $0 = true }
            #expect(try slow.reply().hasPrefix("250 "))
        }
    }

    @Test(arguments: backends)
    func `three hundred connections at once are served and leave nothing behind`(_ backend: Backend) async {
        // In a process of its own: descriptors are counted.
        await #expect(processExitsWith: .success) {
            for backend in backends {
                var afterFirst = 0
                let recorder = Recorder()
                let service = Service(configuration) { _ in recorder.makeHandler() }
                for round in 1...3 {
                    try serving(backend, service) { endpoint, _ in
                        let clients = try (0..<300).map { _ in try Client(endpoint) }
                        for client in clients { try client.beginContent() }
                        for client in clients { try client.send("x\r\n.\r\nQUIT\r\n") }
                        for client in clients {
                            #expect(try client.reply().hasPrefix("250 "))
                            #expect(try client.reply().hasPrefix("221 "))
                        }
                    }
                    #expect(recorder.messages.count == 300 * round)
                    if round == 1 { afterFirst = openDescriptors() }
                }
                // The last thread gives back what it holds a moment after it said that it has ended.
                let deadline = patience()
                while openDescriptors() > afterFirst, MonotonicClock.now() < deadline {}
                #expect(openDescriptors() <= afterFirst)
            }
        }
    }
}
