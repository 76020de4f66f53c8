import Glibc
import SMTPConnection
import SMTPHandlers
import SMTPProtocol
import SMTPServer
import SMTPSockets
import Testing

/// What `Tests/Parity.md` lists and no other suite shows.
@Suite struct ParityTests {
    /// The lines that EHLO is answered with.
    static func offers(_ client: Client) throws -> [String] {
        #expect(try client.reply().hasPrefix("220 "))
        try client.send("EHLO client.example\r\n")
        var lines: [String] = []
        while let line = try client.line() {
            #expect(line.hasPrefix("250"))
            lines.append(String(line.dropFirst(4)))
            if line.hasPrefix("250 ") { break }
        }
        return lines
    }

    @Test(arguments: backends, Place.here)
    func `SMTPUTF8 is offered unless it is taken out`(_ backend: Backend, _ place: Place) throws {
        let directory = try TemporaryDirectory()
        var without = configuration
        without.session.extensions.removeAll { $0 == .smtpUTF8 }
        var with = without
        with.session.extensions.append(.smtpUTF8)
        for (configuration, isOffered) in [(configuration, true), (without, false), (with, true)] {
            let service = Service(configuration) { _ in Sink() }
            try serving(backend, service, on: [place.endpoint(directory)]) { endpoint, _ in
                let client = try Client(endpoint)
                #expect(try Self.offers(client).contains("SMTPUTF8") == isOffered)
                let reply = try client.ask("MAIL FROM:<a@example.com> SMTPUTF8")
                #expect(reply.hasPrefix(isOffered ? "250 " : "555 "), "\(reply)")
                #expect(try client.ask("QUIT").hasPrefix("221 "))
                client.connection.close()
            }
        }
    }

    @Test(arguments: backends)
    func `the server's name is the one it was given, or this machine's`(_ backend: Backend) throws {
        let named = ServerConnection.Configuration(.init(hostname: "given.example.org"))
        for (configuration, name) in [(named, "given.example.org"), (.standard, MachineName.current)] {
            #expect(!name.isEmpty)
            try serving(backend, Service(configuration) { _ in Sink() }) { endpoint, _ in
                let client = try Client(endpoint)
                #expect(try #require(try client.line()).hasPrefix("220 \(name) "))
                #expect(try client.ask("HELO client.example").hasPrefix("250 \(name)"))
                #expect(try client.ask("QUIT").hasPrefix("221 "))
                client.connection.close()
            }
        }
    }

    @Test(arguments: backends)
    func `after a start there is a session for each client, and no error`(_ backend: Backend) throws {
        let made = Shared(0)
        let service = Service(configuration) { _ in
            made.update { $0 += 1 }
            return Sink()
        }
        try serving(backend, service) { (endpoint, controller) throws in
            let failure = controller.failure
            #expect(failure == nil && made.value == 1)
            #expect(try Client(endpoint).reply().hasPrefix("220 "))
            #expect(made.value == 2)
        }
    }

    /// Port 8025 may be another program's: then both are refused, which shows the same.
    @Test(arguments: backends)
    func `without an address both servers mean port 8025 of the loopback address`(_ backend: Backend) throws {
        let standard = Endpoint.tcp(host: try Loopback.address(), port: 8025)
        #expect(Controller.standardPort == 8025)
        let deadline = patience()
        while MonotonicClock.now() < deadline {
            let first = Controller(backend.make(), service: service())
            let second = Controller(backend.make(), service: service())
            defer {
                for controller in [first, second] { try? controller.stop(grace: .zero, ifRunning: true) }
            }
            do {
                try first.start()
                #expect(first.endpoints == [standard])
            } catch {
                #expect(Self.isTaken(standard, error))
            }
            do {
                // The other program has gone meanwhile: once more.
                try second.start()
            } catch {
                #expect(Self.isTaken(standard, error))
                return
            }
            #expect(first.state == .failed)
        }
        throw Overdue(what: "a second server that is refused")
    }

    static func isTaken(_ endpoint: Endpoint, _ error: StartError) -> Bool {
        guard case .bindFailed(let cause) = error else { return false }
        return cause.errno == EADDRINUSE && cause.endpoint == endpoint
            && "\(error)".contains("error while attempting to bind on address \(endpoint)")
    }

    @Test(arguments: backends)
    func `a dialogue over a Unix socket`(_ backend: Backend) throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/socket"
        try serving(backend, service(), on: [.unix(path: path)]) { endpoint, _ in
            var status = stat()
            let found = unsafe lstat(path, &status)
            #expect(found == 0 && status.st_mode & S_IFMT == S_IFSOCK)
            let client = try Client(endpoint)
            let connection = client.connection
            let greeting = try #require(try connection.receive(deadline: patience()))
            #expect(greeting.starts(with: "220 ".utf8) && greeting.suffix(2) == [13, 10])
            try client.send("EHLO client.example\r\n")
            var reply: [UInt8] = []
            while !String(decoding: reply, as: UTF8.self).contains("250 ") {
                reply += try #require(try connection.receive(deadline: patience()))
            }
            #expect(reply.suffix(2) == [13, 10])
            #expect(try client.ask("QUIT").hasPrefix("221 "))
            #expect(try client.isAtEnd())
        }
        let left = unsafe access(path, F_OK)
        #expect(left != 0)
    }

    @Test(arguments: backends)
    func `a handler's questions are put on the caller's loop, and nowhere else`(_ backend: Backend) throws {
        let askedElsewhere = Shared<[Bool]>([])
        let loop = backend.makeOnCallersLoop()
        guard let isCurrent = loop.isCurrent else { return }
        let service = service {
            $0.recipient = { _ in
                askedElsewhere.update { $0.append(!isCurrent()) }
                return .accept
            }
        }
        let controller = Controller(loop.runtime, service: service, endpoints: [anyPort])
        try controller.begin()
        loop.run()
        let client = try Client(try #require(controller.endpoints.first))
        try client.beginContent()
        #expect(askedElsewhere.value == [false])
        try loop.stop()
        controller.end()
    }
}
