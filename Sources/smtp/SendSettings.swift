import SMTPClient
import SMTPConnection
import SMTPProtocol
import SMTPSockets

/// What `smtp send` is to do.
struct SendSettings {
    /// Where to, and how.
    let client: Client.Configuration
    /// From and to whom.
    let envelope: Envelope
    /// The messages' paths; `-` for standard input.
    let files: [String]
    /// Whether to show the conversation.
    let traces: Bool
    /// Whether success is silent.
    let isQuiet: Bool

    /// Reads the options.
    init(_ options: Send) throws(UsageError) {
        let (endpoint, isLMTP) = try Self.server(options.server)
        guard !options.to.isEmpty else { throw UsageError("--to is missing; name a recipient") }
        if options.tls != "none" {
            throw UsageError("--tls", options.tls, "TLS is not built yet; use none, or leave it out")
        }
        let sender: ReversePath
        do { sender = try Client.reversePath(options.from) } catch { throw UsageError("--from: \(error)") }
        var recipients: [Envelope.Recipient] = []
        for text in options.to {
            do { recipients.append(.init(try Client.forwardPath(text))) } catch {
                throw UsageError("--to: \(error)")
            }
        }
        envelope = Envelope(from: sender, to: recipients)
        let dialect: ClientSession.Dialect = isLMTP || options.lmtp ? .lmtp : .smtp
        if dialect == .lmtp, case .tcp(_, 25) = endpoint {
            throw UsageError(
                "--server", options.server, "port 25 is for SMTP, never for LMTP; name LMTP's port")
        }
        var configuration: Client.Configuration
        do {
            let name = try options.hostname.map { text throws(SyntaxError) in try MailDomain(text) }
            configuration = try .init(server: endpoint, name: name, dialect: dialect)
        } catch {
            throw UsageError(
                "--hostname", options.hostname ?? "",
                "not a name; write such as client.example.org or [192.0.2.1]")
        }
        configuration.connection.session.usesPipelining = options.pipeline
        if let text = options.timeout {
            let limit = try OptionValue.seconds(text, "--timeout", allowsZero: false)
            configuration.connection.timeouts = .all(limit)
        }
        client = configuration
        files = options.files.isEmpty ? ["-"] : options.files
        traces = options.trace
        isQuiet = options.quiet
        if files.filter({ $0 == "-" }).count > 1 {
            throw UsageError("FILE -: standard input can be read once only")
        }
    }

    /// Where, and whether the scheme says LMTP.
    private static func server(_ text: String) throws(UsageError) -> (Endpoint, isLMTP: Bool) {
        var rest = text
        var isLMTP = false
        var port: UInt16?
        for (scheme, lmtp, standard) in [("smtp://", false, UInt16(25)), ("lmtp://", true, 24)]
        where text.hasPrefix(scheme) {
            rest = String(text.dropFirst(scheme.utf8.count))
            isLMTP = lmtp
            port = standard
        }
        if text.hasPrefix("smtps://") {
            throw UsageError("--server", text, "TLS is not built yet; use smtp://HOST:PORT")
        }
        if let port, let found = try? Endpoint(parsing: "\(rest):\(port)"), !rest.isEmpty {
            return (found, isLMTP)
        }
        do {
            let endpoint = try Endpoint(parsing: rest)
            if case .tcp(let host, let port) = endpoint, host.isEmpty || port == 0 {
                throw EndpointSyntaxError(text: rest, problem: port == 0 ? .badPort : .badHost)
            }
            return (endpoint, isLMTP)
        } catch {
            throw UsageError("--server", text, "\(error)")
        }
    }
}

extension ClientTimeouts {
    /// The same for every reply.
    fileprivate static func all(_ limit: Duration) -> Self {
        var timeouts = Self()
        timeouts.connecting = limit
        timeouts.greeting = limit
        timeouts.hello = limit
        timeouts.startTLS = limit
        timeouts.mail = limit
        timeouts.recipient = limit
        timeouts.data = limit
        timeouts.block = limit
        timeouts.finalReply = limit
        timeouts.command = limit
        return timeouts
    }
}
