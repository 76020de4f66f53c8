import SMTPConnection
import SMTPServer
import SMTPSockets

/// One connection, for the thread that will carry it.
final class Carrier: Sendable {
    /// For the handler's calls too.
    static let stackSize = 256 << 10
    private static let bufferSize = 64 << 10

    let letterbox: Letterbox
    private let descriptor: Int32
    private let peer: Endpoint
    private let door: Door

    /// Owns the descriptor from `carry` on.
    init(_ descriptor: Int32, _ peer: Endpoint, _ door: Door) {
        self.descriptor = descriptor
        self.peer = peer
        self.door = door
        letterbox = Letterbox(descriptor)
    }

    /// Carries the connection to its end, on the calling thread. `alarm` sounds when everybody has to look up.
    func carry(until alarm: WakeUp) {
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: Self.bufferSize)
        defer {
            unsafe buffer.deallocate()
            door.leave(peer)
            letterbox.close()
        }
        let (local, now) = (door.local(of: descriptor), MonotonicClock.now())
        let made = try? ServedConnection(
            door.service, peer: peer, local: local, at: now, clock: MonotonicClock.now, post: letterbox.post)
        guard let connection = made else { return }
        var transport = unsafe Transport(
            connection: connection, descriptor: descriptor, alarm: alarm, buffer: buffer)
        while true {
            switch connection.next() {
            case .send: transport.send()
            case .finishSending:
                Descriptor.shutdownWriting(descriptor)
                transport.isEager = true
            case .close: return
            case .wait(let until, let input, let output):
                transport.wait(letterbox, until: until, input: input, output: output)
            }
        }
    }
}

/// Moves octets, time and mail between a socket and the machine.
@safe
private struct Transport {
    let connection: ServedConnection
    let descriptor: Int32
    let alarm: WakeUp
    let buffer: UnsafeMutableBufferPointer<UInt8>
    var order = Letterbox.Order.serve
    var hasPeerEnded = false
    /// More input is likely to be there already: after some that needed no reply, and after our last word.
    var isEager = false

    /// Sends what the system takes now.
    mutating func send() {
        isEager = false
        switch connection.withOutput({ Descriptor.send(descriptor, $0) }) {
        case .moved(let count): connection.sent(count, at: MonotonicClock.now())
        case .wouldBlock: break
        case .failed: connection.fail(at: MonotonicClock.now())
        }
    }

    /// Waits for what the machine waits for, for mail and for the deadline; then tells the machine.
    mutating func wait(_ letterbox: Letterbox, until deadline: Instant?, input: Bool, output: Bool) {
        var readiness: Descriptor.Readiness = input && !hasPeerEnded ? .input : []
        if output { readiness.insert(.output) }
        // With a question open there is nothing to do with the socket: an answer comes through the letterbox.
        let mail = readiness.isEmpty ? letterbox.collect(after: order, until: deadline) : letterbox.collect()
        if heed(mail) { return }
        guard !readiness.isEmpty else { return connection.advance(to: MonotonicClock.now()) }
        if isEager, readiness == .input, receive(letterbox) { return }
        // The alarm sounds once and for all; who has heard it is woken by the socket's end if need be.
        let wake = order == .serve ? alarm.descriptor : -1
        // A post wakes no poll: with output pending and a question open, the letterbox is looked into now and then.
        let soon = readiness == .output ? MonotonicClock.now().advanced(by: .milliseconds(20)) : nil
        let until = soon.map { min(deadline ?? $0, $0) } ?? deadline
        let ready = Descriptor.wait(descriptor, for: readiness, until: until, wake: wake)
        if ready.isEmpty, !heed(letterbox.collect()) { connection.advance(to: MonotonicClock.now()) }
        if ready.contains(.output) { send() }
        if ready.contains(.input) { _ = receive(letterbox) }
    }

    /// Tells the machine what is new in the mail; false if nothing is.
    private mutating func heed(_ mail: Letterbox.Mail) -> Bool {
        guard mail.order != order || !mail.answers.isEmpty else { return false }
        let now = MonotonicClock.now()
        if mail.order != order {
            order = mail.order
            order == .cut ? connection.fail(at: now) : connection.shutDown(at: now)
        }
        for answer in mail.answers { connection.receive(answer, at: now) }
        return true
    }

    /// Whether the machine was told anything.
    private mutating func receive(_ letterbox: Letterbox) -> Bool {
        let outcome = unsafe Descriptor.receive(descriptor, into: UnsafeMutableRawBufferPointer(buffer))
        isEager = outcome != .wouldBlock
        switch outcome {
        case .moved(0):
            hasPeerEnded = true
            // The end may be the cut's doing, not the peer's.
            _ = heed(letterbox.collect())
            connection.receiveEnd(at: MonotonicClock.now())
        case .moved(let count):
            let octets = unsafe UnsafeBufferPointer(buffer).span
            connection.receive(octets.extracting(..<count), at: MonotonicClock.now())
        case .wouldBlock: break
        case .failed: connection.fail(at: MonotonicClock.now())
        }
        return isEager
    }
}
