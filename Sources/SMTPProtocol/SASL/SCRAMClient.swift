extension SASLClient {
    /// What a client does about channel binding.
    public enum Binding: Hashable, Sendable {
        /// It cannot.
        case unsupported
        /// It could, but the server offers no mechanism with it (RFC 5802 §6).
        case notOffered
        /// It binds to this.
        case to(ChannelBinding)
    }

    /// SCRAM (RFC 5802, RFC 7677); the mechanism with `-PLUS` if the channel is bound. `iterations` is what the
    /// server may ask for: less is not worth the name, more would only keep us busy.
    public static func scram(
        name: String, password: Secret, authorizationID: String = "", function: HashFunction = .sha256,
        binding: Binding = .unsupported,
        iterations: ClosedRange<Int> = SCRAMKey.minimumIterations...1_000_000,
        crypto: any SASLCrypto
    ) throws(SASLFailure) -> any SASLClientExchange {
        let header: GS2Header.Binding
        var bound: ChannelBinding?
        switch binding {
        case .unsupported: header = .unsupported
        case .notOffered: header = .unused
        case .to(let channel):
            header = .used(channel.kind)
            bound = channel
        }
        return SCRAMClient(
            function, bound, crypto, iterations,
            header: try GS2Header(
                binding: header, authorizationID: authorizationID.isEmpty ? nil : authorizationID
            ).octets,
            name: try GS2Header.encodeName(name), password: try StringPreparation.ownPassword(password))
    }
}

package struct SCRAMClient: SASLClientExchange, Redacted {
    package let mechanism: SASLMechanismName
    private let function: HashFunction
    private let crypto: any SASLCrypto
    private let iterations: ClosedRange<Int>
    private let header: [UInt8]
    private let binding: [UInt8]
    private let password: Secret
    private let nonce: [UInt8]
    private let bare: [UInt8]
    private var stage = Stage.beginning

    private enum Stage {
        case beginning, said
        case deriving(SCRAMServerFirst, message: [UInt8])
        case proven(serverSignature: [UInt8])
        case content, over
    }

    /// A nonce is made up unless given.
    package init(
        _ function: HashFunction, _ bound: ChannelBinding?, _ crypto: any SASLCrypto,
        _ iterations: ClosedRange<Int>,
        header: [UInt8], name: [UInt8], password: Secret, nonce: [UInt8]? = nil
    ) {
        let plain: SASLMechanismName = function == .sha1 ? "SCRAM-SHA-1" : "SCRAM-SHA-256"
        let plus: SASLMechanismName = function == .sha1 ? "SCRAM-SHA-1-PLUS" : "SCRAM-SHA-256-PLUS"
        mechanism = bound == nil ? plain : plus
        self.function = function
        self.crypto = crypto
        self.iterations = iterations
        self.header = header
        binding = header + (bound?.octets ?? [])
        self.password = password
        let nonce = nonce ?? SCRAMMessage.freshNonce(crypto)
        self.nonce = nonce
        bare = SCRAMMessage.joined(Array("n=".utf8) + name, Array("r=".utf8) + nonce)
    }

    package mutating func next(_ event: SASLClientEvent) -> SASLClientStep {
        do throws(SASLFailure) {
            switch (stage, event) {
            case (.beginning, .started):
                stage = .said
                return .respond(Secret(header + bare))
            case (.said, .challenge(let message)): return try read(message.octets)
            case (.deriving(let first, let message), .derived(let salted)):
                return prove(first, message, salted)
            case (.proven(let signature), .challenge(let message)):
                try check(message.octets, signature)
                stage = .content
                return .respond(Secret([]))
            case (.content, .succeeded):
                stage = .over
                return .finish
            // A server that is content without having proven itself is not the right one (RFC 5802 §5).
            case (_, .succeeded): throw .serverUnproven
            case (.beginning, _), (.said, _), (.deriving, _), (.proven, _), (.content, _), (.over, _):
                throw .malformed
            }
        } catch {
            stage = .over
            return .fail(error)
        }
    }

    private mutating func read(_ message: [UInt8]) throws(SASLFailure) -> SASLClientStep {
        if message.first == UInt8(ascii: "e") { throw .serverError }
        let first = try SCRAMServerFirst(message)
        // Ours, and something of the server's own (RFC 5802 §5.1).
        guard first.nonce.starts(with: nonce), first.nonce.count > nonce.count else { throw .malformed }
        guard iterations.contains(first.iterations) else { throw .unreasonableIterations }
        stage = .deriving(first, message: message)
        return .derive(
            SCRAMDerivation(
                password: password, salt: first.salt, iterations: first.iterations, function: function))
    }

    private mutating func prove(
        _ first: SCRAMServerFirst, _ message: [UInt8], _ salted: Secret
    ) -> SASLClientStep {
        let withoutProof = SCRAMMessage.joined(
            SCRAMMessage.attribute("c", base64: binding), Array("r=".utf8) + first.nonce)
        let authMessage = SCRAMMessage.joined(bare, message, withoutProof)
        let clientKey = crypto.hmac(Array("Client Key".utf8), key: salted.octets, with: function)
        let storedKey = crypto.hash(clientKey, with: function)
        let proof = SCRAMMessage.exclusiveOr(
            clientKey, crypto.hmac(authMessage, key: storedKey, with: function))
        let serverKey = crypto.hmac(Array("Server Key".utf8), key: salted.octets, with: function)
        stage = .proven(serverSignature: crypto.hmac(authMessage, key: serverKey, with: function))
        return .respond(
            Secret(SCRAMMessage.joined(withoutProof, SCRAMMessage.attribute("p", base64: proof))))
    }

    private func check(_ message: [UInt8], _ signature: [UInt8]) throws(SASLFailure) {
        if message.first == UInt8(ascii: "e") { throw .serverError }
        let attributes = try SCRAMMessage.attributes(message[...])
        let shown = try SCRAMMessage.base64(attributes.first, of: "v")
        guard shown.count == function.size, crypto.isEqual(shown, signature) else { throw .serverUnproven }
    }
}
