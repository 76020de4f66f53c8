import SMTPConnection
import SMTPServer
import SMTPSockets

/// One connection, for the thread that will carry it.
final class Carrier: Sendable {
    let letterbox: Letterbox
    fileprivate let descriptor: Int32
    private let (peer, door): (Endpoint, Door)

    /// Owns the descriptor from `carry` on.
    init(_ descriptor: Int32, _ peer: Endpoint, _ door: Door) {
        (self.descriptor, self.peer, self.door) = (descriptor, peer, door)
        letterbox = Letterbox(descriptor)
    }

    /// Carries the connection to its end, on the calling thread. `alarm` sounds when everybody has to look up.
    func carry(until alarm: WakeUp, reading buffer: ReadBuffer) {
        defer {
            door.leave(peer)
            letterbox.close()
        }
        Descriptor.setReceiveTimeout(descriptor, .nanoseconds(Transport.moment))
        let (local, now) = (door.local(of: descriptor), MonotonicClock.now())
        let made = try? ServedConnection(
            door.service, peer: peer, local: local, at: now, clock: MonotonicClock.now, post: letterbox.post)
        guard let connection = made else { return }
        var transport = Transport(
            carrier: self, connection: connection, alarm: alarm, buffer: buffer, now: now)
        while true {
            switch connection.next() {
            case .send: transport.send()
            case .finishSending: Descriptor.shutdownWriting(descriptor)
            case .close: return
            case .wait(let until, let input, let output):
                transport.wait(until: until, input: input, output: output)
            }
        }
    }
}

/// Moves octets, time and mail between a socket and the machine.
private struct Transport {
    /// How long the thread may wait where only the peer can wake it. Most input comes within it and costs one call;
    /// for what takes longer, the alarm is listened for too.
    static let moment: Int64 = 100_000_000

    let carrier: Carrier
    let connection: ServedConnection
    let alarm: WakeUp
    let buffer: ReadBuffer
    var now: Instant
    var order = Letterbox.Order.serve
    var hasPeerEnded = false

    /// Sends what the system takes now.
    mutating func send() {
        switch connection.withOutput({ Descriptor.send(carrier.descriptor, $0) }) {
        case .moved(let count): connection.sent(count, at: now)
        case .wouldBlock: break
        case .failed: connection.fail(at: now)
        }
    }

    /// Waits for what the machine waits for, for mail and for the deadline; then tells the machine.
    mutating func wait(until deadline: Instant?, input: Bool, output: Bool) {
        var readiness: Descriptor.Readiness = input && !hasPeerEnded ? .input : []
        if output { readiness.insert(.output) }
        let deadline = deadline ?? Instant(nanoseconds: .max)
        // While the machine waits for an answer alone, whether the peer has gone is looked up now and then.
        let pause = readiness.isEmpty ? min(deadline, readClock().advanced(by: .milliseconds(500))) : nil
        if heedMail(until: pause) { return }
        guard !readiness.isEmpty else {
            let isBroken = Descriptor.isBroken(carrier.descriptor)
            return isBroken ? connection.fail(at: readClock()) : connection.advance(to: readClock())
        }
        let left = deadline.nanoseconds - now.nanoseconds
        if readiness == .input, left > Self.moment, receive(mayWait: true) { return }
        // The alarm sounds once and for all; who has heard it is woken by the socket's end if need be.
        let wake = order == .serve ? alarm.descriptor : -1
        // A post wakes no poll: with output pending and a question open, the letterbox is looked into now and then.
        let soon =
            readiness == .output ? min(deadline, readClock().advanced(by: .milliseconds(20))) : deadline
        // Who waits long holds nothing.
        buffer.clear()
        let ready = Descriptor.wait(carrier.descriptor, for: readiness, until: soon, wake: wake)
        if ready.isEmpty, !heedMail() { connection.advance(to: readClock()) }
        if ready.contains(.output) { send() }
        if ready.contains(.input) { _ = receive() }
    }

    private mutating func readClock() -> Instant {
        now = MonotonicClock.now()
        return now
    }

    /// Tells the machine what is new in the mail, or comes until then; false if nothing is.
    private mutating func heedMail(until deadline: Instant? = nil) -> Bool {
        guard let mail = carrier.letterbox.collect(until: deadline) else { return false }
        let now = readClock()
        if mail.order != order {
            order = mail.order
            order == .cut ? connection.fail(at: now) : connection.shutDown(at: now)
        }
        for answer in mail.answers { connection.receive(answer, at: now) }
        return true
    }

    /// Whether the machine was told anything.
    private mutating func receive(mayWait: Bool = false) -> Bool {
        let outcome = buffer.receive(from: carrier.descriptor, mayWait: mayWait)
        let now = readClock()
        switch outcome {
        case .moved(0):
            hasPeerEnded = true
            // The end may be the cut's doing, not the peer's.
            _ = heedMail()
            connection.receiveEnd(at: now)
        case .moved(let count): buffer.withFirst(count) { connection.receive($0, at: now) }
        case .wouldBlock: break
        case .failed: connection.fail(at: now)
        }
        return outcome != .wouldBlock
    }
}
