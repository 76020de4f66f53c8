import Logging
import SMTPConnection
import SMTPProtocol
import SMTPServer
import SMTPSockets

/// What `smtp serve` is to do, as far as that can be told before anything is bound.
struct ServeSettings: Sendable {
    /// Where to listen.
    let endpoints: [Endpoint]
    /// The descriptors of sockets that listen already.
    let inherited: [Int32]
    /// What carries the connections.
    let runtime: RuntimeChoice
    /// On how many loops; nil for one each processor.
    let loops: Int?
    /// How connections behave.
    let connection: ServerConnection.Configuration
    /// Who may authenticate, and how.
    let auth: AuthPlan
    /// How many there may be.
    let connectionLimits: ConnectionLimits
    /// What becomes of messages.
    let destination: Destination
    /// Whom to become after binding.
    let account: Account?
    /// How long a drain may take.
    let grace: Duration
    /// The least severe events that are logged.
    let logLevel: Logger.Level
    /// How they are written.
    let logFormat: LineLogHandler.Format

    /// Reads the options; throws `UsageError`, or `Failure` if this machine stands in the way.
    init(_ options: Serve) throws {
        runtime = try OptionValue.choice(
            options.runtime, "--runtime", RuntimeChoice.all.map { ($0.name, $0) })
        loops = try options.loops.map { try OptionValue.count($0, "--loops", atLeast: 1) }
        if let loops = options.loops, !runtime.hasLoops {
            throw UsageError("--loops", loops, "threads need no loops; leave it out")
        }
        let profile = try OptionValue.choice(
            options.profile, "--profile", Self.profiles, unavailable: Self.laterProfiles)
        logLevel = try OptionValue.choice(
            options.logLevel, "--log-level", Logger.Level.allCases.map { ($0.rawValue, $0) })
        logFormat = try OptionValue.choice(
            options.logFormat, "--log-format", [("text", .text), ("json", .json)])
        grace = try OptionValue.seconds(options.grace, "--grace", allowsZero: true)
        destination = try Destination(options)
        connectionLimits = try Self.connectionLimits(options, profile)
        auth = try AuthPlan(options.auth)
        var connection = try Self.connection(options, profile)
        connection.session.authentication = auth.policy
        self.connection = connection
        (endpoints, inherited) = try Self.places(options)
        account = try options.user.map { try Account(named: $0) }
    }

    /// What `--profile` chooses.
    struct Profile: Sendable {
        let limits: Limits
        var timeouts = Timeouts()
        var dialect = ServerSession.Dialect.smtp
        var connectionsPerPeer: Int? = 50
    }

    private static let profiles: [(name: String, value: Profile)] = [
        ("mx", Profile(limits: .mx)),
        ("lmtp", Profile(limits: .lmtp, dialect: .lmtp)),
        ("strict", Profile(limits: .strict)),
        ("stress", Profile(limits: .stress, timeouts: .stress, connectionsPerPeer: 10)),
        ("lab", Profile(limits: .lab, connectionsPerPeer: nil)),
    ]
    private static let laterProfiles = [
        ("submission", "it needs TLS and AUTH, which this version does not have; use mx on a trusted network")
    ]

    /// For shell completion.
    static let profileNames = profiles.map(\.name)
    /// For shell completion.
    static let extensionNames = ServiceExtension.standard.map(\.keyword.description)
    /// For shell completion.
    static let logLevelNames = Logger.Level.allCases.map(\.rawValue)

    /// What `--listen` says; without it, what a service manager passed, or the standard place.
    private static func places(_ options: Serve) throws -> ([Endpoint], inherited: [Int32]) {
        let passed: InheritedSockets
        do throws(InheritanceError) {
            passed = try InheritedSockets.take()
        } catch {
            throw UsageError("\(error)")
        }
        guard !options.listen.isEmpty else {
            let descriptors = passed.sockets.map(\.descriptor)
            if !descriptors.isEmpty { return ([], descriptors) }
            return ([.tcp(host: try Loopback.address(), port: Controller.standardPort)], [])
        }
        var endpoints: [Endpoint] = []
        var inherited: [Int32] = []
        for text in options.listen {
            if text.hasPrefix("fd:") {
                inherited += try descriptors(String(text.dropFirst(3)), passed)
                continue
            }
            do throws(EndpointSyntaxError) {
                endpoints.append(try Endpoint(parsing: text))
            } catch {
                throw UsageError("--listen: \(error), or fd:N")
            }
        }
        return (endpoints, inherited)
    }

