import Glibc
import SMTPServer
import SMTPSockets

/// Takes connections from all listeners, on one thread.
struct Acceptor {
    /// How long accepting rests when the system has no more descriptors or memory to give.
    private static let rest: Int32 = 100
    /// How many connections are taken from one listener before the others have their turn.
    private static let turn = 64

    let doors: [Door]
    let alarm: WakeUp
    /// Gets each connection that is let in; false if there is no thread for it.
    let carry: (Carrier) -> Bool
    private let reserve = DescriptorReserve()

    /// Accepts until the alarm sounds and `isWanted` says that it was meant.
    func accept(while isWanted: () -> Bool) {
        var entries = ([alarm.descriptor] + doors.map(\.listener.descriptor)).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        var exhausted = false
        var isResting = false
        while isWanted() {
            let count = nfds_t(isResting ? 1 : entries.count)
            let ready = unsafe poll(&entries, count, isResting ? Self.rest : -1)
            isResting = false
            guard ready > 0 else { continue }
            for (index, door) in doors.enumerated() where entries[index + 1].revents != 0 {
                switch takeTurn(door, &exhausted) {
                case .done: break
                case .rest: isResting = true
                case .broken: entries[index + 1].fd = -1
                }
            }
        }
    }

    private enum Outcome { case done, rest, broken }

    private func takeTurn(_ door: Door, _ exhausted: inout Bool) -> Outcome {
        for _ in 0..<Self.turn {
            switch Descriptor.accept(door.listener.descriptor) {
            case .accepted(let descriptor, let peer):
                exhausted = false
                guard door.admit(descriptor, from: peer) else { continue }
                if !carry(Carrier(descriptor, peer, door)) { door.giveUp(descriptor, from: peer) }
            case .wouldBlock: return .done
            case .exhausted(let errno):
                // At first the clients wait, since a descriptor may soon be free; those who come later are closed.
                guard exhausted else {
                    exhausted = true
                    door.service.observe(.acceptFailed(errno: errno))
                    return .rest
                }
                guard reserve.turnAway(from: door.listener.descriptor) else { return .rest }
            case .failed(let errno):
                door.service.observe(.acceptFailed(errno: errno))
                return .broken
            }
        }
        return .done
    }
}
