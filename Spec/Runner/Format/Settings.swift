import SMTPConnection
import SMTPProtocol

/// What the `given` lines of a case say.
struct Settings: Hashable, Sendable {
    /// Each key with its value, as written: equal ones make equal servers.
    private(set) var given: [Given] = []
    /// What nobody can run yet, and why.
    private(set) var missing: String?
    private(set) var isLMTP = false
    private(set) var isClient = false
    private var changes: [Change] = []

    struct Given: Hashable, Sendable {
        let key: String
        let value: String
    }

    /// One change of the configuration.
    enum Change: Hashable, Sendable {
        case host(String)
        case banner(String)
        case limit(Limit, Int?)
        case profile(Profile)
        case without(Keyword)
        case with(ServiceExtension)
        case verb(Keyword)
        case literal(Keyword)
        case lenientAddresses
        case lenientCommands
        case bareNewlines(BareNewlines)
        case timeout(TimeoutName, Duration)
        case contentRate(Int)
        case lmtp
        case startTLS(ServerSession.StartTLSPolicy)
        case authentication(Demand, [SASLMechanismName])
        case inClear(InClear)
        case decoys(Int)
    }

    /// Those of a client's case are `ClientSettings`.
    init(_ lines: [SpecLine]) throws(LineProblem) {
        isClient = lines.contains { $0.kind == .given(key: "role", value: "client") }
        if isClient { missing = "a client is played on the core only" }
        for line in lines {
            guard case .given(let key, let value) = line.kind, !isClient else { continue }
            do throws(LineProblem) {
                try read(key, value)
            } catch {
                throw LineProblem(error.problem, at: line.number)
            }
            given.append(Given(key: key, value: value))
        }
    }

    private static let profiles = Dictionary(uniqueKeysWithValues: Profile.allCases.map { ($0.rawValue, $0) })

    // MARK: Applying

    /// The configuration of a server as given. `divisor` shortens all times, for clocks that really run.
    func configuration(divisor: Int = 1) -> ServerConnection.Configuration {
        var configuration = ServerConnection.Configuration(.init(hostname: "mx.example.org"))
        for change in changes { apply(change, to: &configuration) }
        configuration.timeouts.divide(by: divisor)
        return configuration
    }

    private func apply(_ change: Change, to configuration: inout ServerConnection.Configuration) {
        switch change {
        case .host(let name): configuration.session.hostname = name
        case .banner(let text): configuration.session.banner = text
        case .limit(let limit, let count): limit.set(count, in: &configuration.session.limits)
        case .profile(let profile):
            configuration.session.limits = profile.limits
            if profile == .stress { configuration.timeouts = .stress }
        case .without(let keyword): configuration.session.extensions.removeAll { $0.keyword == keyword }
        case .with(let item): configuration.session.extensions.append(item)
        case .verb(let keyword): configuration.session.verbs.append(keyword)
        case .literal(let tag): configuration.session.literalTags.append(tag)
        case .lenientAddresses: configuration.session.addressSyntax = .lenient
        case .lenientCommands: configuration.session.acceptsBareLineFeedInCommands = true
        case .bareNewlines(let mode): configuration.session.bareNewlines = mode
        case .timeout(let name, let duration): name.set(duration, in: &configuration.timeouts)
        case .contentRate(let rate): configuration.timeouts.contentRate = rate
        case .lmtp: configuration.session.dialect = .lmtp
        case .startTLS(let policy): configuration.session.startTLS = policy
        case .authentication(let demand, let names): authenticate(demand, names, &configuration.session)
        case .inClear(let policy): configuration.session.authentication.inClear = policy
        case .decoys(let count):
            configuration.session.authentication.decoys = Decoys(secret: Secret("decoy"), iterations: count)
        }
    }

    // MARK: Reading

    private mutating func read(_ key: String, _ value: String) throws(LineProblem) {
        if let change = try limit(key, value) { return changes.append(change) }
        if let change = try extensions(key, value) { return changes.append(change) }
        if let change = try manner(key, value) { return changes.append(change) }
        switch key {
        case "role": _ = try Self.choice(key, value, ["client": true, "server": false])
        case "proxy": missing = "PROXY is not built yet"
        case "tls":
            let policies: [String: ServerSession.StartTLSPolicy] =
                ["offered": .offered, "required": .required, "implicit": .none]
            changes.append(.startTLS(try Self.choice(key, value, policies)))
            if value == "implicit" { missing = "there is no TLS engine to shake hands with" }
        default:
            throw LineProblem("`given \(key)` is not known; Spec/README.md lists the keys")
        }
    }

    private func limit(_ key: String, _ value: String) throws(LineProblem) -> Change? {
        if let limit = Limit(rawValue: key) {
            let count = try Self.size(key, value)
            guard count != nil || limit.mayBeNone else { throw LineProblem("`given \(key)` needs a number") }
            return .limit(limit, count)
        }
        switch key {
        case "profile": return .profile(try Self.choice(key, value, Self.profiles))
        case "timeout": return try timeout(value)
        default: return nil
        }
    }

