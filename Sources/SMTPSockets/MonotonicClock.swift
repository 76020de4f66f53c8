import Glibc
public import SMTPConnection

/// The clock that every adapter reads: it never goes back and does not know the date.
public enum MonotonicClock {
    /// The reading of this moment.
    public static func now() -> Instant {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
