import Glibc

/// A thread for work that would hold others up. It begins with the first work, does one thing at a time in order, and
/// ends with its owner.
final class Worker: Sendable {
    private let queue: Monitor<Queue>
    private let limit: Int

    private struct Queue {
        var works: [@Sendable () -> Void] = []
        var hasThread = false
        var hasEnded = false
    }

    /// `limit` is how much may wait.
    init(queue limit: Int) {
        self.limit = limit
        queue = Monitor(Queue())
    }

    deinit {
        queue.withState { $0.hasEnded = true }
        queue.announceChange()
    }

    /// Will do `work`; false if there is too much to do already, or no thread to do it.
    func take(_ work: @escaping @Sendable () -> Void) -> Bool {
        let isTaken = queue.withState { queue in
            guard queue.works.count < limit else { return false }
            if !queue.hasThread { queue.hasThread = start() }
            guard queue.hasThread else { return false }
            queue.works.append(work)
            return true
        }
        if isTaken { queue.announceChange() }
        return isTaken
    }

    private func start() -> Bool {
        let body = unsafe Unmanaged.passRetained(Body(queue))
        var thread = pthread_t()
        let failure = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        guard failure == 0 else {
            unsafe body.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// What the thread does; it knows the queue and not the worker, which may go before it.
    private final class Body {
        private let queue: Monitor<Queue>

        init(_ queue: Monitor<Queue>) { self.queue = queue }

        func run() {
            while true {
                _ = queue.wait(until: Monitor<Queue>.deadline(after: .seconds(3600))) {
                    $0.works.isEmpty && !$0.hasEnded
                }
                let (work, hasEnded) = queue.withState { queue in
                    (queue.works.isEmpty ? nil : queue.works.removeFirst(), queue.hasEnded)
                }
                if let work { work() } else if hasEnded { return }
            }
        }
    }
}
