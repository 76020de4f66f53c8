import Glibc

/// What this thread has used of the processor, in nanoseconds; what else the machine does is not in it.
func processorTime() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// The least that `body` took of a few runs.
func leastTime(_ body: () throws -> Void) rethrows -> Int {
    var least = Int.max
    for _ in 0..<3 {
        let start = processorTime()
        try body()
        least = min(least, processorTime() - start)
    }
    return least
}
