public import SMTPConnection
import SMTPSockets

/// Starts and stops a server, on a loop of its own (`start`, `stop`) or on the caller's (`begin`, `end`).
///
/// From any thread, but not from a handler: `stop` would wait for its own caller. What was stopped may be started
/// again. A runtime serves one controller at a time.
public final class Controller: @unchecked Sendable {
    /// Where a server listens unless told otherwise.
    public static let standardPort: UInt16 = 8025

    private let runtime: any Runtime
    private let service: Service
    private let requested: [Endpoint]?
    private let inherited: [Int32]
    private let hooks: Hooks
    /// Guards what follows, and tells when it changes.
    private let condition = Condition()
    private var phase = State.idle
    private var loop = Loop.none
    private var bound: [Endpoint] = []
    private var trouble: StartError?
    /// How many lives have begun: who waits for the end of one does not mind the next.
    private var life = 0

    /// Where a controller is in its life.
    public enum State: Hashable, Sendable { case idle, starting, running, stopping, stopped, failed }

    /// Our own loop, from the decision to start a thread to its end.
    private enum Loop { case none, waiting, entered }

    /// For tests: what comes between the steps of a start.
    package struct Hooks: Sendable {
        /// Runs on the loop's thread before the loop.
        package var beforeLoop: @Sendable () -> Void = {}
        /// Runs before the probe's connection is made.
        package var beforeProbe: @Sendable () throws(ProbeError) -> Void = { () throws(ProbeError) in }
        package init() {}
    }

    /// Nothing happens yet. Each endpoint may be a name and stand for several.
    ///
    /// `inherited` are descriptors of sockets that listen already; they stay the caller's. With neither, it is port
    /// 8025 of the loopback address that this machine has.
    public convenience init(
        _ runtime: any Runtime, service: Service, endpoints: [Endpoint]? = nil, inherited: [Int32] = []
    ) {
        self.init(runtime, service: service, endpoints: endpoints, inherited: inherited, hooks: Hooks())
    }

    package init(
        _ runtime: any Runtime, service: Service, endpoints: [Endpoint]?, inherited: [Int32] = [],
        hooks: Hooks
    ) {
        precondition(endpoints?.isEmpty != true || !inherited.isEmpty, "a server needs an endpoint")
        self.inherited = inherited
        self.runtime = runtime
        self.service = service
        self.requested = endpoints
        self.hooks = hooks
    }

    /// Where it is in its life.
    public var state: State { condition.withLock { phase } }

    /// Where it listens, with the ports that the system chose; empty unless running.
    public var endpoints: [Endpoint] { condition.withLock { bound } }

    /// Why the last `start` or `begin` failed; nil once one succeeds.
    public var failure: StartError? { condition.withLock { trouble } }

    // MARK: A loop of its own

    /// Binds, runs the loop on a new thread, greets itself as a client would, and returns once a greeting was seen.
    ///
    /// What cannot be bound is told at once. The probe is neither counted nor observed, but it is given a handler.
    public func start(readyTimeout: Duration = .seconds(5)) throws(StartError) {
        try enter(needingOwnLoop: true) { () throws(StartError) in
            let deadline = MonotonicClock.now().advanced(by: readyTimeout)
            let watch = ProbeWatch(service.observe)
            let census = ConnectionCensus(service.connectionLimits)
            var watched = service
            watched.observe = { watch.receive($0) }
            let endpoints = try bringUp(watched, census)
            // The system completes connections before anybody accepts them. So the probe's address is known first.
            let probe = try SelfProbe(connectingTo: endpoints, until: deadline, before: hooks.beforeProbe)
            defer { probe.close() }
            watch.expect(probe.local)
            census.expect(probe.local)
            try startLoop()
            guard try !probe.isGreeted(service.connection.tls, watch, until: deadline) else {
                return endpoints
            }
            throw .timedOut(condition.withLock { loop == .waiting } ? .listening : .greeting)
        }
    }

    /// Stops accepting, lets sessions end with 421 at their next command, cuts what is left after `grace`, and returns
    /// when all has ended. Fine also after a failed `start`; after `begin` it is `end` and the wait for it.
    ///
    /// A handler that does not return is left behind a moment after the cut: nothing can end its thread.
    public func stop(grace: Duration = .seconds(5), ifRunning: Bool = false) throws(StopError) {
        let (found, mine) = leave()
        switch found {
        case .idle, .stopped:
            guard ifRunning else { throw .notRunning }
            return
        case .starting, .stopping, .failed: break
        case .running: drain(grace, mine)
        }
        condition.withLock {
            while life == mine, phase == .stopping || loop != .none { condition.wait(until: nil) }
            if life == mine { phase = .stopped }
        }
    }

