import Glibc
import SMTPConnection
import SMTPServer
import SMTPSockets
import Testing

/// What happens when the process has no more descriptors.
@Suite struct ExhaustionTests {
    @Test func `accepting rests, does not spin, tells once, and goes on`() async {
        // In a process of its own: the limit is the process's.
        await #expect(processExitsWith: .success) {
            for backend in backends {
                var service = service()
                let events = observing(&service)
                try serving(backend, service) { endpoint, _ in
                    let witness = try Client(endpoint)
                    #expect(try witness.reply().hasPrefix("220 "))
                    for _ in 1...2 {
                        var fillers = exhaustDescriptors()
                        var served: [Client] = []
                        let refusal = try refusedForWantOfDescriptors(endpoint, &fillers, &served)
                        let failures = events.value.acceptFailures
                        #expect(refusal.waited >= .milliseconds(80), "\(refusal)")
                        #expect(refusal.used < refusal.waited / 2, "\(refusal)")
                        // While it lasts, who comes later is closed at once.
                        let another = try Client(endpoint)
                        #expect(try another.isAtEnd())
                        another.connection.close()
                        #expect(failures.last == EMFILE && events.value.acceptFailures == failures)
                        #expect(try witness.ask("NOOP").hasPrefix("250 "))
                        for filler in fillers { Descriptor.close(filler) }
                        #expect(try Client(endpoint).reply().hasPrefix("220 "))
                    }
                }
            }
        }
    }
}

/// How long a client waited that could not be accepted, and what the process used of the processor meanwhile.
///
/// The client gets the last descriptor, so that the server has none. One that is served all the same got what a
/// connection before it gave back just now, and stays.
func refusedForWantOfDescriptors(
    _ endpoint: Endpoint, _ fillers: inout [Int32], _ served: inout [Client]
) throws -> (waited: Duration, used: Duration) {
    while let last = fillers.popLast() {
        Descriptor.close(last)
        let (start, used) = (MonotonicClock.now(), processorTime())
        let client = try Client(endpoint)
        if try client.isAtEnd() {
            return (start.duration(to: MonotonicClock.now()), processorTime() - used)
        }
        served.append(client)
    }
    throw Trouble(text: "everybody is served")
}

/// Takes all descriptors that are left, after lowering the limit.
func exhaustDescriptors() -> [Int32] {
    var limit = rlimit(rlim_cur: 128, rlim_max: 128)
    unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = 128
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    var taken: [Int32] = []
    while true {
        let descriptor = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return taken }
        taken.append(descriptor)
    }
}

/// What the process has used of the processors.
func processorTime() -> Duration {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

/// How many descriptors the process has.
func openDescriptors() -> Int {
    (0..<Int32(4096)).count { fcntl($0, F_GETFD) >= 0 }
}
