import Glibc
package import SMTPConnection

/// A mutual exclusion lock over `pthread_mutex_t`, which thread sanitizers understand.
@safe
package final class PosixLock: @unchecked Sendable {
    fileprivate let mutex: UnsafeMutablePointer<pthread_mutex_t>

    /// An unlocked lock.
    package init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        let failure = unsafe pthread_mutex_init(mutex, nil)
        precondition(failure == 0, "pthread_mutex_init failed with \(failure)")
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` while no other thread holds the lock; not recursive.
    package func withLock<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        let failure = unsafe pthread_mutex_lock(mutex)
        precondition(failure == 0, "pthread_mutex_lock failed with \(failure)")
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body()
    }
}

/// A condition variable on the monotonic clock, with the lock that guards what is waited for.
@safe
package final class Condition: @unchecked Sendable {
    /// The lock that guards what is waited for.
    package let lock: PosixLock
    private let variable: UnsafeMutablePointer<pthread_cond_t>

    /// Several conditions may share one lock.
    package init(_ lock: PosixLock = PosixLock()) {
        self.lock = lock
        unsafe variable = .allocate(capacity: 1)
        unsafe variable.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        let failure = unsafe pthread_cond_init(variable, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
        precondition(failure == 0, "pthread_cond_init failed with \(failure)")
    }

    deinit {
        unsafe pthread_cond_destroy(variable)
        unsafe variable.deallocate()
    }

    /// Runs `body` while no other thread holds the lock.
    package func withLock<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R { try lock.withLock(body) }

    /// Gives the lock up until a signal or `deadline`; false once the deadline has passed.
    ///
    /// Only inside `withLock`, and in a loop that tests what is waited for: a wait may end without a signal.
    @discardableResult
    package func wait(until deadline: Instant?) -> Bool {
        guard let deadline else {
            unsafe pthread_cond_wait(variable, lock.mutex)
            return true
        }
        let nanoseconds = max(deadline.nanoseconds, 0)
        var time = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        return unsafe pthread_cond_timedwait(variable, lock.mutex, &time) != ETIMEDOUT
    }

    /// Wakes one waiting thread.
    package func signal() { unsafe pthread_cond_signal(variable) }

    /// Wakes all waiting threads.
    package func broadcast() { unsafe pthread_cond_broadcast(variable) }
}
