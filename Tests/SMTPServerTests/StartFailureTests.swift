import Glibc
import SMTPConnection
import SMTPHandlers
import SMTPProtocol
import SMTPServer
import SMTPSockets
import Testing

/// Starts that fail: why is said at once, and everything is given back.
@Suite struct StartFailureTests {
    static func failure(_ controller: Controller, readyTimeout: Duration = .seconds(600)) throws -> StartError
    {
        do {
            try controller.start(readyTimeout: readyTimeout)
        } catch {
            #expect(controller.state == .failed && controller.endpoints.isEmpty)
            #expect("\(try #require(controller.failure))" == "\(error)")
            try controller.stop()
            #expect(controller.state == .stopped)
            return error
        }
        try controller.stop()
        throw Trouble(text: "it started")
    }

    @Test(arguments: backends, Place.here)
    func `a taken address fails at once and is named`(_ backend: Backend, _ place: Place) throws {
        let directory = try TemporaryDirectory()
        try serving(backend, service(), on: [place.endpoint(directory)]) { endpoint, _ in
            let second = Controller(backend.make(), service: service(), endpoints: [endpoint])
            let error = try Self.failure(second)
            guard case .bindFailed(let cause) = error else { throw error }
            #expect(cause.errno == EADDRINUSE && cause.endpoint == endpoint)
            #expect("\(error)".contains("error while attempting to bind on address \(endpoint)"))
            #expect(try Client(endpoint).reply().hasPrefix("220 "))
        }
    }

    @Test(arguments: backends)
    func `one taken address of several gives the others back`(_ backend: Backend) throws {
        let taken = try ListeningSocket(anyPort)
        let free = try ListeningSocket(anyPort)
        let endpoint = free.endpoint
        free.close()
        let controller = Controller(
            backend.make(), service: service(), endpoints: [endpoint, taken.endpoint])
        guard case .bindFailed(let cause) = try Self.failure(controller) else { throw Trouble(text: "other") }
        #expect(cause.endpoint == taken.endpoint)
        #expect(throws: Never.self) { try ListeningSocket(endpoint) }
    }

    @Test(arguments: backends)
    func `an address that means nothing is named`(_ backend: Backend) throws {
        for endpoint in [Endpoint.unknown, .unix(path: String(repeating: "x", count: 200)), .unix(path: "")] {
            let controller = Controller(backend.make(), service: service(), endpoints: [endpoint])
            guard case .unresolved(endpoint, _) = try Self.failure(controller) else {
                throw Trouble(text: "\(endpoint)")
            }
        }
    }

    @Test(arguments: backends)
    func `a loop that does not begin in time`(_ backend: Backend) throws {
        let gate = Shared(false)
        var hooks = Controller.Hooks()
        hooks.beforeLoop = { try? gate.wait { $0 } }
        let endpoint = try Self.freeEndpoint()
        let controller = Controller(backend.make(), service: service(), endpoints: [endpoint], hooks: hooks)
        #expect { try controller.start(readyTimeout: .milliseconds(100)) } throws: { error in
            guard case StartError.timedOut(.listening) = error else { return false }
            return "\(error)".contains("failed to start within the allotted time")
        }
        // Given back already, although the late starter is still on its way.
        #expect(throws: Never.self) { try ListeningSocket(endpoint) }
        let ended = Shared(false)
        #expect(startThread { stop(controller, .zero, ended) } == 0)
        gate.update { $0 = true }
        try ended.wait("stop, which joins the late starter") { $0 }
        #expect(controller.state == .stopped)
    }

    @Test(arguments: backends.filter(\.toleratesBlocking))
    func `a handler that is not made in time`(_ backend: Backend) throws {
        let gate = Shared(false)
        let service = Service(configuration) { _ in
            try gate.wait { $0 }
            return Sink()
        }
        let endpoint = try Self.freeEndpoint()
        let controller = Controller(backend.make(), service: service, endpoints: [endpoint])
        let error = try Self.failure(controller, readyTimeout: .milliseconds(100))
        guard case .timedOut(.greeting) = error else { throw error }
        #expect("\(error)".contains("started, but is not responding"))
        #expect(throws: Never.self) { try ListeningSocket(endpoint) }
        gate.update { $0 = true }
    }

    @Test(arguments: backends)
    func `the very error of a handler that cannot be made`(_ backend: Backend) throws {
        var service = Service(configuration) { _ in throw Trouble(text: "unknown key") }
        let events = observing(&service)
        let controller = Controller(backend.make(), service: service, endpoints: [anyPort])
        let error = try Self.failure(controller)
        guard case .handler(let cause) = error else { throw error }
        #expect(cause as? Trouble == Trouble(text: "unknown key"))
        #expect(events.value.isEmpty)
    }

    @Test(arguments: backends)
    func `a factory that gives no handler`(_ backend: Backend) throws {
        let service = Service(configuration) { _ in nil }
        let controller = Controller(backend.make(), service: service, endpoints: [anyPort])
        let error = try Self.failure(controller)
        guard case .handler(let cause) = error, cause is NoHandler else { throw error }
        #expect("\(error)".contains("makeHandler returned nil"))
    }

    @Test(arguments: backends)
    func `after a failed start another may go well`(_ backend: Backend) throws {
        let isFailing = Shared(true)
        let service = Service(configuration) { _ in
            if isFailing.value { throw Trouble(text: "not yet") }
            return Sink()
        }
        let controller = Controller(backend.make(), service: service, endpoints: [anyPort])
        #expect(throws: StartError.self) { try controller.start() }
        isFailing.update { $0 = false }
        try controller.start()
        #expect(controller.state == .running && controller.failure == nil)
        try controller.stop()
    }

    @Test(arguments: backends)
    func `the very error of the probe`(_ backend: Backend) throws {
        let cause = ProbeError.unreachable(
            SocketError(call: "connect", errno: EHOSTUNREACH, endpoint: anyPort))
        var hooks = Controller.Hooks()
        hooks.beforeProbe = { () throws(ProbeError) in throw cause }
        let controller = Controller(backend.make(), service: service(), endpoints: [anyPort], hooks: hooks)
        let error = try Self.failure(controller)
        guard case .probe(cause) = error else { throw error }
        #expect("\(error)".contains("No route to host"))
    }

    @Test(arguments: backends)
    func `a handler that refuses this machine`(_ backend: Backend) throws {
        let service = service { $0.connected = { _ in .reply(554, nil, "go away") } }
        let controller = Controller(backend.make(), service: service, endpoints: [anyPort])
        let error = try Self.failure(controller)
        guard case .probe(.refused(let line)) = error else { throw error }
        #expect(line.hasPrefix("554 ") && line.hasSuffix("go away"))
    }

    @Test(arguments: backends)
    func `stopping after a failed start may be repeated`(_ backend: Backend) throws {
        let controller = Controller(backend.make(), service: service(), endpoints: [.unknown])
        _ = try Self.failure(controller)
        #expect(throws: StopError.notRunning) { try controller.stop() }
        try controller.stop(ifRunning: true)
    }

    static func freeEndpoint() throws -> Endpoint {
        let listener = try ListeningSocket(anyPort)
        defer { listener.close() }
        return listener.endpoint
    }
}
