import SMTPConnection
package import SMTPSockets

/// Threads that take work. Who is done stays a moment for more: a new thread costs as much as a short dialogue.
///
/// Work is given by one thread at a time, and done at once: there is always a thread for it.
package final class Crew: @unchecked Sendable {
    /// What a thread does, with a buffer of its own that is of no use to anybody else until it returns.
    package typealias Work = @Sendable (ReadBuffer) -> Void

    private static let stay = Duration.seconds(1)
    private static let mostIdle = 64
    /// For handlers too.
    private static let stackSize = 256 << 10
    private static let bufferSize = 64 << 10

    private let condition = Condition()
    private var queue: [Work] = []
    private var idleCount = 0
    private var isDismissed = false

    /// No threads yet.
    package init() {}

    /// How many threads wait for work.
    package var idle: Int { condition.withLock { idleCount } }

    /// Whether there is a thread that will do it.
    package func take(_ work: @escaping Work) -> Bool {
        let isEnough = condition.withLock {
            isDismissed = false
            queue.append(work)
            return idleCount >= queue.count
        }
        if isEnough {
            // After the lock is given up, so that who is woken need not wait for it.
            condition.signal()
            return true
        }
        if startThread(stackSize: Self.stackSize, serve) == 0 { return true }
        // If it is still there, it is what was put last.
        return condition.withLock { queue.popLast() == nil }
    }

    /// Lets those go who have nothing to do, now and until there is work again.
    package func dismiss() {
        condition.withLock {
            isDismissed = true
            condition.broadcast()
        }
    }

    private func serve() {
        let buffer = ReadBuffer(capacity: Self.bufferSize)
        while let work = next() { work(buffer) }
    }

    /// The next piece of work; nil if none comes for a while.
    private func next() -> Work? {
        condition.withLock {
            if queue.isEmpty, idleCount < Self.mostIdle {
                let end = MonotonicClock.now().advanced(by: Self.stay)
                idleCount += 1
                while queue.isEmpty, !isDismissed, condition.wait(until: end) {}
                idleCount -= 1
            }
            return queue.isEmpty ? nil : queue.removeFirst()
        }
    }
}
