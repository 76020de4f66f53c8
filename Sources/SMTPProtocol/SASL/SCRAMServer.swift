/// SCRAM: the password is proven, not sent, and the server proves that it knows it too (RFC 5802, RFC 7677).
extension SASLMechanism {
    /// SCRAM with SHA-1, for old clients.
    public static let scramSHA1 = scram("SCRAM-SHA-1", .sha1)
    /// SCRAM with SHA-256.
    public static let scramSHA256 = scram("SCRAM-SHA-256", .sha256)
    /// SCRAM with SHA-1, bound to the TLS connection.
    public static let scramSHA1Plus = scram("SCRAM-SHA-1-PLUS", .sha1, isBound: true)
    /// SCRAM with SHA-256, bound to the TLS connection.
    public static let scramSHA256Plus = scram("SCRAM-SHA-256-PLUS", .sha256, isBound: true)

    private static func scram(
        _ name: SASLMechanismName, _ function: HashFunction, isBound: Bool = false
    ) -> SASLMechanism {
        SASLMechanism(name, needs: isBound ? [.crypto, .channelBinding, .privacy] : .crypto) { context in
            guard let crypto = context.crypto, !isBound || !context.channelBindings.isEmpty else {
                return nil
            }
            return SCRAMServer(name, function, isBound: isBound, context, crypto)
        }
    }
}

/// A name that nobody knows goes the same way, with a salt of its own and a proof that is never right, so that it
/// cannot be told from one whose password was wrong.
package struct SCRAMServer: SASLServerExchange, Redacted {
    private let mechanism: SASLMechanismName
    private let function: HashFunction
    private let isBound: Bool
    private let context: SASLServerContext
    private let crypto: any SASLCrypto
    /// Our part of the nonce.
    private let nonce: [UInt8]
    private var stage = Stage.beginning

    private enum Stage {
        case beginning
        case lookingUp(SCRAMClientFirst)
        case challenged(Challenge)
        case verifying(signature: [UInt8])
        /// The server's signature has been sent; an empty response is due (RFC 4954 §4).
        case signed
        case over
    }

    private struct Challenge {
        let first: SCRAMClientFirst
        let key: SCRAMKey
        let isKnown: Bool
        let nonce: [UInt8]
        let message: [UInt8]
    }

    /// A nonce is made up unless given.
    package init(
        _ mechanism: SASLMechanismName, _ function: HashFunction, isBound: Bool, _ context: SASLServerContext,
        _ crypto: any SASLCrypto, nonce: [UInt8]? = nil
    ) {
        self.mechanism = mechanism
        self.function = function
        self.isBound = isBound
        self.context = context
        self.crypto = crypto
        self.nonce = nonce ?? SCRAMMessage.freshNonce(crypto)
    }

    package mutating func next(_ event: SASLServerEvent) -> SASLServerStep {
        do throws(SASLFailure) {
            switch (stage, event) {
            case (.beginning, .started(nil)): return .challenge(Secret([]))
            case (.beginning, .started(let message?)), (.beginning, .response(let message)):
                return try begin(message.octets)
            case (.lookingUp(let first), .key(let key)): return challenge(first, key)
            case (.challenged(let challenge), .response(let message)):
                return try check(message.octets, challenge)
            case (.verifying(let signature), .accepted):
                stage = .signed
                return .challenge(Secret(SCRAMMessage.attribute("v", base64: signature)))
            case (.verifying, .refused): throw .refused
            case (.signed, .response(let response)):
                guard response.octets.isEmpty else { throw .malformed }
                stage = .over
                return .succeed
            case (.beginning, _), (.lookingUp, _), (.challenged, _), (.verifying, _), (.signed, _),
                (.over, _):
                throw .malformed
            }
        } catch {
            stage = .over
            return .fail(error)
        }
    }

    private mutating func begin(_ message: [UInt8]) throws(SASLFailure) -> SASLServerStep {
        let first = try SCRAMClientFirst(message)
        switch (isBound, first.header.binding) {
        case (true, .used(let kind)):
            guard let kind, context.channelBindings.contains(where: { $0.kind == kind }) else {
                throw .channelMismatch
            }
        case (true, .unsupported), (true, .unused), (false, .used): throw .channelMismatch
        // The client could bind the channel and saw no offer to: somebody took it away (RFC 5802 §6).
        case (false, .unused): guard !context.offersChannelBinding else { throw .channelMismatch }
        case (false, .unsupported): break
        }
        stage = .lookingUp(first)
        return .lookUp(
            SASLKeyRequest(mechanism: mechanism, authenticationID: first.name, kind: .scram(function)))
    }

    private mutating func challenge(_ first: SCRAMClientFirst, _ found: SASLKey?) -> SASLServerStep {
        var key = decoy(first.name)
        var isKnown = false
        if case .scram(let kept)? = found, kept.function == function {
            key = kept
            isKnown = true
        }
        let nonce = first.nonce + nonce
        let message = SCRAMMessage.joined(
            Array("r=".utf8) + nonce, SCRAMMessage.attribute("s", base64: key.salt),
            Array("i=\(key.iterations)".utf8))
        stage = .challenged(
            Challenge(first: first, key: key, isKnown: isKnown, nonce: nonce, message: message))
        return .challenge(Secret(message))
    }

    /// The same for the same name, and unlike for others.
    private func decoy(_ name: String) -> SCRAMKey {
        let secret = context.decoys.secret.octets
        let salt = crypto.hmac(Array(name.utf8), key: secret + Array("decoy".utf8), with: function).prefix(16)
        let nothing = [UInt8](repeating: 0, count: function.size)
        return SCRAMKey(
            function: function, salt: Array(salt), iterations: context.decoys.iterations, storedKey: nothing,
            serverKey: nothing)
    }

    private mutating func check(_ message: [UInt8], _ challenge: Challenge) throws(SASLFailure)
        -> SASLServerStep
    {
        let final = try SCRAMClientFinal(message)
        guard final.nonce == challenge.nonce else { throw .malformed }
        guard final.proof.count == function.size else { throw .refused }
        var binding = challenge.first.headerOctets
        if case .used(let kind?) = challenge.first.header.binding {
            binding += context.channelBindings.first { $0.kind == kind }?.octets ?? []
        }
        let authMessage = SCRAMMessage.joined(challenge.first.bare, challenge.message, final.withoutProof)
        let signature = crypto.hmac(authMessage, key: challenge.key.storedKey.octets, with: function)
        let clientKey = SCRAMMessage.exclusiveOr(final.proof, signature)
        let isProven = crypto.isEqual(
            crypto.hash(clientKey, with: function), challenge.key.storedKey.octets)
        let serverSignature = crypto.hmac(authMessage, key: challenge.key.serverKey.octets, with: function)
        guard crypto.isEqual(final.binding, binding) else { throw .channelMismatch }
        guard isProven, challenge.isKnown, challenge.key.storedKey.octets.count == function.size else {
            throw .refused
        }
        stage = .verifying(signature: serverSignature)
        return .verify(
            Credentials(
                mechanism: mechanism, authenticationID: challenge.first.name,
                authorizationID: challenge.first.header.authorizationID, proof: .proven))
    }
}
