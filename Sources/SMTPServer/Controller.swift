import Glibc
public import SMTPConnection
import SMTPSockets

/// Starts and stops a server. Linear: what was started and stopped is not started again.
///
/// From any thread, but not from a handler: `stop` would wait for its own caller.
public final class Controller: @unchecked Sendable {
    private let runtime: any Runtime
    private let service: Service
    private let requested: [Endpoint]
    private let hooks: Hooks
    /// Guards what follows, and tells when it changes.
    private let condition = Condition()
    private var phase = State.idle
    private var loop = Loop.none
    private var bound: [Endpoint] = []

    /// Where a controller is in its life.
    public enum State: Hashable, Sendable { case idle, starting, running, stopping, stopped, failed }

    private enum Loop { case none, waiting, entered, ended }

    /// For tests: what comes between the steps of a start.
    package struct Hooks: Sendable {
        /// Runs on the loop's thread before the loop.
        package var beforeLoop: @Sendable () -> Void = {}
        /// Runs before the probe's connection is made.
        package var beforeProbe: @Sendable () throws(ProbeError) -> Void = { () throws(ProbeError) in }
        package init() {}
    }

    /// Nothing happens yet. There must be at least one endpoint; each may be a name and stand for several.
    public convenience init(_ runtime: any Runtime, service: Service, endpoints: [Endpoint]) {
        self.init(runtime, service: service, endpoints: endpoints, hooks: Hooks())
    }

    package init(_ runtime: any Runtime, service: Service, endpoints: [Endpoint], hooks: Hooks) {
        precondition(!endpoints.isEmpty, "a server needs an endpoint")
        self.runtime = runtime
        self.service = service
        self.requested = endpoints
        self.hooks = hooks
    }

    /// Where it is in its life.
    public var state: State { condition.withLock { phase } }

    /// Where it listens, with the ports that the system chose; empty unless running.
    public var endpoints: [Endpoint] { condition.withLock { bound } }

    /// Binds, runs the loop on a new thread, greets itself as a client would, and returns once a greeting was seen.
    ///
    /// What cannot be bound is told at once. The probe is neither counted nor observed, but it is given a handler.
    public func start(readyTimeout: Duration = .seconds(5)) throws(StartError) {
        let isIdle = condition.withLock {
            defer { if phase == .idle { phase = .starting } }
            return phase == .idle
        }
        guard isIdle else { throw .notIdle }
        do {
            let listeners = try bringUp(until: MonotonicClock.now().advanced(by: readyTimeout))
            settle(.running, listeners.map(\.endpoint))
        } catch {
            giveBack()
            throw error
        }
    }

    /// Stops accepting, lets sessions end with 421 at their next command, cuts what is left after `grace`, and returns
    /// when the loop has ended. Fine also after a failed `start`.
    ///
    /// A handler that does not return is left behind a moment after the cut: nothing can end its thread.
    public func stop(grace: Duration = .seconds(5), ifRunning: Bool = false) throws(StopError) {
        let found = condition.withLock {
            while phase == .starting { condition.wait(until: nil) }
            defer { if phase == .running { phase = .stopping } }
            return phase
        }
        switch found {
        case .idle, .stopped:
            guard ifRunning else { throw .notRunning }
        case .starting, .stopping, .failed:
            awaitLoopEnd(until: nil)
            settle(.stopped, [])
        case .running:
            runtime.drain(grace: grace) {}
            awaitLoopEnd(until: nil)
            settle(.stopped, [])
        }
    }

    // MARK: Steps

    private func bringUp(until deadline: Instant) throws(StartError) -> [ListeningSocket] {
        var listeners: [ListeningSocket] = []
        for endpoint in requested { listeners += try Self.listen(endpoint) }
        let watch = ProbeWatch(service.observe)
        let census = ConnectionCensus(service.connectionLimits)
        var watched = service
        watched.observe = { watch.receive($0) }
        watched.connectionLimits.shared = census
        do throws(SocketError) {
            for listener in listeners { try runtime.attach(listener, to: watched) }
        } catch {
            throw .bindFailed(error)
        }
        for warning in service.connection.warnings { service.observe(.warning(warning)) }
        // The system completes connections before anybody accepts them. So the probe's address is known first.
        let client = try connect(to: listeners.map(\.endpoint), until: deadline)
        defer { client.close() }
        watch.expect(client.local)
        census.expect(client.local)
        try startLoop()
        try greet(client, watch, until: deadline)
        return listeners
    }

    /// A listener for each address that `endpoint` means; port 0 becomes the same port for all of them.
    private static func listen(_ endpoint: Endpoint) throws(StartError) -> [ListeningSocket] {
        let addresses: [Endpoint]
        do throws(ResolveError) {
            addresses = try endpoint.resolved()
        } catch {
            throw .unresolved(endpoint, error)
        }
        var attemptsLeft = 16
        while true {
            do throws(SocketError) {
                var listeners: [ListeningSocket] = []
                for address in addresses {
                    listeners.append(try ListeningSocket(address.with(portOf: listeners.first?.endpoint)))
                }
                return listeners
            } catch {
                // The port that one family was given may be taken in the other.
                attemptsLeft -= 1
                let mayDiffer = addresses.count > 1 && endpoint.hasPortZero && error.errno == EADDRINUSE
                guard mayDiffer, attemptsLeft > 0 else { throw .bindFailed(error) }
            }
        }
    }

