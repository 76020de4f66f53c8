public import SMTPConnection
public import SMTPProtocol

/// Checks passwords against a list of accounts, for all connections of a server. What is slow is done on threads of its
/// own, and answered later: no loop waits for it.
public final class PasswordAuthenticator: Sendable {
    private let crypto: any SASLCrypto
    private let state: Monitor<State>
    private let worker: Worker

    private struct State {
        var accounts: Accounts
        /// Keys made from passwords that are kept in clear, by name and digest.
        var derived: [String: SCRAMKey] = [:]
    }

    /// `queue` is how many checks may wait; whoever comes beyond is told to try later. One at a time is done.
    public init(_ accounts: Accounts, crypto: any SASLCrypto, queue: Int = 32) {
        self.crypto = crypto
        state = Monitor(State(accounts: accounts))
        worker = Worker(queue: queue)
    }

    /// From here on these are the accounts.
    public func replace(_ accounts: Accounts) {
        state.withState { $0 = State(accounts: accounts) }
    }

    /// A handler that leaves everything but AUTH to `inner`.
    public func guarding(_ inner: any Handler) -> any Handler { GuardedHandler(inner, self) }

    /// Whether the credentials are good. A name that nobody knows takes as long as a wrong password.
    public func authenticate(_ credentials: Credentials, in context: Context) -> Decision {
        switch credentials.proof {
        case .proven: return .accept
        case .password(let password):
            let keys = state.withState { $0.accounts.keys(of: credentials.authenticationID) }
            for case .password(let kept) in keys {
                return kept == password ? .accept : Self.refused
            }
            let crypto = crypto
            let known = keys.compactMap { key -> SCRAMKey? in
                if case .scram(let key) = key { key } else { nil }
            }
            let later = context.later
            let iterations = commonIterations
            return self.later(
                worker.take {
                    // The strongest key that is kept decides.
                    let key = known.max { $0.function.size < $1.function.size }
                    if let key {
                        later.answer(key.matches(password, crypto: crypto) ? .accept : Self.refusal)
                    } else {
                        _ = try? SCRAMKey(password: password, iterations: iterations, crypto: crypto)
                        later.answer(Self.refusal)
                    }
                })
        case .token, .certificate, .anonymous, .other: return Self.refused
        }
    }

    /// What is kept for a name, in the form that the mechanism needs.
    public func authenticationKey(for request: SASLKeyRequest, in context: Context) -> Decision {
        let name = request.authenticationID
        let keys = state.withState { $0.accounts.keys(of: name) }
        var clear: Secret?
        for key in keys {
            switch (request.kind, key) {
            case (.scram(let function), .scram(let key)):
                if key.function == function { return .now(.key(.scram(key))) }
            case (.password, .password): return .now(.key(key))
            case (.scram, .password(let password)): clear = password
            case (.password, .scram): continue
            }
        }
        guard let clear, case .scram(let function) = request.kind else { return Self.refused }
        let id = "\(function) \(name)"
        if let key = state.withState({ $0.derived[id] }) { return .now(.key(.scram(key))) }
        let (crypto, state, later, iterations) = (crypto, state, context.later, commonIterations)
        return self.later(
            worker.take {
                guard
                    let key = try? SCRAMKey(
                        password: clear, function: function, iterations: iterations, crypto: crypto)
                else { return later.answer(Self.refusal) }
                // Whoever asked at the same time shows the same salt.
                let shown = state.withState { state in
                    let known = state.derived[id] ?? key
                    state.derived[id] = known
                    return known
                }
                later.answer(.key(.scram(shown)))
            })
    }

    /// What decoys should count to, so that they look like the rest.
    public var commonIterations: Int {
        state.withState { $0.accounts.commonIterations } ?? SCRAMKey.standardIterations
    }

    private func later(_ isTaken: Bool) -> Decision { isTaken ? .later : .now(Self.busy) }

    private static let refusal = Answer.reply(
        Reply(535, EnhancedStatusCode(5, 7, 8), "Authentication credentials invalid"))
    private static let refused = Decision.now(refusal)
    private static let busy = Answer.reply(
        Reply(454, EnhancedStatusCode(4, 7, 0), "Too many are being authenticated, try again later"))
}

/// Who answers the two questions of AUTH.
protocol Gatekeeper {
    func authenticate(_ credentials: Credentials, in context: Context) -> Decision
    func authenticationKey(for request: SASLKeyRequest, in context: Context) -> Decision
}

extension PasswordAuthenticator: Gatekeeper {}

/// Leaves everything but AUTH to another handler.
final class GuardedHandler: Handler {
    private let inner: any Handler
    private let authenticator: any Gatekeeper

    init(_ inner: any Handler, _ authenticator: any Gatekeeper) {
        self.inner = inner
        self.authenticator = authenticator
    }

    func authenticate(_ credentials: Credentials, in context: Context) throws -> Decision {
        authenticator.authenticate(credentials, in: context)
    }
    func authenticationKey(for request: SASLKeyRequest, in context: Context) throws -> Decision {
        authenticator.authenticationKey(for: request, in: context)
    }
    func connected(in context: Context) throws -> Decision { try inner.connected(in: context) }
    func hello(_ hello: Hello, offering: [ServiceExtension], in context: Context) throws -> Decision {
        try inner.hello(hello, offering: offering, in: context)
    }
    func mail(_ path: ReversePath, _ parameters: MailParameters, in context: Context) throws -> Decision {
        try inner.mail(path, parameters, in: context)
    }
    func recipient(
        _ path: ForwardPath, _ parameters: RecipientParameters, in context: Context
    ) throws -> Decision { try inner.recipient(path, parameters, in: context) }
    func data(in context: Context) throws -> Decision { try inner.data(in: context) }
    func content(_ bytes: Span<UInt8>, in context: Context) throws -> Decision {
        try inner.content(bytes, in: context)
    }
    func message(_ envelope: Envelope, size: Int, in context: Context) throws -> Decision {
        try inner.message(envelope, size: size, in: context)
    }
    func verify(_ argument: String, in context: Context) throws -> Decision {
        try inner.verify(argument, in: context)
    }
    func expand(_ argument: String, in context: Context) throws -> Decision {
        try inner.expand(argument, in: context)
    }
    func help(_ argument: String?, in context: Context) throws -> Decision {
        try inner.help(argument, in: context)
    }
    func noOperation(_ argument: String?, in context: Context) throws -> Decision {
        try inner.noOperation(argument, in: context)
    }
    func command(_ verb: Keyword, argument: String, in context: Context) throws -> Decision {
        try inner.command(verb, argument: argument, in: context)
    }
    func observe(_ notice: Notice, in context: Context) { inner.observe(notice, in: context) }
}