    /// A number, or the name of sockets that a service manager passed.
    private static func descriptors(_ text: String, _ passed: InheritedSockets) throws(UsageError) -> [Int32]
    {
        if let number = OptionValue.decimal(Array(text.utf8)), let descriptor = Int32(exactly: number) {
            return [descriptor]
        }
        let named = passed.descriptors(named: text)
        guard named.isEmpty else { return named }
        throw UsageError(
            "--listen", "fd:\(text)",
            "no socket of that name was passed; write fd:N, or a name that LISTEN_FDNAMES holds")
    }

    private static func connectionLimits(_ options: Serve, _ profile: Profile) throws(UsageError)
        -> ConnectionLimits
    {
        var limits = ConnectionLimits()
        if let total = options.maxConnections {
            limits.total = try OptionValue.count(total, "--max-connections", atLeast: 1)
        }
        limits.perPeer = profile.connectionsPerPeer
        if let perPeer = options.maxConnectionsPerPeer {
            limits.perPeer = try OptionValue.optionalCount(perPeer, "--max-connections-per-peer")
        }
        return limits
    }

    private static func connection(
        _ options: Serve, _ profile: Profile
    ) throws(UsageError) -> ServerConnection.Configuration {
        var session = ServerSession.Configuration(hostname: try hostname(options))
        session.dialect = profile.dialect
        session.limits = try limits(options, profile)
        session.extensions = try extensions(options)
        if let banner = options.banner { session.banner = try checked(banner: banner, session.hostname) }
        session.addressSyntax = options.lenientAddresses ? .lenient : .strict
        session.acceptsBareLineFeedInCommands = options.lenientLines
        session.bareNewlines = try OptionValue.choice(
            options.bareNewlines, "--bare-newlines",
            [("reject", .reject), ("normalize", .normalize), ("preserve", .preserve)])
        var connection = ServerConnection.Configuration(session)
        connection.timeouts = profile.timeouts
        if let timeout = options.idleTimeout {
            let idle = try OptionValue.seconds(timeout, "--idle-timeout", allowsZero: false)
            connection.timeouts.command = idle
            connection.timeouts.content = idle
        }
        return connection
    }

    private static func limits(_ options: Serve, _ profile: Profile) throws(UsageError) -> Limits {
        var limits = profile.limits
        if let text = options.maxSize {
            limits.messageSize = try OptionValue.size(text, "--max-size")
            if let size = limits.messageSize, size < 64 << 10 {
                let rule = "under the standard's minimum of 64 KiB (RFC 5321 4.5.3.1.7)"
                throw UsageError("--max-size", text, "\(rule); give 64k or more, or none for no limit")
            }
        }
        if let text = options.maxRecipients {
            limits.recipients = try OptionValue.count(
                text, "--max-recipients", atLeast: 100,
                ": the standard's minimum is 100 (RFC 5321 4.5.3.1.8)")
        }
        return limits
    }

    private static func extensions(_ options: Serve) throws(UsageError) -> [ServiceExtension] {
        var extensions = ServiceExtension.standard
        for name in options.without {
            let bytes = Array(name.utf8)
            guard ServiceExtension.standard.contains(where: { $0.keyword.matches(bytes.span) }) else {
                let names = extensionNames.joined(separator: ", ")
                throw UsageError("--without", name, "no such extension is offered; use one of \(names)")
            }
            extensions.removeAll { $0.keyword.matches(bytes.span) }
        }
        return extensions
    }

    private static func hostname(_ options: Serve) throws(UsageError) -> String {
        guard let name = options.hostname else { return MachineName.current }
        do {
            _ = try MailDomain(name)
            return name
        } catch {
            throw UsageError(
                "--hostname", name,
                "neither a domain name nor an address literal; write such as mx.example.org")
        }
    }

    /// A greeting is one line of at most 512 octets of ASCII (RFC 5321 §4.2, §4.5.3.1.5).
    private static func checked(banner: String, _ hostname: String) throws(UsageError) -> String {
        guard banner.utf8.allSatisfy({ $0 >= 32 && $0 < 127 }) else {
            throw UsageError(
                "--banner", banner, "only printable ASCII can be sent; leave other characters out")
        }
        guard "220 \(hostname) \(banner)\r\n".utf8.count <= 512 else {
            throw UsageError("--banner", banner, "the greeting would be longer than 512 octets; shorten it")
        }
        return banner
    }
}
