import SMTPConnection

/// How the player reaches the server: in memory, or over a socket.
protocol Link: AnyObject {
    /// Sends the pieces one after the other. That the server does not take them is no failure: what it says decides.
    func send(_ pieces: [ArraySlice<UInt8>])
    /// Ends the client's side.
    func closeSending()
    /// Ends the connection without a goodbye.
    func reset()
    /// What the server said; waits for it as long as `patience` allows.
    func receive(_ patience: Patience) -> Received
    /// Lets time pass.
    func wait(_ duration: Duration)
    /// The server begins to shut down; false if it cannot be told to.
    func shutDown() -> Bool
    /// Carries late answers to the server.
    func deliverAnswers()
    /// Until when to wait for the host program; nil if it never needs waiting for.
    var hostDeadline: Instant? { get }
    /// Whether silence proves anything, in a case in which time passes.
    var provesSilence: Bool { get }
}

/// How long to wait for the server.
enum Patience {
    /// Until it is certain that nothing comes.
    case long
    /// Long enough to notice what should not come.
    case short
    /// Not at all.
    case none
}

/// What came of waiting.
enum Received {
    case octets([UInt8])
    case nothing
    case end
}
