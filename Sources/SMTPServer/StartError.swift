public import SMTPConnection
public import SMTPSockets

/// Why `start` did not. Whatever it was, everything has been given back.
public enum StartError: Error, Sendable, CustomStringConvertible {
    /// The controller is running, or on its way there or back.
    case alreadyRunning
    /// The runtime's loop is the caller's: `start` has no thread for it.
    case callersLoop
    /// The address means nothing here.
    case unresolved(Endpoint, ResolveError)
    /// The address cannot be listened on; told at once, not after the timeout.
    case bindFailed(SocketError)
    /// No thread could be had for the loop.
    case noThread(errno: Int32)
    /// It took too long; at which stage.
    case timedOut(Stage)
    /// What the service's `makeHandler` threw: that very error.
    case handler(any Error)
    /// The server answered itself with something else than a greeting.
    case probe(ProbeError)

    /// How far a start had come.
    public enum Stage: Hashable, Sendable {
        /// Bound, but the loop did not begin.
        case listening
        /// The loop runs, but no greeting came.
        case greeting
    }

    /// What happened, and what to do about it.
    public var description: String {
        switch self {
        case .alreadyRunning: "the server is already running (stop it first)"
        case .callersLoop: "the loop is the caller's (use begin and end, and run it)"
        case .unresolved(_, let error): "\(error)"
        case .bindFailed(let error): "\(error)"
        case .noThread(let errno):
            "\(SocketError(call: "start a thread", errno: errno)) (end some threads, or raise the limit)"
        case .timedOut(.listening):
            "the server failed to start within the allotted time: its loop did not begin (raise readyTimeout)"
        case .timedOut(.greeting):
            "the server started, but is not responding: no greeting within the allotted time "
                + "(make the handler faster, or raise readyTimeout)"
        case .handler(let error): "no handler can be made: \(error) (see the service's makeHandler)"
        case .probe(let error): "the server started, but its own connection failed: \(error)"
        }
    }
}

/// Why `stop` did not.
public enum StopError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is nothing to stop.
    case notRunning

    /// What happened, and what to do about it.
    public var description: String { "the server is not running (say ifRunning: true if that is fine)" }
}

/// What the probe met instead of a greeting.
public enum ProbeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The connection could not be made, or broke.
    case unreachable(SocketError)
    /// The server refused the probe; the reply line as it came.
    case refused(String)
    /// The server closed the connection without a greeting.
    case closed
    /// Something came that is no SMTP greeting.
    case malformed

    /// What happened, and what to do about it.
    public var description: String {
        switch self {
        case .unreachable(let error): "\(error)"
        case .refused(let line): "it was refused with '\(line)' (let the handler accept this machine)"
        case .closed: "it was closed without a greeting (see what the handler does when a client connects)"
        case .malformed: "it got something that is no greeting (is another protocol spoken there?)"
        }
    }
}