    private func timeout(_ value: String) throws(LineProblem) -> Change {
        let (name, rest) = Octets.cut(value)
        if name == "rate" { return .contentRate(try Self.count("timeout rate", rest)) }
        guard let known = TimeoutName(rawValue: name) else {
            let names = TimeoutName.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            throw LineProblem("`given timeout \(name)` is not known; there are \(names) and `rate`")
        }
        return .timeout(known, try SpecLine.duration(rest))
    }

    private func extensions(_ key: String, _ value: String) throws(LineProblem) -> Change? {
        switch key {
        case "without": .without(try Self.keyword(value))
        case "with", "extension": .with(try Self.serviceExtension(value))
        case "verb": .verb(try Self.keyword(value))
        case "literal": .literal(try Self.keyword(value))
        default: nil
        }
    }

    private mutating func manner(_ key: String, _ value: String) throws(LineProblem) -> Change? {
        switch key {
        case "host": return .host(value)
        case "banner": return .banner(value)
        case "address":
            return try Self.choice(key, value, ["lenient": .lenientAddresses])
        case "commands":
            return try Self.choice(key, value, ["lenient": .lenientCommands])
        case "bare-newlines":
            let modes: [String: BareNewlines] = [
                "reject": .reject, "normalize": .normalize, "preserve": .preserve,
            ]
            return .bareNewlines(try Self.choice(key, value, modes))
        case "dialect":
            isLMTP = try Self.choice(key, value, ["lmtp": true])
            return .lmtp
        case "auth":
            return try Self.authentication(value)
        case "auth-in-clear":
            let policies: [String: InClear] =
                ["nothing": .nothing, "proofs": .proofs, "everything": .everything]
            return .inClear(try Self.choice(key, value, policies))
        case "auth-decoys": return .decoys(try Self.count(key, value))
        default: return nil
        }
    }

    static func choice<Value>(
        _ key: String, _ value: String, _ choices: [String: Value]
    ) throws(LineProblem) -> Value {
        if let found = choices[value] { return found }
        let names = choices.keys.sorted().map { "`\($0)`" }.joined(separator: ", ")
        throw LineProblem("`given \(key)` is followed by \(names), not by `\(value)`")
    }

    private static func count(_ key: String, _ value: String) throws(LineProblem) -> Int {
        if let number = try size(key, value) { return number }
        throw LineProblem("`given \(key)` needs a number")
    }

    /// A number, with `k` or `M` if need be; `none` takes the limit off.
    private static func size(_ key: String, _ value: String) throws(LineProblem) -> Int? {
        if value == "none" { return nil }
        let digits = value.utf8.prefix { $0 &- 48 < 10 }
        if let number = Octets.number(digits), number < 1 << 40 {
            switch String(decoding: value.utf8.dropFirst(digits.count), as: UTF8.self) {
            case "": return number
            case "k": return number << 10
            case "M": return number << 20
            default: break
            }
        }
        throw LineProblem(
            "`given \(key)` is followed by a number (1000, 64k, 10M) or `none`, not by `\(value)`")
    }

    private static func keyword(_ text: String) throws(LineProblem) -> Keyword {
        guard let keyword = Keyword(text) else { throw LineProblem("`\(text)` is no keyword") }
        return keyword
    }

    /// `EXPN`, `HELP` and the others that are known by name, or an application's own.
    static func known(_ name: String) throws(LineProblem) -> ServiceExtension {
        let keyword = try keyword(name)
        let all = ServiceExtension.standard + [.expand]
        return all.first { $0.keyword == keyword } ?? ServiceExtension(keyword)
    }

    /// `KEYWORD mail=PARAMETER rcpt=PARAMETER`; `mail PARAMETER` is the same.
    private static func serviceExtension(_ value: String) throws(LineProblem) -> ServiceExtension {
        var words = Octets.words(value.utf8.map { $0 == UInt8(ascii: "=") ? 32 : $0 })[...]
        guard let name = words.popFirst() else { throw LineProblem("`given with` is followed by a keyword") }
        let known = try known(name)
        guard !words.isEmpty else { return known }
        var mail: [ParameterRule] = []
        var recipient: [ParameterRule] = []
        while let place = words.popFirst() {
            guard place == "mail" || place == "rcpt", let parameter = words.popFirst() else {
                throw LineProblem("after the keyword come `mail=PARAMETER` and `rcpt=PARAMETER`")
            }
            let rule = ParameterRule(try keyword(parameter), value: .optional)
            if place == "mail" { mail.append(rule) } else { recipient.append(rule) }
        }
        return ServiceExtension(known.keyword, mail: mail, recipient: recipient)
    }
}
