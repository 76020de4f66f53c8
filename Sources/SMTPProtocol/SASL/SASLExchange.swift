/// The server's side of one exchange (RFC 4422 §3), pure: it is told what happened and says what comes next.
///
/// A value: a copy is a fork. An application's own mechanism is a type that conforms.
public protocol SASLServerExchange: Sendable {
    /// Takes what happened; says what comes next. After `.succeed` or `.fail` it is not called again.
    mutating func next(_ event: SASLServerEvent) -> SASLServerStep
}

/// What a server's exchange is told.
public enum SASLServerEvent: Hashable, Sendable {
    /// AUTH has been said, with this initial response or, `nil`, without one.
    case started(Secret?)
    /// The client's response to the last challenge.
    case response(Secret)
    /// What the application keeps for the name that was looked up; `nil` if it knows no such name.
    case key(SASLKey?)
    /// The application found the credentials good.
    case accepted
    /// The application refused them.
    case refused
}

/// What a server's exchange wants.
public enum SASLServerStep: Hashable, Sendable {
    /// Send this to the client, and wait for its response.
    case challenge(Secret)
    /// Ask the application what it keeps for a name.
    case lookUp(SASLKeyRequest)
    /// Ask the application whether these are good.
    case verify(Credentials)
    /// The client is who it says it is.
    case succeed
    /// It is not, or has not said so properly.
    case fail(SASLFailure)
}

/// The client's side of one exchange, pure: it is told what happened and says what comes next.
public protocol SASLClientExchange: Sendable {
    /// The name to send with AUTH.
    var mechanism: SASLMechanismName { get }
    /// Takes what happened; says what comes next. After `.finish` or `.fail` it is not called again.
    mutating func next(_ event: SASLClientEvent) -> SASLClientStep
}

/// What a client's exchange is told.
public enum SASLClientEvent: Hashable, Sendable {
    /// AUTH is about to be said.
    case started
    /// The server's challenge; empty if it only gives the word back.
    case challenge(Secret)
    /// The key that `.derive` asked for.
    case derived(Secret)
    /// The server says that it is content.
    case succeeded
}

/// What a client's exchange wants.
public enum SASLClientStep: Hashable, Sendable {
    /// Say AUTH without an initial response, and wait for a challenge.
    case wait
    /// Send this: with AUTH or, where that is too long, after the empty challenge; later as the response.
    case respond(Secret)
    /// Derive a key, wherever slow work is done, and say `.derived`.
    case derive(SCRAMDerivation)
    /// The server's success is believed.
    case finish
    /// Cancel, or, if the server has already said that it is content, close: it is not the right one.
    case fail(SASLFailure)
}

/// Why an exchange did not succeed. None of it tells a secret.
public enum SASLFailure: Error, Hashable, Sendable {
    /// What came does not follow the mechanism's grammar.
    case malformed
    /// The credentials are not good.
    case refused
    /// A name or password holds what may not be in one, or what cannot be prepared here (RFC 4013).
    case unpreparable
    /// The channel is not the one that the other side sees, or somebody has hidden that it could be bound.
    case channelMismatch
    /// A mechanism that needs cryptography was given none.
    case noCrypto
    /// The exchange has gone on for too long.
    case tooLong
    /// The server did not prove that it knows the password.
    case serverUnproven
    /// The server asked for work that is not worth its while, or too much of it.
    case unreasonableIterations
    /// The server said why not; the text is its own.
    case serverError
}

/// What a mechanism learned, for the application to check.
public struct Credentials: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// How it was learned.
    public let mechanism: SASLMechanismName
    /// Who the client says it is, prepared (RFC 4013): two names that look the same are the same. Empty if the
    /// proof itself must tell: certificates and tokens do.
    public let authenticationID: String
    /// Who it wants to act as, if not as itself; prepared.
    public let authorizationID: String?
    /// What it has to show for that.
    public let proof: Proof

    /// For a mechanism of the application's own.
    public init(
        mechanism: SASLMechanismName, authenticationID: String, authorizationID: String? = nil, proof: Proof
    ) {
        self.mechanism = mechanism
        self.authenticationID = authenticationID
        // Nobody acts for himself.
        self.authorizationID =
            authorizationID == authenticationID || authorizationID == "" ? nil : authorizationID
        self.proof = proof
    }

    /// What speaks for the client.
    public enum Proof: Hashable, Sendable {
        /// A password in clear, for the application to check.
        case password(Secret)
        /// The mechanism has checked it against the key that the application gave.
        case proven
        /// A bearer token (RFC 6750), for the application to check; the token says who the client is.
        case token(Secret)
        /// The client certificate of the TLS layer, which says who the client is.
        case certificate
        /// None: the client calls itself anonymous, and this is what it left for the record (RFC 4505 §2).
        case anonymous(trace: String)
        /// Whatever a mechanism of the application's own has learned.
        case other(Secret)
    }

    /// The names, not the proof.
    public var description: String { "\(mechanism) \(authenticationID.debugDescription)" }
    /// The names, not the proof.
    public var debugDescription: String { description }
}

/// A question for what an application keeps about a name.
public struct SASLKeyRequest: Hashable, Sendable {
    /// The mechanism that wants it.
    public let mechanism: SASLMechanismName
    /// The name, prepared (RFC 4013).
    public let authenticationID: String
    /// What is wanted.
    public let kind: Kind

    /// A question.
    public init(mechanism: SASLMechanismName, authenticationID: String, kind: Kind) {
        self.mechanism = mechanism
        self.authenticationID = authenticationID
        self.kind = kind
    }

    /// What a mechanism needs to know.
    public enum Kind: Hashable, Sendable {
        /// The stored form for SCRAM with this function.
        case scram(HashFunction)
        /// The password itself.
        case password
    }
}

/// What an application keeps about a name.
public enum SASLKey: Hashable, Sendable {
    /// The stored form for SCRAM: enough to check a password, not enough to use it.
    case scram(SCRAMKey)
    /// The password itself, prepared; only CRAM-MD5 has to have it.
    case password(Secret)
}
