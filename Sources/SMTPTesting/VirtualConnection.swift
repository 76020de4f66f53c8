public import SMTPConnection
public import SMTPProtocol
public import SMTPServer
import SMTPSockets

/// One connection to a service, in memory and in virtual time: what a test needs instead of sockets and sleep.
///
/// It does what an adapter does, and nothing else. Say what arrives with `receive`, read what the server said with
/// `takeOutput` or `takeText`, let time pass with `advance`. Nothing happens but in these calls, on the thread that
/// makes them; only a late answer may come from another thread, and it counts when `deliverAnswers` or
/// `waitForAnswer` is called. Input that the server does not want to read yet waits in the transport, as it would in
/// a socket.
///
/// ```swift
/// let connection = try VirtualConnection(service)
/// connection.receive("EHLO client.example.com\r\n")
/// #expect(connection.takeText().contains("250-PIPELINING"))
/// connection.advance(by: .seconds(300))
/// #expect(connection.takeText().hasPrefix("421"))
/// ```
public final class VirtualConnection {
    private let served: ServedConnection
    private let answers: AnswerBox
    private var clock: VirtualClock
    private var incoming: ArraySlice<[UInt8]> = []
    private var hasEnded = false
    private var hasToldEnd = false

    /// What the server said that has not been taken yet.
    public private(set) var output: [UInt8] = []
    /// Whether the server has ended its side: nothing more will be said.
    public private(set) var hasFinishedSending = false
    /// Whether the server has closed the connection.
    public private(set) var isClosed = false
    /// Until when the server waits, if it has set itself a deadline.
    public private(set) var waitsUntil: Instant?
    /// Whether the server reads now; it does not while a question is open.
    public private(set) var wantsInput = false
    /// Whether the server said anything after it had ended its side, which is never right.
    public private(set) var spokeAfterEnd = false
    /// How many octets the transport takes before it is full; `nil` for any number. Raise it, then call `resume`.
    public var room: Int?

    /// A client connects. Throws what the service's `makeHandler` threw.
    public init(
        _ service: Service, peer: Endpoint = .tcp(host: "192.0.2.1", port: 49152),
        local: Endpoint = .tcp(host: "192.0.2.25", port: 25), clock: VirtualClock = VirtualClock(),
        room: Int? = nil
    ) throws {
        let box = AnswerBox()
        answers = box
        self.clock = clock
        self.room = room
        served = try ServedConnection(service, peer: peer, local: local, at: clock.now) { box.put($0) }
        drain()
    }

    /// The time it is here.
    public var now: Instant { clock.now }
    /// The deadline that falls next, and why.
    public var nextDeadline: (deadline: Deadline, instant: Instant)? { served.nextDeadline }

    // MARK: What happens to the server

    /// These octets arrive, in one piece.
    public func receive(_ octets: [UInt8]) {
        guard !octets.isEmpty else { return }
        incoming.append(octets)
        drain()
    }

    /// The octets of this text arrive, in one piece; lines end with `\r\n`.
    public func receive(_ text: String) { receive(Array(text.utf8)) }

    /// The client ends its side; what it sent before is still read.
    public func receiveEnd() {
        hasEnded = true
        drain()
    }

    /// The transport fails: the client is gone.
    public func fail() {
        incoming = []
        served.fail(at: now)
        drain()
    }

    /// The server is told to end politely.
    public func shutDown() {
        served.shutDown(at: now)
        drain()
    }

    /// Time passes, and each deadline on the way falls when it is due.
    public func advance(by duration: Duration) {
        let target = now.advanced(by: duration)
        while let next = waitsUntil, next <= target, !isClosed {
            clock.advance(to: next)
            served.advance(to: now)
            drain()
            if waitsUntil == next { break }
        }
        clock.advance(to: target)
        served.advance(to: now)
        drain()
    }

    /// Goes on after `room` was raised.
    public func resume() { drain() }

    /// Passes on the late answers that have come; false if there was none.
    @discardableResult
    public func deliverAnswers() -> Bool {
        let arrived = answers.take()
        for answer in arrived {
            served.receive(answer, at: now)
            drain()
        }
        return !arrived.isEmpty
    }

    /// Blocks until a late answer comes from another thread, and passes it on; false if none came in time.
    @available(*, noasync, message: "use the async form: tasks need the threads that this would block")
    public func waitForAnswer(timeout: Duration = .seconds(5)) -> Bool {
        answers.wait(until: MonotonicClock.now().advanced(by: timeout))
        return deliverAnswers()
    }

    /// Suspends until a late answer comes, and passes it on; false if the task was cancelled first.
    public nonisolated(nonsending) func waitForAnswer() async -> Bool {
        await answers.wait()
        return deliverAnswers()
    }

    // MARK: What the server said

    /// What the server said since the last call.
    public func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    /// What the server said since the last call, as text.
    public func takeText() -> String { String(decoding: takeOutput(), as: UTF8.self) }

    // MARK: The drain

    /// Does what the connection asks for until it waits or is closed.
    private func drain() {
        while !isClosed {
            switch served.next() {
            case .send:
                write()
            case .finishSending:
                hasFinishedSending = true
            case .close:
                isClosed = true
                hasFinishedSending = true
                waitsUntil = nil
                wantsInput = false
            case .wait(let until, let input, let output):
                waitsUntil = until
                wantsInput = input
                guard bringMore(input: input, output: output) else { return }
            }
        }
    }

    /// Brings what the connection waits for, if it is there.
    private func bringMore(input: Bool, output: Bool) -> Bool {
        if output, room != 0 {
            write()
            return true
        }
        guard input else { return false }
        if let octets = incoming.popFirst() {
            served.receive(octets.span, at: now)
            return true
        }
        guard hasEnded, !hasToldEnd else { return false }
        hasToldEnd = true
        served.receiveEnd(at: now)
        return true
    }

    private func write() {
        let taken = served.withOutput { octets in
            octets.extracting(0..<min(room ?? octets.count, octets.count)).copied
        }
        spokeAfterEnd = spokeAfterEnd || (hasFinishedSending && !taken.isEmpty)
        output += taken
        room = room.map { $0 - taken.count }
        served.sent(taken.count, at: now)
    }
}

/// Where late answers wait for their connection.
private final class AnswerBox: Sendable {
    private let arrived = Condition()
    private nonisolated(unsafe) var answers: [LateAnswer] = []
    private nonisolated(unsafe) var waiting: CheckedContinuation<Void, Never>?

    func put(_ answer: LateAnswer) {
        arrived.withLock { unsafe answers.append(answer) }
        arrived.broadcast()
        wake()
    }

    func take() -> [LateAnswer] {
        arrived.withLock {
            defer { unsafe answers = [] }
            return unsafe answers
        }
    }

    func wait(until deadline: Instant) {
        arrived.withLock {
            while unsafe answers.isEmpty, arrived.wait(until: deadline) {}
        }
    }

    nonisolated(nonsending) func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = arrived.withLock {
                    guard unsafe answers.isEmpty, !Task.isCancelled else { return false }
                    unsafe waiting = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            wake()
        }
    }

    private func wake() {
        let continuation = arrived.withLock {
            defer { unsafe waiting = nil }
            return unsafe waiting
        }
        continuation?.resume()
    }
}
