import ArgumentParser

/// `smtp serve`: the options as they were written. `ServeSettings` reads them.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Receive mail, and print it, store it or drop it.",
        discussion: """
            ADDRESS is HOST:PORT, :PORT for all interfaces, [IPV6]:PORT, unix:PATH, or fd:N for a socket that was \
            inherited under this number or name. Sizes are in octets and take k, M or G; none takes a limit off.

            It says 'listening on ADDRESS' on standard error once it serves. SIGTERM or SIGINT ends it after the \
            connections have come to an end or the grace is over; a second signal cuts them at once.
            """)

    @Option(
        help: help(
            "Listen here; may be repeated. (default: sockets passed by LISTEN_FDS, else port 8025 of loopback)",
            "address"))
    var listen: [String] = []
    @Option(
        help: help("What carries the connections: libuv, dispatch or threads.", "name"),
        completion: .list(RuntimeChoice.names))
    var runtime = "libuv"
    @Option(help: help("On how many loops libuv and dispatch do. (default: one for each processor)", "n"))
    var loops: String?
    @Option(help: help("The server's own name. (default: this machine's)", "name"))
    var hostname: String?
    @Option(help: help("The text after the name in the greeting.", "text"))
    var banner: String?

    @OptionGroup(title: "AUTH") var auth: AuthOptions

    @Flag(help: "Print each message on standard output; the default without --maildir and --discard.")
    var print = false
    @Option(help: help("Store each message in this maildir, made if missing.", "dir"), completion: .directory)
    var maildir: String?
    @Flag(help: "Accept each message and drop it.")
    var discard = false

    @Option(
        help: help("Limits and timeouts: mx, lmtp, strict, stress or lab.", "profile"),
        completion: .list(ServeSettings.profileNames))
    var profile = "mx"
    @Option(help: help("The largest message, at least 64k; none for no limit. (default: 35M)", "bytes"))
    var maxSize: String?
    @Option(help: help("The most recipients of a message, at least 100. (default: the profile's)", "n"))
    var maxRecipients: String?
    @Option(help: help("The most connections at a time. (default: 1000)", "n"))
    var maxConnections: String?
    @Option(
        help: help(
            "The most from one peer, loopback excepted; none for no limit. (default: the profile's)", "n"))
    var maxConnectionsPerPeer: String?
    @Option(
        help: help("How long to wait for a command or for content. (default: the profile's)", "seconds"))
    var idleTimeout: String?
    @Option(
        help: help("Do not offer this service extension, such as SMTPUTF8; may be repeated.", "extension"),
        completion: .list(ServeSettings.extensionNames))
    var without: [String] = []
    @Flag(help: "Accept addresses that the standard does not allow but some clients send.")
    var lenientAddresses = false
    @Flag(help: "Accept command lines that end in LF alone, for typing by hand.")
    var lenientLines = false
    @Option(
        help: help("What to do with CR or LF alone in a message: reject, normalize or preserve.", "policy"),
        completion: .list(["reject", "normalize", "preserve"]))
    var bareNewlines = "reject"

    @Option(help: help("Become this user once the addresses are bound.", "name"))
    var user: String?
    @Option(help: help("How long connections may take to end after a signal.", "seconds"))
    var grace = "5"
    @Option(
        help: help("The least severe events to log on standard error: trace to critical.", "level"),
        completion: .list(ServeSettings.logLevelNames))
    var logLevel = "notice"
    @Option(help: help("One line per event: text or json.", "format"), completion: .list(["text", "json"]))
    var logFormat = "text"

    func run() throws { try serve(ServeSettings(self)) }
}

/// An option's help with the name of its value.
private func help(_ text: String, _ valueName: String) -> ArgumentHelp {
    ArgumentHelp(text, valueName: valueName)
}
