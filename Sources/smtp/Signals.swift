import Glibc

/// The signals that end the server. They are waited for, never caught: no code runs in a signal's context.
enum Signals {
    /// Keeps SIGTERM and SIGINT for `wait`, in this thread and all that it starts; ignores SIGPIPE.
    static func hold() {
        var set = ending()
        _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// Waits for the next SIGTERM or SIGINT and gives its name.
    static func wait() -> String {
        var set = ending()
        var number: Int32 = 0
        while unsafe sigwait(&set, &number) != 0 {}
        return number == SIGINT ? "SIGINT" : "SIGTERM"
    }

    /// Asks this process to end as SIGTERM would.
    static func requestEnd() { kill(getpid(), SIGTERM) }

    private static func ending() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGTERM)
        unsafe sigaddset(&set, SIGINT)
        return set
    }
}

/// Raises the limit of open files as far as this process may.
func raiseDescriptorLimit() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
