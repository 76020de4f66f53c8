import ArgumentParser
import Glibc
import SMTPConnection
import SMTPSockets
import SpecRunner

/// `smtp check`: the options as they were written. `CheckSettings` reads them.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Hold a mail server against transcripts.",
        discussion: """
            FILE is a page of transcripts in Markdown. TARGET is core (the protocol alone, cut at every place), \
            libuv, dispatch or threads (this package's server over sockets) or the address of any server: HOST:PORT, [IPV6]:PORT or \
            unix:PATH. 'smtp check HOST:PORT FILE...' is short for --target HOST:PORT.

            On somebody else's server, what the wire cannot show is skipped, and the reason is told. The last line \
            says how many cases passed, failed and were skipped; exit status 1 if one failed.
            """)

    @Option(
        help: ArgumentHelp(
            "What to check: core, libuv, dispatch, threads or an address; may be repeated. (default: core)",
            valueName: "target"),
        completion: .list(["core"] + RuntimeChoice.names))
    var target: [String] = []
    @Option(
        help: ArgumentHelp(
            "What another server is configured to do, such as host=mx.example.org; may be repeated.",
            valueName: "key=value"))
    var given: [String] = []
    @Option(
        help: ArgumentHelp(
            "What to print: dialogue (what failed, as it went), matrix (cases by targets) or coverage.",
            valueName: "report"),
        completion: .list(["matrix", "dialogue", "coverage"]))
    var report = "dialogue"
    @Flag(help: "Compare the texts of another server's replies too, not only their codes.")
    var strict = false
    @Argument(
        help: ArgumentHelp("Pages of transcripts.", valueName: "FILE"), completion: .file(extensions: ["md"]))
    var files: [String]

    func run() throws { try check(CheckSettings(self)) }
}

/// What `smtp check` is to do.
struct CheckSettings {
    /// What is held against the transcripts.
    let targets: [Target]
    /// What the command line vouches for.
    let given: [(key: String, value: String)]
    /// What is printed.
    let report: Report
    /// Whether texts count on a foreign server.
    let isStrict: Bool
    /// The pages' paths.
    let files: [String]

    /// One thing to check.
    enum Target {
        case core
        case adapter(RuntimeChoice)
        case foreign(Endpoint)
    }

    /// The forms of a report.
    enum Report { case matrix, dialogue, coverage }

    /// Reads the options.
    init(_ options: Check) throws(UsageError) {
        report = try OptionValue.choice(
            options.report, "--report",
            [("matrix", .matrix), ("dialogue", .dialogue), ("coverage", .coverage)])
        var targets: [Target] = []
        for text in options.target { targets.append(try Self.target(text)) }
        var files = options.files
        if let first = files.first, unsafe access(first, F_OK) != 0, let endpoint = try? Self.address(first) {
            targets.insert(.foreign(endpoint), at: 0)
            files.removeFirst()
        }
        guard !files.isEmpty else { throw UsageError("FILE is missing; name a page of transcripts") }
        self.targets = targets.isEmpty ? [.core] : targets
        self.files = files
        given = try Self.pairs(options.given)
        isStrict = options.strict
        try refuseWhatIsIdle(options)
    }

    /// An option that would change nothing is a mistake.
    private func refuseWhatIsIdle(_ options: Check) throws(UsageError) {
        if report == .coverage, !options.target.isEmpty {
            throw UsageError(
                "--target", options.target[0], "coverage runs nothing; leave it or --report coverage out")
        }
        let isForeign = targets.contains { if case .foreign = $0 { true } else { false } }
        if !isForeign, let first = options.given.first {
            throw UsageError("--given", first, "vouches for another server; name its address with --target")
        }
        if !isForeign, isStrict {
            throw UsageError("--strict: is for another server; name its address with --target")
        }
    }

    private static func target(_ text: String) throws(UsageError) -> Target {
        if text == "core" { return .core }
        if let choice = RuntimeChoice.all.first(where: { $0.name == text }) { return .adapter(choice) }
        guard let endpoint = try? address(text) else {
            throw UsageError(
                "--target", text,
                "not known; use core, \(RuntimeChoice.names.joined(separator: ", ")) or an address such as HOST:PORT"
            )
        }
        return .foreign(endpoint)
    }

    /// An address that one can connect to.
    private static func address(_ text: String) throws -> Endpoint {
        let endpoint = try Endpoint(parsing: text)
        if case .tcp(let host, let port) = endpoint, host.isEmpty || port == 0 {
            throw EndpointSyntaxError(text: text, problem: port == 0 ? .badPort : .badHost)
        }
        return endpoint
    }

    private static func pairs(_ texts: [String]) throws(UsageError) -> [(key: String, value: String)] {
        var pairs: [(key: String, value: String)] = []
        for text in texts {
            let octets = Array(text.utf8)
            guard let equals = octets.firstIndex(of: UInt8(ascii: "=")), equals > 0 else {
                throw UsageError("--given", text, "not KEY=VALUE; write such as host=mx.example.org")
            }
            let key = String(decoding: octets[..<equals], as: UTF8.self)
            let value = String(decoding: octets[(equals + 1)...], as: UTF8.self)
            do throws(SpecError) {
                // What a case may be given is what can be vouched for.
                _ = try SpecFile.parse(
                    name: text, text: "# T\n## C\n```smtp\ngiven \(key) \(value)\nS: 220\n```\n")
            } catch {
                throw UsageError(
                    "--given", text, "no case is given that; Spec/README.md lists the keys and values")
            }
            pairs.append((key, value))
        }
        return pairs
    }
}
