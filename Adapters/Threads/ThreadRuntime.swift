import SMTPConnection
public import SMTPServer
public import SMTPSockets

/// Carries connections on threads that block: one accepts, and each connection has one to itself.
///
/// Handlers may block too; a slow one holds up its own client only.
public final class ThreadRuntime: Runtime, @unchecked Sendable {
    /// How long connections may take to end after the cut; only a handler that does not return needs longer.
    private static let patience = Duration.seconds(1)

    private let crew = Crew()
    /// Guards what follows, and tells when it changes.
    private let condition = Condition()
    private var (stage, isInLoop) = (Stage.open, false)
    private var alarm: WakeUp?
    private var doors: [Door] = []
    private var carriers: [ObjectIdentifier: Carrier] = [:]
    private var graceEnd: Instant?
    private var waiting: [@Sendable () -> Void] = []

    private enum Stage { case open, draining, cut, ended }

    /// Carries nothing yet.
    public init() {}

    public func attach(_ listener: consuming ListeningSocket, to service: Service) throws(SocketError) {
        let door = Door(listener, service)
        try condition.withLock { () throws(SocketError) in
            precondition(!isInLoop, "attach comes before run")
            if alarm == nil { alarm = try WakeUp() }
            doors.append(door)
        }
    }

    public func run() {
        let entered = condition.withLock {
            guard stage == .open, !isInLoop, let alarm else { return nil as Acceptor? }
            isInLoop = true
            return Acceptor(doors: doors, alarm: alarm) { self.carry($0, alarm) }
        }
        guard let acceptor = entered else { return }
        acceptor.accept(while: { self.condition.withLock { self.stage == .open } })
        for door in acceptor.doors { door.listener.close() }
        crew.dismiss()
        for call in awaitCarriers() { call() }
    }

    public func drain(grace: Duration, drained: @escaping @Sendable () -> Void) {
        let end = MonotonicClock.now().advanced(by: grace)
        let isOver = condition.withLock {
            if stage == .open {
                stage = isInLoop ? .draining : .ended
                if !isInLoop { for door in doors { door.listener.close() } }
                for carrier in carriers.values { carrier.letterbox.order(.drain) }
                alarm?.wake()
            }
            if stage == .draining { graceEnd = min(graceEnd ?? end, end) }
            if stage != .ended { waiting.append(drained) }
            condition.broadcast()
            return stage == .ended
        }
        if isOver { drained() }
    }

    /// Whether the connection has got a thread.
    private func carry(_ carrier: Carrier, _ alarm: WakeUp) -> Bool {
        condition.withLock {
            carriers[ObjectIdentifier(carrier)] = carrier
            if stage != .open { carrier.letterbox.order(.drain) }
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
            carriers[ObjectIdentifier(carrier)] = nil
            if stage != .open { condition.broadcast() }
        }
    }

    /// Waits for the connections to end, cuts those that take too long, and says whom to tell.
    private func awaitCarriers() -> [@Sendable () -> Void] {
        condition.withLock {
            while !carriers.isEmpty, condition.wait(until: graceEnd) || stage == .draining {
                let now = MonotonicClock.now()
                guard stage == .draining, let end = graceEnd, end <= now else { continue }
                stage = .cut
                for carrier in carriers.values { carrier.letterbox.order(.cut) }
                graceEnd = now.advanced(by: Self.patience)
            }
            stage = .ended
            isInLoop = false
            defer { waiting = [] }
            return waiting
        }
    }
}
