import SMTPConnection
import SMTPOpenSSL
import SMTPProtocol

/// What `given auth …` and `H: key` say.
extension Settings {
    typealias Demand = ServerSession.AuthenticationPolicy.Demand
    typealias InClear = ServerSession.AuthenticationPolicy.InClear

    /// `required`, `offered` or `off`, and the mechanisms if not the standard ones.
    static func authentication(_ value: String) throws(LineProblem) -> Change {
        let (word, rest) = Octets.cut(value)
        let demands: [String: Demand] = ["required": .required, "offered": .offered, "off": .off]
        let demand = try choice("auth", word, demands)
        var names: [SASLMechanismName] = []
        for word in Octets.words(rest.utf8) {
            guard let name = SASLMechanismName(word), SASLMechanism.all.contains(where: { $0.name == name })
            else { throw LineProblem("`\(word)` is no mechanism that this package knows") }
            names.append(name)
        }
        return .authentication(demand, names)
    }

    /// Cases are played in clear, so everything is offered there unless another `given` says otherwise; and with
    /// random octets that are always the same.
    func authenticate(
        _ demand: Demand, _ names: [SASLMechanismName], _ session: inout ServerSession.Configuration
    ) {
        session.authentication.demand = demand
        session.authentication.inClear = .everything
        session.authentication.crypto = PredictableCrypto.shared
        session.authentication.mechanisms =
            names.isEmpty
            ? [.plain, .login] : names.compactMap { name in SASLMechanism.all.first { $0.name == name } }
    }

    /// A stored SCRAM key, or `{CLEAR}` and a password.
    static func key(_ text: String) -> SASLKey? {
        let clear = Array("{CLEAR}".utf8)
        if text.utf8.starts(with: clear) { return .password(Secret(Array(text.utf8.dropFirst(clear.count)))) }
        return SCRAMKey(text).map { .scram($0) }
    }
}

/// Cryptography whose random octets are 0, 1, 2 and so on: for transcripts, never for a server.
final class PredictableCrypto: SASLCrypto {
    static let shared = PredictableCrypto()
    private let inner = OpenSSLCrypto()

    func hash(_ octets: [UInt8], with function: HashFunction) -> [UInt8] {
        inner.hash(octets, with: function)
    }
    func hmac(_ octets: [UInt8], key: [UInt8], with function: HashFunction) -> [UInt8] {
        inner.hmac(octets, key: key, with: function)
    }
    func pbkdf2(_ password: [UInt8], salt: [UInt8], iterations: Int, with function: HashFunction) -> [UInt8] {
        inner.pbkdf2(password, salt: salt, iterations: iterations, with: function)
    }
    func randomOctets(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0) } }
}

extension HostFact {
    /// What the words after a name are about.
    static let proofs = ["as=", "password=", "token=", "trace=", "other=", "proven", "certificate"]

    init(_ request: SASLKeyRequest) {
        self.init(word: .key, argument: Array("\(request.mechanism) \(request.authenticationID)".utf8))
    }

    init(_ credentials: Credentials) {
        var words: [[UInt8]] = credentials.authorizationID.map { [Array("as=\($0)".utf8)] } ?? []
        switch credentials.proof {
        case .password(let secret): words.append(Array("password=".utf8) + secret.octets)
        case .token(let secret): words.append(Array("token=".utf8) + secret.octets)
        case .other(let secret): words.append(Array("other=".utf8) + secret.octets)
        case .proven: words.append(Array("proven".utf8))
        case .certificate: words.append(Array("certificate".utf8))
        case .anonymous(let trace): words.append(Array("trace=\(trace)".utf8))
        }
        let name = credentials.authenticationID.utf8.isEmpty ? "" : " \(credentials.authenticationID)"
        self.init(
            word: .authenticate, argument: Array("\(credentials.mechanism)\(name)".utf8),
            parameters: words.sorted(by: Self.precedes))
    }
}
