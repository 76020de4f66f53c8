import Glibc
import SMTPConnection
import SMTPHandlers
import SMTPServer
import SMTPSockets
import Testing

/// A server on a loop that somebody else runs, stops and keeps.
@Suite struct CallersLoopTests {
    /// A server that listens, on a loop that does not run yet; it is ended whatever happens.
    static func listening(
        _ backend: Backend, _ place: Place = .ipv4, _ service: Service = service(),
        _ body: (CallersLoop, Controller, Endpoint) throws -> Void
    ) throws {
        let directory = try TemporaryDirectory()
        let loop = backend.makeOnCallersLoop()
        let controller = Controller(
            loop.runtime, service: service, endpoints: [place.endpoint(directory)])
        try controller.begin()
        defer {
            controller.end()
            #expect(controller.waitUntilEnded(timeout: .seconds(20)))
            #expect(throws: Never.self) { try loop.stop() }
        }
        #expect(controller.state == .running)
        try body(loop, controller, try #require(controller.endpoints.first))
    }

    static let moment = Duration.milliseconds(100)

    @Test(arguments: backends, Place.here)
    func `the listener is there before the loop, outlives it, and is gone after the end`(
        _ backend: Backend, _ place: Place
    ) throws {
        try Self.listening(backend, place) { loop, controller, endpoint in
            let early = try Client(endpoint)
            #expect(try !early.hears(within: Self.moment))
            loop.run()
            #expect(try early.reply().hasPrefix("220 mx.example.org "))
            #expect(try early.ask("EHLO client.example").hasPrefix("250 "))
            #expect(try early.ask("QUIT").hasPrefix("221 "))
            try loop.stop()
            let late = try Client(endpoint)
            #expect(try !late.hears(within: Self.moment))
            #expect(controller.state == .running && controller.endpoints == [endpoint])
            // Nobody is in the loop: all has ended when this returns.
            controller.end()
            #expect(controller.state == .stopped && controller.endpoints.isEmpty)
            #expect(controller.waitUntilEnded(timeout: .zero))
            #expect(throws: SocketError.self) { try Client(endpoint) }
            #expect(try late.isAtEnd())
        }
    }

    @Test(arguments: backends)
    func `who queued up while the loop stood is served when it runs again`(_ backend: Backend) throws {
        try Self.listening(backend) { loop, _, endpoint in
            for _ in 1...3 {
                let client = try Client(endpoint)
                loop.run()
                #expect(try client.reply().hasPrefix("220 "))
                #expect(try client.ask("QUIT").hasPrefix("221 "))
                try loop.stop()
            }
        }
    }

    @Test(arguments: backends.filter { $0.makeOnCallersLoop().carriesSessions })
    func `sessions stand still with the loop`(_ backend: Backend) throws {
        try Self.listening(backend) { loop, _, endpoint in
            loop.run()
            let client = try Client(endpoint)
            #expect(try client.reply().hasPrefix("220 "))
            try loop.stop()
            try client.send("NOOP\r\n")
            #expect(try !client.hears(within: Self.moment))
            loop.run()
            #expect(try client.reply().hasPrefix("250 "))
        }
    }

    @Test(arguments: backends, Place.here)
    func `an end while the loop runs leaves the loop and its other work alone`(
        _ backend: Backend, _ place: Place
    ) throws {
        try Self.listening(backend, place) { loop, controller, endpoint in
            loop.run()
            let client = try Client(endpoint)
            #expect(try client.reply().hasPrefix("220 "))
            #expect(try client.ask("HELO client.example").hasPrefix("250 "))
            let idle = try Client(endpoint)
            #expect(try idle.reply().hasPrefix("220 "))
            #expect(try client.ask("QUIT").hasPrefix("221 "))
            controller.end(grace: .seconds(20))
            #expect(try idle.reply().hasPrefix("421 "))
            idle.connection.close()
            client.connection.close()
            #expect(controller.waitUntilEnded(timeout: .seconds(20)))
            #expect(controller.state == .stopped)
            #expect(throws: SocketError.self) { try Client(endpoint) }
            if let perform = loop.perform {
                let isDone = Shared(false)
                perform { isDone.update { $0 = true } }
                try isDone.wait("other work on the loop") { $0 }
            }
        }
    }

    @Test(arguments: backends)
    func `open sessions are cut when the loop stands`(_ backend: Backend) throws {
        try Self.listening(backend) { loop, controller, endpoint in
            loop.run()
            let client = try Client(endpoint)
            try client.beginContent()
            try loop.stop()
            controller.end()
            #expect(controller.state == .stopped)
            #expect(try client.isAtEnd())
        }
    }

    @Test(arguments: backends)
    func `a second end shortens the grace, and waiting for the end is bounded`(_ backend: Backend) throws {
        try Self.listening(backend) { loop, controller, endpoint in
            loop.run()
            let client = try Client(endpoint)
            try client.beginContent()
            controller.end(grace: .seconds(600))
            #expect(controller.state == .stopping)
            #expect(!controller.waitUntilEnded(timeout: Self.moment))
            controller.end(grace: .zero)
            #expect(controller.waitUntilEnded(timeout: .seconds(20)))
            #expect(try client.isAtEnd())
        }
    }

    @Test(arguments: backends)
    func `what was ended may begin again, whether the loop ever ran or not`(_ backend: Backend) throws {
        let loop = backend.makeOnCallersLoop()
        let controller = Controller(loop.runtime, service: service(), endpoints: [anyPort])
        controller.end()
        #expect(controller.state == .idle && controller.waitUntilEnded(timeout: .zero))
        for round in 1...4 {
            try controller.begin()
            let endpoint = try #require(controller.endpoints.first)
            if round.isMultiple(of: 2) {
                loop.run()
                #expect(try Client(endpoint).reply().hasPrefix("220 "))
                try loop.stop()
            }
            // The other way to end, when nobody has to be waited for.
            if round > 2 { controller.end() } else { try controller.stop(grace: .zero) }
            #expect(controller.state == .stopped)
            #expect(throws: SocketError.self) { try Client(endpoint) }
        }
    }

    @Test(arguments: backends, Place.here)
    func `a taken address is told by begin`(_ backend: Backend, _ place: Place) throws {
        try Self.listening(backend, place) { _, _, endpoint in
            let second = Controller(
                backend.makeOnCallersLoop().runtime, service: service(), endpoints: [endpoint])
            #expect {
                try second.begin()
            } throws: { error in
                guard case StartError.bindFailed(let cause) = error else { return false }
                return cause.errno == EADDRINUSE && cause.endpoint == endpoint
            }
            #expect(second.state == .failed && second.failure != nil)
            second.end()
            try second.stop()
        }
    }

    @Test(arguments: backends)
    func `a loop that is the caller's is not started`(_ backend: Backend) throws {
        let runtime = backend.makeOnCallersLoop().runtime
        guard !runtime.ownsLoop else { return }
        let controller = Controller(runtime, service: service(), endpoints: [anyPort])
        #expect { try controller.start() } throws: {
            if case StartError.callersLoop = $0 { "\($0)".contains("begin") } else { false }
        }
        try controller.stop(ifRunning: true)
    }

    @Test(arguments: backends)
    func `a stop that comes before run is not lost`(_ backend: Backend) throws {
        let runtime = backend.make()
        let listener = try ListeningSocket(anyPort)
        let endpoint = listener.endpoint
        try runtime.attach(listener, to: service())
        let returns = Shared(0)
        for _ in 1...2 {
            runtime.stop()
            let before = returns.value
            #expect(
                startThread {
                    runtime.run()
                    returns.update { $0 += 1 }
                } == 0)
            try returns.wait("run") { $0 == before + 1 }
        }
        #expect(throws: Never.self) { try Client(endpoint) }
        runtime.drain(grace: .zero) {}
    }
}
