/// The name of a mechanism: 1 to 20 letters, digits, hyphens and underscores, in any case (RFC 4422 §3.1).
public struct SASLMechanismName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// In upper case.
    public let bytes: [UInt8]

    /// `nil` unless `octets` are such a name.
    public init?(_ octets: Span<UInt8>) {
        guard (1...20).contains(octets.count) else { return nil }
        var name: [UInt8] = []
        name.reserveCapacity(octets.count)
        for index in octets.indices {
            let octet = octets[index]
            guard OctetSet.letterDigitHyphen.contains(octet) || octet == UInt8(ascii: "_") else { return nil }
            name.append(octet.uppercasedASCII)
        }
        bytes = name
    }

    /// `nil` unless `text` is such a name.
    public init?(_ text: String) {
        let octets = Array(text.utf8)
        self.init(octets.span)
    }

    /// Traps on a literal that is no such name.
    public init(stringLiteral text: String) {
        guard let name = Self(text) else { preconditionFailure("not the name of a mechanism") }
        self = name
    }

    /// In upper case.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// A mechanism that a server may offer: its name, what it needs, and how an exchange begins.
///
/// The ones this package knows are the static members. An application makes its own with `init`.
public struct SASLMechanism: Sendable, CustomStringConvertible {
    /// As in the EHLO reply.
    public let name: SASLMechanismName
    /// When it may be offered.
    public let needs: Needs
    let makeServer: @Sendable (SASLServerContext) -> (any SASLServerExchange)?

    /// A fresh exchange; `nil` if `context` lacks what it needs.
    public func exchange(in context: SASLServerContext) -> (any SASLServerExchange)? { makeServer(context) }

    /// A mechanism of the application's own.
    public init(
        _ name: SASLMechanismName, needs: Needs,
        makeServer: @escaping @Sendable (SASLServerContext) -> (any SASLServerExchange)?
    ) {
        self.name = name
        self.needs = needs
        self.makeServer = makeServer
    }

    /// What must be there for a mechanism to be offered.
    public struct Needs: OptionSet, Hashable, Sendable {
        /// One bit each.
        public let rawValue: UInt8
        /// From the bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// TLS: what the client sends can be used by whoever reads it.
        public static let privacy = Self(rawValue: 1)
        /// `SASLCrypto`.
        public static let crypto = Self(rawValue: 2)
        /// A channel binding, which takes TLS.
        public static let channelBinding = Self(rawValue: 4)
        /// A client certificate that was verified.
        public static let certificate = Self(rawValue: 8)
        /// What can be read on the way is open to guessing at leisure: not offered unless named.
        public static let indulgence = Self(rawValue: 16)
    }

    /// The name.
    public var description: String { name.description }

    /// The mechanisms a server offers unless told otherwise, strongest first. CRAM-MD5 and ANONYMOUS must be named.
    public static let standard: [SASLMechanism] = [
        .scramSHA256Plus, .scramSHA1Plus, .scramSHA256, .scramSHA1, .plain, .login,
    ]
    /// All that this package knows.
    public static let all: [SASLMechanism] =
        [.external] + standard + [.oauthBearer, .xoauth2, .cramMD5, .anonymous]
}

/// What is known where an exchange runs.
public struct SASLServerContext: Sendable {
    /// The cryptography, if there is any.
    public let crypto: (any SASLCrypto)?
    /// The server's name.
    public let hostname: String
    /// What the TLS connection can be recognized by; empty without TLS.
    public let channelBindings: [ChannelBinding]
    /// Whether a mechanism with channel binding is offered here: a client that thinks otherwise was lied to.
    public let offersChannelBinding: Bool
    /// What keeps unknown names from being told apart from known ones.
    public let decoys: Decoys

    /// For one session at its present layer.
    public init(
        crypto: (any SASLCrypto)? = nil, hostname: String, channelBindings: [ChannelBinding] = [],
        offersChannelBinding: Bool = false, decoys: Decoys = Decoys()
    ) {
        self.crypto = crypto
        self.hostname = hostname
        self.channelBindings = channelBindings
        self.offersChannelBinding = offersChannelBinding
        self.decoys = decoys
    }
}

/// The salt and the iteration count that SCRAM shows for a name that does not exist: always the same for a name, and
/// like those of the names that do.
public struct Decoys: Hashable, Sendable {
    /// From which the salts are made. Keep it across restarts, or a changed salt gives the name away.
    public let secret: Secret
    /// The iteration count.
    public let iterations: Int

    /// The server's own secret, and the iteration count of its users.
    public init(secret: Secret = Secret(""), iterations: Int = SCRAMKey.standardIterations) {
        self.secret = secret
        self.iterations = iterations
    }
}
