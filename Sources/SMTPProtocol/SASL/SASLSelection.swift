extension SASLClient {
    /// What a client can show.
    public enum Identity: Hashable, Sendable {
        /// A name and its password.
        case password(name: String, Secret, authorizationID: String = "")
        /// A name and a bearer token.
        case token(name: String, Secret)
        /// The certificate that was shown in the TLS handshake.
        case certificate(authorizationID: String = "")
        /// Nothing.
        case anonymous(trace: String = "")
    }

    /// What a mechanism leaves to somebody who listens or pretends to be the server, weakest first.
    public enum Strength: Int, Hashable, Comparable, Sendable {
        /// Everything: the password itself.
        case clear
        /// Enough to try passwords at leisure.
        case digest
        /// The same at a price, and the server must know the password.
        case scram
        /// Nothing, even in the middle: the exchange is tied to the TLS connection.
        case bound

        /// Weaker.
        public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
    }

    /// Where an exchange is to run, and what is demanded of it.
    public struct Conditions: Sendable {
        /// What the server offers, after TLS.
        public var offered: [SASLMechanismName]
        /// Whether TLS is on and the server has been verified.
        public var isPrivate: Bool
        /// What the TLS connection can be recognized by.
        public var channelBindings: [ChannelBinding]
        /// The weakest mechanism that will do, whatever is offered.
        public var minimum: Strength
        /// Whether a password or a token may go over a connection without TLS. Say yes only on a loopback address.
        public var allowsClear: Bool
        /// The cryptography, if there is any.
        public var crypto: (any SASLCrypto)?

        /// Nothing is sent in clear without TLS unless allowed.
        public init(
            offered: [SASLMechanismName], isPrivate: Bool, channelBindings: [ChannelBinding] = [],
            minimum: Strength = .clear, allowsClear: Bool = false, crypto: (any SASLCrypto)? = nil
        ) {
            self.offered = offered
            self.isPrivate = isPrivate
            self.channelBindings = channelBindings
            self.minimum = minimum
            self.allowsClear = allowsClear
            self.crypto = crypto
        }
    }

    /// The strongest exchange that the server offers, the conditions allow and the identity can carry out; `nil` if
    /// there is none. The order is ours, never the server's.
    public static func exchange(
        for identity: Identity, _ conditions: Conditions
    ) throws(SASLFailure) -> (any SASLClientExchange)? {
        let mayReveal = conditions.isPrivate || conditions.allowsClear
        func offers(_ name: SASLMechanismName) -> Bool { conditions.offered.contains(name) }
        switch identity {
        case .password(let name, let password, let authorizationID):
            return try exchange(name, password, authorizationID, conditions, mayReveal: mayReveal)
        case .token(let name, let token):
            guard mayReveal, conditions.minimum == .clear else { return nil }
            if offers("OAUTHBEARER") { return try oauthBearer(name: name, token: token) }
            return offers("XOAUTH2") ? try xoauth2(name: name, token: token) : nil
        case .certificate(let authorizationID):
            guard conditions.isPrivate, offers("EXTERNAL") else { return nil }
            return try external(authorizationID: authorizationID)
        case .anonymous(let trace): return offers("ANONYMOUS") ? anonymous(trace: trace) : nil
        }
    }

    private static func exchange(
        _ name: String, _ password: Secret, _ authorizationID: String, _ conditions: Conditions,
        mayReveal: Bool
    ) throws(SASLFailure) -> (any SASLClientExchange)? {
        func offers(_ name: SASLMechanismName) -> Bool { conditions.offered.contains(name) }
        if let crypto = conditions.crypto {
            let channel = conditions.channelBindings.first
            let offersBinding = offers("SCRAM-SHA-256-PLUS") || offers("SCRAM-SHA-1-PLUS")
            func scram(_ function: HashFunction, _ binding: Binding) throws(SASLFailure)
                -> any SASLClientExchange
            {
                try SASLClient.scram(
                    name: name, password: password, authorizationID: authorizationID, function: function,
                    binding: binding, crypto: crypto)
            }
            if let channel {
                if offers("SCRAM-SHA-256-PLUS") { return try scram(.sha256, .to(channel)) }
                if offers("SCRAM-SHA-1-PLUS") { return try scram(.sha1, .to(channel)) }
            }
            if conditions.minimum <= .scram {
                let binding = channel != nil && !offersBinding ? Binding.notOffered : .unsupported
                if offers("SCRAM-SHA-256") { return try scram(.sha256, binding) }
                if offers("SCRAM-SHA-1") { return try scram(.sha1, binding) }
            }
            // Without TLS a digest is better than the password; under TLS it is no better, and asks the server to
            // keep the password.
            if conditions.minimum <= .digest, authorizationID.isEmpty, !conditions.isPrivate,
                offers("CRAM-MD5")
            {
                return try cramMD5(name: name, password: password, crypto: crypto)
            }
        }
        guard mayReveal, conditions.minimum == .clear else { return nil }
        if offers("PLAIN") {
            return try plain(name: name, password: password, authorizationID: authorizationID)
        }
        return offers("LOGIN") && authorizationID.isEmpty ? try login(name: name, password: password) : nil
    }
}
