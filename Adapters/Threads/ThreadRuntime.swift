import SMTPConnection
public import SMTPServer
public import SMTPSockets

/// Carries connections on threads that block: one accepts, and each connection has one to itself.
///
/// Handlers may block too; a slow one holds up its own client only. After `stop` the connections go on, since they
/// have their threads; nobody new is taken.
public final class ThreadRuntime: Runtime, @unchecked Sendable {
    /// How long connections may take to end after the cut; only a handler that does not return needs longer.
    private static let patience = Duration.seconds(1)

    private let (crew, condition) = (Crew(), Condition())
    private var life = Life()

    /// Guarded by `condition`; forgotten when a drain has finished.
    private struct Life {
        enum Stage { case open, draining, cut }
        var (stage, isInLoop, isPaused, isStopped) = (Stage.open, false, false, false)
        /// For who accepts, and for all connections.
        var wakeUps: (bell: WakeUp, alarm: WakeUp)?
        var (doors, carriers) = ([Door](), [ObjectIdentifier: Carrier]())
        var (graceEnd, waiting) = (Instant?.none, [@Sendable () -> Void]())
    }

    /// Carries nothing yet.
    public init() {}

    public var ownsLoop: Bool { true }

    public func attach(_ listener: consuming ListeningSocket, to service: Service) throws(SocketError) {
        let door = Door(listener, service)
        try condition.withLock { () throws(SocketError) in
            precondition(!life.isInLoop, "attach comes before run")
            if life.wakeUps == nil { life.wakeUps = (try WakeUp(), try WakeUp()) }
            life.doors.append(door)
        }
    }

    public func run() {
        let entered = condition.withLock { () -> Acceptor? in
            guard life.stage == .open, !life.isInLoop, let (bell, alarm) = life.wakeUps else { return nil }
            life.isInLoop = true
            return Acceptor(doors: life.doors, bell: bell) { self.carry($0, alarm) }
        }
        guard let acceptor = entered else { return }
        acceptor.accept { condition.withLock { order } }
        let calls = condition.withLock {
            guard life.stage == .open else { return finish() }
            (life.isInLoop, life.isStopped) = (false, false)
            return []
        }
        for call in calls { call() }
    }

    public func stop() { change { $0.isStopped = true } }
    public func pauseListening() { change { $0.isPaused = true } }
    public func resumeListening() { change { $0.isPaused = false } }

    public func drain(grace: Duration, drained: @escaping @Sendable () -> Void) {
        let end = MonotonicClock.now().advanced(by: grace)
        let calls = condition.withLock {
            life.waiting.append(drained)
            if life.stage == .open {
                life.stage = .draining
                for carrier in life.carriers.values { carrier.letterbox.order(.drain) }
                life.wakeUps?.bell.wake()
                life.wakeUps?.alarm.wake()
            }
            if life.stage == .draining { life.graceEnd = min(life.graceEnd ?? end, end) }
            condition.broadcast()
            return life.isInLoop ? [] : finish()
        }
        for call in calls { call() }
    }

    private func change(_ body: (inout Life) -> Void) {
        condition.withLock {
            body(&life)
            life.wakeUps?.bell.wake()
        }
    }

    private var order: Acceptor.Order {
        life.stage != .open || life.isStopped ? .leave : life.isPaused ? .pause : .accept
    }

    /// Whether the connection has got a thread.
    private func carry(_ carrier: Carrier, _ alarm: WakeUp) -> Bool {
        condition.withLock {
            life.carriers[ObjectIdentifier(carrier)] = carrier
            if life.stage != .open { carrier.letterbox.order(.drain) }
        }
        let hasThread = crew.take {
            carrier.carry(until: alarm, reading: $0)
            self.remove(carrier)
        }
        if !hasThread { remove(carrier) }
        return hasThread
    }

    private func remove(_ carrier: Carrier) {
        condition.withLock {
            life.carriers[ObjectIdentifier(carrier)] = nil
            if life.stage != .open { condition.broadcast() }
        }
    }

    /// Waits for the connections to end, cuts those that take too long, and says whom to tell.
    private func finish() -> [@Sendable () -> Void] {
        life.isInLoop = true
        for door in life.doors { door.listener.close() }
        crew.dismiss()
        while !life.carriers.isEmpty, condition.wait(until: life.graceEnd) || life.stage == .draining {
            let now = MonotonicClock.now()
            guard life.stage == .draining, let end = life.graceEnd, end <= now else { continue }
            life.stage = .cut
            for carrier in life.carriers.values { carrier.letterbox.order(.cut) }
            life.graceEnd = now.advanced(by: Self.patience)
        }
        defer { life = Life() }
        return life.waiting
    }
}
