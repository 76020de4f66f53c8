import Glibc
import SMTPServer
import SMTPSockets

/// Takes connections from all listeners, on one thread.
struct Acceptor {
    /// What the runtime wants of it.
    enum Order { case accept, pause, leave }

    let doors: [Door]
    /// Rings when there may be another order.
    let bell: WakeUp
    /// Gets each connection that is let in; false if there is no thread for it.
    let carry: (Carrier) -> Bool

    /// Does as it is told until it is told to leave.
    func accept(_ order: () -> Order) {
        var entries = ([bell.descriptor] + doors.map(\.listener.descriptor)).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        let reception = Reception(nonBlocking: false)
        var isResting = false
        while true {
            let wanted = order()
            if wanted == .leave { return }
            let count = nfds_t(wanted == .pause || isResting ? 1 : entries.count)
            let rest = wanted == .accept && isResting ? Int32(Reception.rest / .milliseconds(1)) : -1
            let ready = unsafe poll(&entries, count, rest)
            isResting = false
            guard ready > 0 else { continue }
            guard entries[0].revents == 0 else {
                bell.clear()
                continue
            }
            for (index, door) in doors.enumerated() where entries[index + 1].revents != 0 {
                switch reception.takeTurn(at: door, carry: { carry(Carrier($0, $1, door)) }) {
                case .done: break
                case .rest: isResting = true
                case .broken: entries[index + 1].fd = -1
                }
            }
        }
    }
}
