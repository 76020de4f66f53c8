import Glibc
import SMTPConnection
import SMTPHandlers
import SMTPProtocol
import SMTPServer
import SMTPSockets
import Testing

/// Starting and stopping, when all goes well.
@Suite struct LifecycleTests {
    @Test(arguments: backends, Place.here)
    func `the address can be read while it runs, and is free afterwards`(_ backend: Backend, _ place: Place)
        throws
    {
        let directory = try TemporaryDirectory()
        let requested = place.endpoint(directory)
        let controller = Controller(backend.make(), service: service(), endpoints: [requested])
        #expect(controller.state == .idle && controller.endpoints.isEmpty)
        try controller.start()
        #expect(controller.state == .running)
        let endpoint = try #require(controller.endpoints.first)
        if case .tcp(_, let port) = endpoint { #expect(port != 0) } else { #expect(endpoint == requested) }
        #expect(try Client(endpoint).reply().hasPrefix("220 mx.example.org "))
        try controller.stop()
        #expect(controller.state == .stopped && controller.endpoints.isEmpty)
        #expect(throws: SocketError.self) { try Client(endpoint) }
        try serving(backend, service(), on: [endpoint]) { again, _ in #expect(again == endpoint) }
    }

    @Test(arguments: backends)
    func `all interfaces mean every family on one port`(_ backend: Backend) throws {
        try serving(backend, service(), on: [.tcp(host: "", port: 0)]) { _, controller in
            var ports: Set<UInt16> = []
            for case .tcp(let host, let port) in controller.endpoints {
                ports.insert(port)
                let loopback = host == "::" ? "::1" : "127.0.0.1"
                let client = try Client(.tcp(host: loopback, port: port))
                #expect(try client.reply().hasPrefix("220 "))
            }
            #expect(ports.count == 1)
            #expect(try controller.endpoints.count == Endpoint.tcp(host: "", port: 0).resolved().count)
        }
    }

    @Test(arguments: backends)
    func `several endpoints are one server`(_ backend: Backend) throws {
        let directory = try TemporaryDirectory()
        try serving(backend, service(), on: Place.here.map { $0.endpoint(directory) }) { _, controller in
            #expect(controller.endpoints.count == Place.here.count)
            for endpoint in controller.endpoints {
                let client = try Client(endpoint)
                #expect(try client.reply().hasPrefix("220 "))
            }
        }
    }

    @Test(arguments: backends)
    func `a running controller does not start again`(_ backend: Backend) throws {
        let controller = Controller(backend.make(), service: service(), endpoints: [anyPort])
        try controller.start()
        for _ in 0..<2 {
            #expect { try controller.start() } throws: {
                if case StartError.alreadyRunning = $0 { true } else { false }
            }
            #expect { try controller.begin() } throws: {
                if case StartError.alreadyRunning = $0 { true } else { false }
            }
        }
        #expect(controller.state == .running && controller.failure == nil)
        try controller.stop()
    }

    @Test(arguments: backends, Place.here)
    func `what was stopped may be started again`(_ backend: Backend, _ place: Place) throws {
        let directory = try TemporaryDirectory()
        let controller = Controller(
            backend.make(), service: service(), endpoints: [place.endpoint(directory)])
        for _ in 1...3 {
            try controller.start()
            let endpoint = try #require(controller.endpoints.first)
            let client = try Client(endpoint)
            #expect(try client.reply().hasPrefix("220 "))
            try controller.stop(grace: .zero)
            #expect(try client.isCut())
            #expect(controller.state == .stopped)
            #expect(throws: SocketError.self) { try Client(endpoint) }
        }
    }

    @Test(arguments: backends)
    func `while listening is paused clients queue up and sessions go on`(_ backend: Backend) throws {
        try serving(backend, service()) { endpoint, controller in
            let before = try Client(endpoint)
            #expect(try before.reply().hasPrefix("220 "))
            controller.pauseListening()
            // One that was accepted while the order was on its way shows nothing yet.
            var queued = try Client(endpoint)
            while try queued.hears(within: .milliseconds(100)) { queued = try Client(endpoint) }
            #expect(try before.ask("NOOP").hasPrefix("250 "))
            #expect(!controller.endpoints.isEmpty && controller.state == .running)
            controller.resumeListening()
            #expect(try queued.reply().hasPrefix("220 "))
        }
    }

