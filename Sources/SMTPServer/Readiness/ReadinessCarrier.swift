import Glibc
import SMTPConnection
import SMTPSockets

/// One connection on a readiness loop: moves octets between its socket and the machine when the loop says so.
///
/// It is touched on the loop's thread only; other threads hold it for the address of their answers.
final class ReadinessCarrier: Watched, Alarmed, @unchecked Sendable {
    /// How often a read that filled the whole buffer is followed by another before the others have their turn.
    private static let turn = 8

    /// Its place in the loop's heap, and when the loop looks at it at the latest.
    var place = 0
    var alarm = Instant(nanoseconds: .max)
    private let descriptor: Int32
    private var hasPeerEnded = false
    /// What the machine waits for, and what is watched: that may be more until it is heard of in vain.
    private var wanted: Descriptor.Readiness = []
    private var watching: Descriptor.Readiness = []
    private let peer: Endpoint
    private let door: LoopDoor
    private let loop: ReadinessLoop
    /// Nil before the beginning, and after the end.
    private var connection: ServedConnection?
    private var watch: (any Watch)?

    /// Owns the descriptor from `begin` on.
    init(_ descriptor: Int32, _ peer: Endpoint, _ door: LoopDoor, _ loop: ReadinessLoop) {
        self.descriptor = descriptor
        self.peer = peer
        self.door = door
        self.loop = loop
    }

    /// Begins the session.
    func begin(_ watch: any Watch) {
        self.watch = watch
        let local = door.door.local(of: descriptor)
        let now = MonotonicClock.now()
        do {
            connection = try ServedConnection(
                door.door.service, peer: peer, local: local, at: now,
                clock: MonotonicClock.now, post: { self.loop.post(.answer($0, to: self)) })
        } catch {
            return end()
        }
        proceed(at: now)
    }

    /// For poll(2), when nobody is in the loop.
    var pollEntry: pollfd {
        var events: Int16 = 0
        if wanted.contains(.input) { events |= Int16(POLLIN) }
        if wanted.contains(.output) { events |= Int16(POLLOUT) }
        return pollfd(fd: events == 0 ? -1 : descriptor, events: events, revents: 0)
    }

    // MARK: What happens

    func becomeReady(_ readiness: Descriptor.Readiness) {
        guard connection != nil else { return }
        let useful = readiness.intersection(wanted)
        guard !useful.isEmpty else { return adjustWatch() }
        let now = MonotonicClock.now()
        if useful.contains(.output) { send(at: now) }
        if useful.contains(.input) { receive(at: now) }
        proceed(at: now)
    }

    func watchHasEnded() {
        Descriptor.close(descriptor)
        loop.watchHasEnded()
    }

    /// A late answer; after the end it is dropped.
    func receive(_ answer: LateAnswer) {
        let now = MonotonicClock.now()
        connection?.receive(answer, at: now)
        proceed(at: now)
    }

    /// Its alarm rang.
    func advance(to now: Instant) {
        connection?.advance(to: now)
        proceed(at: now)
    }

    /// Ends politely.
    func shutDown(at now: Instant) {
        connection?.shutDown(at: now)
        proceed(at: now)
    }

    /// Ends at once.
    func cut(at now: Instant) {
        connection?.fail(at: now)
        proceed(at: now)
    }

    // MARK: What is done

    /// One look at the clock serves all that happens at once.
    private func proceed(at now: Instant) {
        while let connection {
            switch connection.next() {
            case .send: send(at: now)
            case .finishSending: Descriptor.shutdownWriting(descriptor)
            case .close: end()
            case .wait(let until, let input, let output):
                wanted = input && !hasPeerEnded ? .input : []
                if output { wanted.insert(.output) }
                // A socket is ready for output most of the time, so that is not watched in vain.
                if watching != wanted, watching.contains(.output) || !watching.contains(wanted) {
                    adjustWatch()
                }
                if let until, until < alarm { loop.setAlarm(of: self, to: until) }
                return
            }
        }
    }

    private func adjustWatch() {
        guard watching != wanted else { return }
        watching = wanted
        watch?.want(wanted)
    }

    private func send(at now: Instant) {
        guard let connection else { return }
        switch connection.withOutput({ Descriptor.send(descriptor, $0) }) {
        case .moved(let count): connection.sent(count, at: now)
        case .wouldBlock: break
        case .failed: connection.fail(at: now)
        }
    }

    /// Reads once; again only if there was so much that more is likely.
    private func receive(at now: Instant) {
        guard let connection else { return }
        for turn in 1...Self.turn {
            switch unsafe Descriptor.receive(descriptor, into: UnsafeMutableRawBufferPointer(loop.buffer)) {
            case .moved(0):
                hasPeerEnded = true
                return connection.receiveEnd(at: now)
            case .moved(let count):
                let octets = unsafe UnsafeBufferPointer(loop.buffer).span
                connection.receive(octets.extracting(..<count), at: now)
                guard unsafe count == loop.buffer.count, turn < Self.turn else { return }
                proceed(at: now)
                guard self.connection != nil, wanted.contains(.input) else { return }
            case .wouldBlock: return
            case .failed: return connection.fail(at: now)
            }
        }
    }

    private func end() {
        connection = nil
        door.door.leave(peer)
        loop.remove(self)
        watch?.end()
        watch = nil
    }
}
