import SMTPConnection
import SMTPProtocol

/// What the `given` lines of a client's case say.
struct ClientSettings: Sendable {
    private var session: ClientSession.Configuration
    private var timeouts = ClientTimeouts()
    /// What nobody can run yet, and why.
    private(set) var missing: String?

    /// nil for the server's role.
    init?(_ lines: [SpecLine]) throws(LineProblem) {
        guard lines.contains(where: { $0.kind == .given(key: "role", value: "client") }) else { return nil }
        var name: MailDomain = .name("client.example.com")
        for case .given("client", let value) in lines.map(\.kind) {
            do { name = try MailDomain(value) } catch {
                throw LineProblem("`\(value)` is no name of a client")
            }
        }
        do { session = try .init(name: name) } catch { throw LineProblem("a client's name is ASCII") }
        for line in lines {
            guard case .given(let key, let value) = line.kind else { continue }
            guard try read(key, value) else {
                throw LineProblem("`given \(key) \(value)` means nothing to a client", at: line.number)
            }
        }
    }

    var configuration: ClientConnection.Configuration {
        var configuration = ClientConnection.Configuration(session)
        configuration.timeouts = timeouts
        return configuration
    }

    private mutating func read(_ key: String, _ value: String) throws(LineProblem) -> Bool {
        switch (key, value) {
        case ("role", "client"), ("client", _): break
        case ("dialect", "lmtp"): session.dialect = .lmtp
        case ("pipelining", "off"): session.usesPipelining = false
        case ("bare-newlines", "reject"): session.refusedContent.insert(.bareNewline)
        case ("nul", "accept"): session.refusedContent.remove(.nul)
        case ("lines", "none"): session.refusedContent.remove(.longLine)
        case ("lines", _): session.longestLine = try count(value)
        case ("path", _): session.longestPath = try count(value)
        case ("recipients", _): session.recipients = try count(value)
        case ("tls", "required"): session.startTLS = .required
        case ("tls", "offered"): session.startTLS = .ifOffered
        case ("timeout", _):
            let (name, rest) = Octets.cut(value)
            return set(name, try SpecLine.duration(rest))
        default: return false
        }
        return true
    }

    private func count(_ text: String) throws(LineProblem) -> Int {
        guard let number = Octets.number(text.utf8) else { throw LineProblem("`\(text)` is no number") }
        return number
    }

    private mutating func set(_ name: String, _ duration: Duration) -> Bool {
        switch name {
        case "greeting": timeouts.greeting = duration
        case "hello": timeouts.hello = duration
        case "start-tls": timeouts.startTLS = duration
        case "authentication": timeouts.authentication = duration
        case "mail": timeouts.mail = duration
        case "recipient": timeouts.recipient = duration
        case "data": timeouts.data = duration
        case "block": timeouts.block = duration
        case "final-reply": timeouts.finalReply = duration
        case "reset": timeouts.reset = duration
        case "command": timeouts.command = duration
        case "quit": timeouts.quit = duration
        default: return false
        }
        return true
    }
}
