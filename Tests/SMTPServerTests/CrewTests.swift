import Glibc
import SMTPServer
import SMTPSockets
import Testing

/// Threads that are used again.
@Suite struct CrewTests {
    @Test func `who is done takes the next piece of work`() throws {
        let crew = Crew()
        let threads = Shared<[pthread_t]>([])
        for count in 1...5 {
            #expect(crew.take { _ in threads.update { $0.append(pthread_self()) } })
            try threads.wait("work \(count)") { $0.count == count }
            try settle(crew, idle: 1)
        }
        #expect(Set(threads.value).count == 1)
        crew.dismiss()
        try settle(crew, idle: 0)
        #expect(crew.take { _ in threads.update { $0.append(pthread_self()) } })
        try threads.wait("work after the dismissal") { $0.count == 6 }
        try settle(crew, idle: 1)
    }

    @Test func `work never waits for other work`() throws {
        let crew = Crew()
        for round in 1...3 {
            let arrived = Shared(0)
            let left = Shared(0)
            for _ in 0..<20 {
                let isTaken = crew.take { _ in
                    arrived.update { $0 += 1 }
                    try? arrived.wait { $0 == 20 }
                    left.update { $0 += 1 }
                }
                #expect(isTaken)
            }
            try left.wait("round \(round)") { $0 == 20 }
            #expect(arrived.value == 20)
        }
    }

    private func settle(_ crew: Crew, idle: Int) throws {
        let deadline = patience()
        while crew.idle != idle {
            guard MonotonicClock.now() < deadline else { throw Overdue(what: "\(idle) idle threads") }
            sched_yield()
        }
    }
}
