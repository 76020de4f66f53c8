import Dispatch
import SMTPConnection
import SMTPServer
import SMTPSockets

/// A serial queue as a loop: everything happens in its blocks, one after another.
///
/// Whoever acts holds the gate. So a thread may act in the queue's stead while that is suspended.
final class DispatchLoop: EventLoop, @unchecked Sendable {
    /// How long a caller's queue may take to answer before it counts as suspended.
    private static let patience = DispatchTimeInterval.milliseconds(200)

    unowned var client: ReadinessLoop?
    let queue: DispatchQueue
    private let isOwned: Bool
    private let mark = DispatchSpecificKey<Bool>()
    private let gate = PosixLock()
    private let condition = Condition()
    private var isHalted = true
    private var isEnded = false
    private var timer: (any DispatchSourceTimer)?
    /// Left by each source once its cancel handler has run.
    let sources = DispatchGroup()
    /// Whether a thread acts in the stead of a queue that is suspended.
    private(set) var isTakenOver = false

    /// Dispatch takes the descriptor of all its timers when the first is set, and gives the process up if there is none.
    private static let hasTimerDescriptor: Bool = {
        let rung = DispatchSemaphore(value: 0)
        let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.setEventHandler { rung.signal() }
        timer.schedule(deadline: .now() + .milliseconds(1))
        timer.activate()
        rung.wait()
        return true
    }()

    /// On a queue of its own, which is suspended unless a thread is in `run`.
    init() {
        _ = Self.hasTimerDescriptor
        isOwned = true
        queue = DispatchQueue(label: "smtp")
        queue.setSpecific(key: mark, value: true)
        queue.suspend()
    }

    /// On `target`, but never two blocks at a time.
    init(on target: DispatchQueue) {
        _ = Self.hasTimerDescriptor
        isOwned = false
        queue = DispatchQueue(label: "smtp", target: target)
        queue.setSpecific(key: mark, value: true)
    }

    /// Lets `body` act as the loop.
    func act(_ body: () -> Void) {
        gate.withLock { if !isEnded { body() } }
    }

    func watch(_ descriptor: Int32, for watched: any Watched) -> (any Watch)? {
        DispatchWatch(descriptor, watched, self)
    }

    func setTimer(_ instant: Instant) {
        let timer = timer ?? makeTimer()
        let left = max(MonotonicClock.now().duration(to: instant), .zero)
        let nanoseconds = min(left / .nanoseconds(1), Double(Int32.max) * 1e9)
        timer.schedule(deadline: .now() + .nanoseconds(Int(nanoseconds)), leeway: .milliseconds(1))
    }

    private func makeTimer() -> any DispatchSourceTimer {
        let made = DispatchSource.makeTimerSource(queue: queue)
        made.setEventHandler { [unowned self] in act { client?.timePassed() } }
        sources.enter()
        made.setCancelHandler { [sources] in sources.leave() }
        made.activate()
        timer = made
        return made
    }

    func wake() { queue.async { self.act { self.client?.woken() } } }

    func run() {
        condition.withLock {
            isHalted = false
            if isOwned { queue.resume() }
            while !isHalted { condition.wait(until: nil) }
        }
        // Until the block that halted has ended.
        gate.withLock {}
    }

    func halt() {
        condition.withLock {
            guard !isHalted else { return }
            isHalted = true
            if isOwned { queue.suspend() }
            condition.broadcast()
        }
    }

    func whileNobodyActs(_ body: () -> Void) {
        if DispatchQueue.getSpecific(key: mark) == true { body() } else { gate.withLock(body) }
    }

    /// For what the queue does of itself, also after the end: a thread that has taken over may be acting.
    func afterActing(_ body: () -> Void) { gate.withLock(body) }

    func takeOver(_ body: () -> Void) -> Bool {
        guard DispatchQueue.getSpecific(key: mark) != true else { return false }
        let isRunning = DispatchSemaphore(value: 0)
        queue.async { isRunning.signal() }
        guard isRunning.wait(timeout: .now() + Self.patience) == .timedOut else { return false }
        gate.withLock {
            guard !isEnded else { return }
            isTakenOver = true
            body()
        }
        return true
    }

    func end() {
        isEnded = true
        timer?.cancel()
        guard isOwned else { return }
        // A suspended queue may not be released, and cancel handlers do not run on it.
        queue.resume()
        sources.wait()
    }
}
