import Glibc
import SMTPServer
import SMTPSockets

/// Does the same for each of many things, on all processors.
enum Parallel {
    /// What `body` makes of 0, 1, … up to `count`, in this order.
    static func map<Result: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> Result) -> [Result] {
        let work = Work<Result>(count)
        let processors = max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)
        // The calling thread is one of them.
        for _ in 1..<max(min(processors, count), 1) where startThread({ work.help(body) }) != 0 { break }
        work.help(body)
        return work.finished()
    }

    /// What is to do, and what has been done.
    private final class Work<Result: Sendable>: Sendable {
        private let changed = Condition()
        private nonisolated(unsafe) var next = 0
        private nonisolated(unsafe) var results: [Result?]
        private nonisolated(unsafe) var open: Int

        init(_ count: Int) {
            unsafe results = Array(repeating: nil, count: count)
            unsafe open = count
        }

        private func take() -> Int? {
            changed.withLock {
                guard unsafe next < results.count else { return nil }
                defer { unsafe next += 1 }
                return unsafe next
            }
        }

        func help(_ body: (Int) -> Result) {
            while let index = take() {
                let result = body(index)
                changed.withLock {
                    unsafe results[index] = result
                    unsafe open -= 1
                }
                changed.broadcast()
            }
        }

        func finished() -> [Result] {
            changed.withLock {
                while unsafe open > 0 { changed.wait(until: nil) }
                return unsafe results.compactMap { $0 }
            }
        }
    }
}