    @Test(arguments: backends)
    func `stopping what does not run is an error, unless it is fine`(_ backend: Backend) throws {
        let controller = Controller(backend.make(), service: service(), endpoints: [anyPort])
        #expect(throws: StopError.notRunning) { try controller.stop() }
        #expect(throws: StopError.notRunning) { try controller.stop(ifRunning: false) }
        try controller.stop(ifRunning: true)
        #expect(controller.state == .idle)
        try controller.start()
        try controller.stop()
        #expect(throws: StopError.notRunning) { try controller.stop() }
        try controller.stop(ifRunning: true)
    }

    @Test(arguments: backends)
    func `two threads may stop it, and both return when it has ended`(_ backend: Backend) throws {
        let controller = Controller(backend.make(), service: service(), endpoints: [anyPort])
        try controller.start()
        let ended = Shared<[Controller.State]>([])
        for _ in 0..<2 {
            #expect(
                startThread {
                    try? controller.stop(ifRunning: true)
                    ended.update { $0.append(controller.state) }
                } == 0)
        }
        try ended.wait("both") { $0.count == 2 }
        #expect(ended.value == [.stopped, .stopped])
    }

    @Test(arguments: backends)
    func `risks are told once, at start`(_ backend: Backend) throws {
        var risky = configuration
        risky.session.limits.errors = nil
        risky.session.bareNewlines = .preserve
        var service = Service(risky) { _ in Sink() }
        let events = observing(&service)
        try serving(backend, service, on: [anyPort, anyPort]) { _, _ in }
        let warnings = events.value.compactMap { if case .warning(let warning) = $0 { warning } else { nil } }
        #expect(warnings == risky.warnings && warnings.count == 2)
    }

    @Test(arguments: backends, Place.here)
    func `the probe is no client to anybody`(_ backend: Backend, _ place: Place) throws {
        let directory = try TemporaryDirectory()
        var service = service()
        let events = observing(&service)
        service.connectionLimits.total = 1
        service.connectionLimits.perPeer = 1
        service.connectionLimits.exemptsLoopback = false
        try serving(backend, service, on: [place.endpoint(directory)]) { endpoint, _ in
            #expect(events.value.isEmpty)
            let client = try Client(endpoint)
            #expect(try client.reply().hasPrefix("220 "))
            #expect(try client.ask("QUIT").hasPrefix("221 "))
            client.connection.close()
            try events.wait("the end of the session") { $0.closeCauses.count == 1 }
        }
        #expect(events.value.connectedCount == 1 && events.value.closeCauses == [.quit])
        #expect(events.value.turnedAway.isEmpty)
    }

    @Test(arguments: backends)
    func `where TLS comes first a handler is proof enough`(_ backend: Backend) throws {
        var secured = configuration
        secured.tls = .implicit(SilentTLS())
        let isFailing = Shared(false)
        let service = Service(secured) { _ in
            if isFailing.value { throw Trouble(text: "none") }
            return Sink()
        }
        try serving(backend, service, grace: .zero) { _, controller in #expect(controller.state == .running) }
        isFailing.update { $0 = true }
        let failing = Controller(backend.make(), service: service, endpoints: [anyPort])
        #expect { try failing.start() } throws: {
            if case StartError.handler(let error) = $0 {
                error as? Trouble == Trouble(text: "none")
            } else {
                false
            }
        }
    }
}

/// A TLS that never gets anywhere.
private struct SilentTLS: TLSContext {
    func makeServer() -> any TLSEngine { Engine() }
    func makeClient(serverName: String?) -> any TLSEngine { Engine() }

    private final class Engine: TLSEngine {
        var security: Security? { nil }
        var peerHasClosed: Bool { false }

        func receive(
            _ records: Span<UInt8>, plaintext: inout [UInt8], output: inout [UInt8]
        ) throws(TLSError) {}
        func send(_ plaintext: Span<UInt8>, output: inout [UInt8]) throws(TLSError) {}
        func close(output: inout [UInt8]) {}
    }
}
