import SMTPConnection
import SMTPSockets
import Testing

@Suite struct LockTests {
    @Test func onlyOneThreadAtATime() {
        let lock = PosixLock()
        nonisolated(unsafe) var count = 0
        let threads = (0..<4).map { _ in
            TestThread { for _ in 0..<2_000 { lock.withLock { unsafe count += 1 } } }
        }
        for thread in threads { thread.join() }
        #expect(unsafe count == 8_000)
    }

    @Test func errorsPassThroughAndUnlock() {
        let lock = PosixLock()
        #expect(throws: SocketError(call: "x", errno: 1)) {
            try lock.withLock { () throws(SocketError) in throw SocketError(call: "x", errno: 1) }
        }
        #expect(lock.withLock { 7 } == 7)
    }

    @Test func aWaitEndsAtTheDeadline() {
        let condition = Condition()
        let deadline = MonotonicClock.now().advanced(by: .milliseconds(20))
        condition.withLock { while condition.wait(until: deadline) {} }
        #expect(MonotonicClock.now() >= deadline)
        let past = condition.withLock { condition.wait(until: Instant(nanoseconds: -1)) }
        #expect(!past)
    }

    @Test(arguments: [nil, Instant(nanoseconds: .max)]) func turnsAreTaken(_ deadline: Instant?) {
        let condition = Condition()
        nonisolated(unsafe) var turn = 0
        let threads = (0..<2).map { mine in
            TestThread {
                for _ in 0..<200 {
                    condition.withLock {
                        while unsafe turn % 2 != mine { condition.wait(until: deadline) }
                        unsafe turn += 1
                        condition.signal()
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(unsafe turn == 400)
    }

    @Test func broadcastWakesAll() {
        let lock = PosixLock()
        let gate = Condition(lock)
        let arrived = Condition(lock)
        nonisolated(unsafe) var waiting = 0
        nonisolated(unsafe) var isOpen = false
        let threads = (0..<4).map { _ in
            TestThread {
                lock.withLock {
                    unsafe waiting += 1
                    arrived.signal()
                    while unsafe !isOpen { gate.wait(until: nil) }
                }
            }
        }
        lock.withLock {
            while unsafe waiting < 4 { arrived.wait(until: nil) }
            unsafe isOpen = true
            gate.broadcast()
        }
        for thread in threads { thread.join() }
        #expect(unsafe waiting == 4)
    }
}
