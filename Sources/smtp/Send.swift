import ArgumentParser

/// `smtp send`: the options as they were written. `SendSettings` reads them.
struct Send: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send messages to a mail server.",
        discussion: """
            Each FILE is a message as it is, header section and all; without one, or for -, the message is read from \
            standard input. Lines may end in LF. SERVER is smtp://HOST:PORT, lmtp://HOST:PORT, HOST:PORT or unix:PATH.

            Exit status: 0 if all recipients got all messages, 75 if some did not but may next time, 69 if some were \
            refused for good, 66 if a file cannot be read, 2 if the command line is wrong.
            """)

    @Option(help: help("Send to this server.", "server"))
    var server = "smtp://localhost:8025"
    @Flag(help: "Speak LMTP, whatever SERVER says.")
    var lmtp = false
    @Option(help: help("Who sends; '<>' for nobody.", "address"))
    var from: String
    @Option(help: help("Who is to get it; may be repeated.", "address"))
    var to: [String] = []
    @Option(help: help("What to call ourselves. (default: the address of the socket)", "name"))
    var hostname: String?
    @Flag(inversion: .prefixedNo, help: "Use PIPELINING where it is offered.")
    var pipeline = true
    @Option(help: help("How long to wait for each reply. (default: as RFC 5321 has it)", "seconds"))
    var timeout: String?
    @Option(help: help("TLS: none; it is not built yet.", "policy"), completion: .list(["none"]))
    var tls = "none"
    @Flag(help: "Show the conversation on standard error; content and secrets are left out.")
    var trace = false
    @Flag(help: "Say nothing of what went well.")
    var quiet = false
    @Argument(help: help("Messages.", "FILE"), completion: .file())
    var files: [String] = []

    func run() throws { try send(SendSettings(self)) }
}

/// An option's help with the name of its value.
private func help(_ text: String, _ valueName: String) -> ArgumentHelp {
    ArgumentHelp(text, valueName: valueName)
}