    private func connect(
        to endpoints: [Endpoint], until deadline: Instant
    ) throws(StartError) -> BlockingClient {
        var failure = ProbeError.closed
        do throws(ProbeError) {
            try hooks.beforeProbe()
        } catch {
            throw .probe(error)
        }
        for endpoint in endpoints {
            do throws(SocketError) {
                let left = MonotonicClock.now().duration(to: deadline)
                return try BlockingClient(connectingTo: endpoint.throughLoopback, timeout: left)
            } catch {
                failure = .unreachable(error)
            }
        }
        guard MonotonicClock.now() < deadline else { throw .timedOut(.listening) }
        throw .probe(failure)
    }

    private func startLoop() throws(StartError) {
        condition.withLock { loop = .waiting }
        let failure = startThread {
            self.hooks.beforeLoop()
            let isWanted = self.condition.withLock {
                if self.phase == .starting { self.loop = .entered }
                return self.phase == .starting
            }
            if isWanted { self.runtime.run() }
            self.condition.withLock {
                self.loop = .ended
                self.condition.broadcast()
            }
        }
        guard failure != 0 else { return }
        condition.withLock { loop = .none }
        throw .noThread(errno: failure)
    }

    /// Waits for a greeting. Who expects TLS first says nothing that could be read: there a handler is proof enough.
    private func greet(
        _ client: BlockingClient, _ watch: ProbeWatch, until deadline: Instant
    ) throws(StartError) {
        let isReady: Bool
        do throws(ProbeError) {
            switch service.connection.tls {
            case .implicit: isReady = watch.awaitHandler(until: deadline)
            case .none, .offered, .required: isReady = try Self.converse(client, until: deadline)
            }
        } catch {
            if let cause = watch.handlerError { throw .handler(cause) }
            throw .probe(error)
        }
        guard !isReady else { return }
        if let cause = watch.handlerError { throw .handler(cause) }
        throw .timedOut(condition.withLock { loop == .waiting } ? .listening : .greeting)
    }

    /// Whether a greeting came before `deadline`. What goes wrong after it does not matter.
    private static func converse(
        _ client: BlockingClient, until deadline: Instant
    ) throws(ProbeError) -> Bool {
        var probe = ReadinessProbe()
        while true {
            switch try probe.next() {
            case .send(let octets):
                do throws(SocketError) {
                    try client.send(octets, deadline: deadline)
                } catch {
                    return true
                }
            case .close: return true
            case .wait:
                let received: [UInt8]?
                do throws(SocketError) {
                    received = try client.receive(deadline: deadline)
                } catch {
                    if probe.isGreeted { return true }
                    throw .unreachable(error)
                }
                guard let octets = received else { return probe.isGreeted }
                if octets.isEmpty { probe.receiveEnd() } else { try probe.receive(octets.span) }
            }
        }
    }

    // MARK: State

    private func settle(_ state: State, _ endpoints: [Endpoint]) {
        condition.withLock {
            phase = state
            bound = endpoints
            condition.broadcast()
        }
    }

    /// False if the loop goes on after `deadline`.
    @discardableResult
    private func awaitLoopEnd(until deadline: Instant?) -> Bool {
        condition.withLock {
            while loop == .waiting || loop == .entered {
                guard condition.wait(until: deadline) else { return false }
            }
            return true
        }
    }

    /// After a failed start: listeners, threads and connections go. A loop that has not begun is joined by `stop`.
    private func giveBack() {
        runtime.drain(grace: .zero) {}
        if condition.withLock({ loop == .entered }) {
            awaitLoopEnd(until: MonotonicClock.now().advanced(by: .seconds(2)))
        }
        settle(.failed, [])
    }
}

extension Endpoint {
    fileprivate var hasPortZero: Bool {
        if case .tcp(_, port: 0) = self { true } else { false }
    }

    /// With the port of `first` instead of port 0.
    fileprivate func with(portOf first: Endpoint?) -> Endpoint {
        guard case .tcp(let host, port: 0) = self, case .tcp(_, let port) = first else { return self }
        return .tcp(host: host, port: port)
    }

    /// Where a client on this machine reaches a listener on all interfaces.
    fileprivate var throughLoopback: Endpoint {
        switch self {
        case .tcp("::", let port): .tcp(host: "::1", port: port)
        case .tcp("0.0.0.0", let port): .tcp(host: "127.0.0.1", port: port)
        case .tcp, .unix, .unknown: self
        }
    }
}

/// Runs `body` on a new thread that nobody joins. Zero, or the errno that kept it from starting.
package func startThread(stackSize: Int? = nil, _ body: @escaping @Sendable () -> Void) -> Int32 {
    unsafe withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { memory in
        guard let attributes = memory.baseAddress else { return ENOMEM }
        unsafe pthread_attr_init(attributes)
        defer { unsafe pthread_attr_destroy(attributes) }
        unsafe pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
        if let stackSize { unsafe pthread_attr_setstacksize(attributes, stackSize) }
        let box = unsafe Unmanaged.passRetained(ThreadBody(body))
        var thread = pthread_t()
        let failure = unsafe pthread_create(
            &thread, attributes,
            {
                if let box = unsafe $0 {
                    unsafe Unmanaged<ThreadBody>.fromOpaque(box).takeRetainedValue().run()
                }
                return nil
            }, box.toOpaque())
        if failure != 0 { unsafe box.release() }
        return failure
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
