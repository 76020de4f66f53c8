import SMTPSockets

/// A listener on a readiness loop: accepts, counts, and hands on who is let in.
final class LoopDoor: Watched, @unchecked Sendable {
    let door: Door
    private let loop: ReadinessLoop
    private var watch: (any Watch)?

    init(_ door: Door, _ loop: ReadinessLoop) {
        self.door = door
        self.loop = loop
    }

    /// Whether it could be watched.
    func open() -> Bool {
        watch = loop.events.watch(door.listener.descriptor, for: self)
        return watch != nil
    }

    /// Begins and ceases to accept. What comes meanwhile waits with the system.
    func accept(_ isAccepting: Bool) { watch?.want(isAccepting ? .input : []) }

    /// Ceases for good.
    func close() {
        door.listener.refuse()
        watch?.end()
        watch = nil
    }

    func watchHasEnded() {
        door.listener.close()
        loop.watchHasEnded()
    }

    func becomeReady(_ readiness: Descriptor.Readiness) {
        let outcome = loop.reception.takeTurn(at: door) { descriptor, peer in
            loop.place(descriptor, from: peer, through: self)
            return true
        }
        switch outcome {
        case .done: break
        case .rest: loop.restFromAccepting()
        case .broken: accept(false)
        }
    }
}