    // MARK: The caller's loop

    /// Binds and attaches, and returns: no thread, no probe. The loop need not be running; if it is, call this on it.
    public func begin() throws(StartError) {
        try enter(needingOwnLoop: false) { () throws(StartError) in
            try bringUp(service, ConnectionCensus(service.connectionLimits))
        }
    }

    /// Ends as `stop` does, but does not wait where the loop is running: see `waitUntilEnded`. Where it is not, all has
    /// ended when this returns. The loop itself goes on. Does nothing unless running; again, it shortens the grace.
    public func end(grace: Duration = .zero) {
        let (found, mine) = leave()
        if found == .running || found == .stopping { drain(grace, mine) }
    }

    /// Waits until the last connection is gone; false after `timeout`. Not on the loop's thread.
    public func waitUntilEnded(timeout: Duration? = nil) -> Bool {
        let deadline = timeout.map { MonotonicClock.now().advanced(by: $0) }
        return condition.withLock {
            let mine = life
            while life == mine, [.starting, .running, .stopping].contains(phase) || loop != .none {
                guard condition.wait(until: deadline) else { return false }
            }
            return true
        }
    }

    // MARK: Both

    /// Accepts no more until `resumeListening`: sessions go on, and clients that come queue up in the kernel.
    public func pauseListening() { runtime.pauseListening() }

    /// Accepts again.
    public func resumeListening() { runtime.resumeListening() }

    // MARK: Steps

    /// From not running to running, or to failed with all given back.
    private func enter(
        needingOwnLoop: Bool, _ body: () throws(StartError) -> [Endpoint]
    ) throws(StartError) {
        if needingOwnLoop, !runtime.ownsLoop { throw .callersLoop }
        let mayEnter = condition.withLock {
            guard [.idle, .stopped, .failed].contains(phase), loop == .none else { return false }
            phase = .starting
            trouble = nil
            life += 1
            return true
        }
        guard mayEnter else { throw .alreadyRunning }
        do {
            let endpoints = try body()
            settle(.running, endpoints, nil)
        } catch {
            giveBack()
            settle(.failed, [], error)
            throw error
        }
    }

    /// The state that was found once nothing was starting, and which life it belongs to; running becomes stopping.
    private func leave() -> (State, life: Int) {
        condition.withLock {
            while phase == .starting { condition.wait(until: nil) }
            defer {
                if phase == .running {
                    phase = .stopping
                    bound = []
                }
            }
            return (phase, life)
        }
    }

    private func drain(_ grace: Duration, _ mine: Int) {
        runtime.drain(grace: grace) {
            self.condition.withLock {
                guard self.life == mine, self.phase == .stopping else { return }
                self.phase = .stopped
                self.condition.broadcast()
            }
        }
    }

    /// Listens, and hands the listeners to the runtime.
    private func bringUp(_ service: Service, _ census: ConnectionCensus) throws(StartError) -> [Endpoint] {
        var service = service
        service.connectionLimits.shared = census
        var listeners = try openListeners(try wanted)
        do throws(SocketError) {
            for descriptor in inherited { listeners.append(try ListeningSocket(inheriting: descriptor)) }
            for listener in listeners { try runtime.attach(listener, to: service) }
        } catch {
            throw .bindFailed(error)
        }
        for warning in service.connection.warnings { service.observe(.warning(warning)) }
        return listeners.map(\.endpoint)
    }

    private var wanted: [Endpoint] {
        get throws(StartError) {
            if let requested { return requested }
            guard inherited.isEmpty else { return [] }
            do throws(SocketError) {
                return [.tcp(host: try Loopback.address(), port: Self.standardPort)]
            } catch {
                throw .bindFailed(error)
            }
        }
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
                self.loop = .none
                self.condition.broadcast()
            }
        }
        guard failure != 0 else { return }
        condition.withLock { loop = .none }
        throw .noThread(errno: failure)
    }

    private func settle(_ state: State, _ endpoints: [Endpoint], _ error: StartError?) {
        condition.withLock {
            phase = state
            bound = endpoints
            trouble = error
            condition.broadcast()
        }
    }

    /// After a failed start: listeners, threads and connections go. A loop that has not begun is joined by `stop`.
    private func giveBack() {
        runtime.drain(grace: .zero) {}
        let deadline = MonotonicClock.now().advanced(by: .seconds(2))
        condition.withLock { while loop == .entered, condition.wait(until: deadline) {} }
    }
}
