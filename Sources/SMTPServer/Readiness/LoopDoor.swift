import SMTPSockets

/// A listener on a readiness loop: accepts, counts, and hands on who is let in.
final class LoopDoor: Watched, @unchecked Sendable {
    /// How many connections are taken before other descriptors have their turn.
    private static let turn = 64

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
        for _ in 0..<Self.turn where watch != nil {
            switch Descriptor.accept(door.listener.descriptor, nonBlocking: true) {
            case .accepted(let descriptor, let peer):
                loop.isExhausted = false
                if door.admit(descriptor, from: peer) { loop.place(descriptor, from: peer, through: self) }
            case .wouldBlock: return
            case .exhausted(let errno):
                // At first the clients wait, since a descriptor may soon be free; those who come later are closed.
                guard loop.isExhausted else {
                    loop.isExhausted = true
                    door.service.observe(.acceptFailed(errno: errno))
                    return loop.restFromAccepting()
                }
                guard loop.reserve.turnAway(from: door.listener.descriptor) else {
                    return loop.restFromAccepting()
                }
            case .failed(let errno):
                door.service.observe(.acceptFailed(errno: errno))
                return accept(false)
            }
        }
    }
}
