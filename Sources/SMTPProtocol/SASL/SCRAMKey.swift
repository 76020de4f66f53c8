/// What a server keeps of a password for SCRAM: it checks the password, and cannot be used in its place (RFC 5802 §3).
public struct SCRAMKey: Hashable, Sendable, Redacted {
    /// The digest of the mechanism.
    public let function: HashFunction
    /// The salt.
    public let salt: [UInt8]
    /// How often the digest is applied.
    public let iterations: Int
    /// Checks the client's proof.
    public let storedKey: Secret
    /// Proves the server to the client.
    public let serverKey: Secret

    /// The iteration count for new keys.
    public static let standardIterations = 600_000
    /// The least that a client takes (RFC 7677 §4).
    public static let minimumIterations = 4096

    /// The key of `password`. Slow on purpose: keep it off a thread that serves connections.
    public init(
        password: Secret, function: HashFunction = .sha256, salt: [UInt8]? = nil,
        iterations: Int = standardIterations, crypto: any SASLCrypto
    ) throws(SASLFailure) {
        let salt = salt ?? crypto.randomOctets(16)
        let derivation = SCRAMDerivation(
            password: try StringPreparation.ownPassword(password), salt: salt, iterations: iterations,
            function: function)
        self.init(salted: derivation.run(crypto), derivation, crypto)
    }

    init(salted: Secret, _ derivation: SCRAMDerivation, _ crypto: any SASLCrypto) {
        function = derivation.function
        salt = derivation.salt
        iterations = derivation.iterations
        let clientKey = crypto.hmac(Array("Client Key".utf8), key: salted.octets, with: function)
        storedKey = Secret(crypto.hash(clientKey, with: function))
        serverKey = Secret(crypto.hmac(Array("Server Key".utf8), key: salted.octets, with: function))
    }

    /// A key from its parts.
    init(function: HashFunction, salt: [UInt8], iterations: Int, storedKey: [UInt8], serverKey: [UInt8]) {
        self.function = function
        self.salt = salt
        self.iterations = iterations
        self.storedKey = Secret(storedKey)
        self.serverKey = Secret(serverKey)
    }

    /// Whether this is the key of `password`. Slow on purpose: keep it off a thread that serves connections.
    public func matches(_ password: Secret, crypto: any SASLCrypto) -> Bool {
        guard
            let other = try? SCRAMKey(
                password: password, function: function, salt: salt, iterations: iterations, crypto: crypto)
        else { return false }
        return crypto.isEqual(other.storedKey.octets, storedKey.octets)
            && storedKey.octets.count == function.size
    }

    // MARK: As text

    /// `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`, in base64 (RFC 5803 §2). For a file, not for a log.
    public var text: String {
        func base64(_ octets: [UInt8]) -> String { String(decoding: Base64.encode(octets), as: UTF8.self) }
        let scheme = function.scramName
        return
            "\(scheme)$\(iterations):\(base64(salt))$\(base64(storedKey.octets)):\(base64(serverKey.octets))"
    }

    /// `nil` unless `text` is such a text.
    public init?(_ text: String) {
        let fields = Array(text.utf8).split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        guard fields.count == 3,
            let function = HashFunction.allCases.first(where: { fields[0].elementsEqual($0.scramName.utf8) })
        else { return nil }
        let colon = UInt8(ascii: ":")
        let work = fields[1].split(separator: colon, omittingEmptySubsequences: false).map(Array.init)
        let keys = fields[2].split(separator: colon, omittingEmptySubsequences: false).map(Array.init)
        guard function != .md5, work.count == 2, keys.count == 2,
            let iterations = SCRAMMessage.decimal(work[0]),
            (1...10_000_000).contains(iterations),
            let salt = try? Base64.decode(work[1]), !salt.isEmpty,
            let storedKey = try? Base64.decode(keys[0]), storedKey.count == function.size,
            let serverKey = try? Base64.decode(keys[1]), serverKey.count == function.size
        else { return nil }
        self.init(
            function: function, salt: salt, iterations: iterations, storedKey: storedKey, serverKey: serverKey
        )
    }
}

extension HashFunction {
    /// The mechanism that uses it, without channel binding.
    var scramName: String {
        switch self {
        case .md5: "SCRAM-MD5"
        case .sha1: "SCRAM-SHA-1"
        case .sha256: "SCRAM-SHA-256"
        }
    }
}

/// The slow part of SCRAM, to be done where it holds up nobody.
public struct SCRAMDerivation: Hashable, Sendable, Redacted {
    /// The password, prepared.
    let password: Secret
    /// The salt.
    public let salt: [UInt8]
    /// The iteration count.
    public let iterations: Int
    /// The digest.
    public let function: HashFunction

    /// The salted password (RFC 5802 §3 Hi).
    public func run(_ crypto: any SASLCrypto) -> Secret {
        Secret(crypto.pbkdf2(password.octets, salt: salt, iterations: iterations, with: function))
    }
}
