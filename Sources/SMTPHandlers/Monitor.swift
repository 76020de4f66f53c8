import Glibc

/// State that threads share: one at a time works on it, and others may wait for it to change.
///
/// Built on a `pthread` mutex, which the thread sanitizer understands.
@safe
final class Monitor<State>: @unchecked Sendable {
    private var state: State
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init(_ state: sending State) {
        self.state = state
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        // Waiting is by the monotonic clock: setting the wall clock moves no deadline.
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Works on the state; no other thread does meanwhile.
    func withState<R>(_ body: (inout State) throws -> R) rethrows -> R {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Wakes everybody who waits.
    func announceChange() { unsafe pthread_cond_broadcast(condition) }

    /// Blocks while `unchanged` holds; false if the deadline, in monotonic time, came first.
    func wait(until deadline: timespec, while unchanged: (State) -> Bool) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        var deadline = deadline
        while unchanged(state) {
            let result = unsafe pthread_cond_timedwait(condition, mutex, &deadline)
            if result == ETIMEDOUT { return !unchanged(state) }
        }
        return true
    }

    /// The monotonic time at which `timeout` will be over; in the past if it is negative.
    static func deadline(after timeout: Duration) -> timespec {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        // Seventy years are far enough and cannot overflow.
        let wait = max(.zero, min(timeout, .seconds(Int64.max / 4_000_000_000))).components
        let carried = Int64(time.tv_nsec) + wait.attoseconds / 1_000_000_000
        time.tv_sec += Int(wait.seconds + carried / 1_000_000_000)
        time.tv_nsec = Int(carried % 1_000_000_000)
        return time
    }
}
