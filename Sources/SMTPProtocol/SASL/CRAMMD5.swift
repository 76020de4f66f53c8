/// CRAM-MD5: a digest over a challenge (RFC 2195). Whoever records one can try passwords on it at leisure, and the
/// server has to keep the password itself; so it must be asked for.
extension SASLMechanism {
    /// A keyed digest of the server's challenge.
    public static let cramMD5 = SASLMechanism("CRAM-MD5", needs: [.crypto, .indulgence]) { context in
        context.crypto.map { CRAMMD5Server(crypto: $0, hostname: context.hostname) }
    }
}

package struct CRAMMD5Server: SASLServerExchange, Redacted {
    let crypto: any SASLCrypto
    private let challenge: [UInt8]
    private var name = ""
    private var digest: [UInt8] = []

    /// A challenge is made up unless given.
    package init(crypto: any SASLCrypto, hostname: String, challenge: [UInt8]? = nil) {
        self.crypto = crypto
        if let challenge {
            self.challenge = challenge
        } else {
            // The form of a msg-id, never the same twice (RFC 2195 §2).
            let host = hostname.utf8.filter { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: ">") }
            let unique = Hexadecimal.encode(crypto.randomOctets(16))
            self.challenge =
                [UInt8(ascii: "<")] + unique + [UInt8(ascii: "@")] + host + [UInt8(ascii: ">")]
        }
    }

    package mutating func next(_ event: SASLServerEvent) -> SASLServerStep {
        switch event {
        case .started(nil): return .challenge(Secret(challenge))
        case .started: return .fail(.malformed)
        case .response(let response): return take(response.octets)
        case .key(let key): return check(key)
        case .accepted: return .succeed
        case .refused: return .fail(.refused)
        }
    }

    /// `user SP digest`, the digest in lower-case hexadecimal.
    private mutating func take(_ response: [UInt8]) -> SASLServerStep {
        guard let space = response.lastIndex(of: UInt8(ascii: " ")) else { return .fail(.malformed) }
        digest = Array(response[(space + 1)...])
        guard digest.count == 2 * HashFunction.md5.size, digest.allSatisfy(Hexadecimal.isDigit) else {
            return .fail(.malformed)
        }
        do throws(SASLFailure) {
            name = try StringPreparation.name(response[..<space])
        } catch {
            return .fail(error)
        }
        guard !name.isEmpty else { return .fail(.refused) }
        return .lookUp(SASLKeyRequest(mechanism: "CRAM-MD5", authenticationID: name, kind: .password))
    }

    /// Does the same work for a name that nobody knows.
    private func check(_ key: SASLKey?) -> SASLServerStep {
        var password: Secret?
        if case .password(let found)? = key, !found.octets.isEmpty { password = found }
        let expected = crypto.hmac(challenge, key: password?.octets ?? [0], with: .md5)
        let isRight = crypto.isEqual(digest, Hexadecimal.encode(expected))
        guard isRight, password != nil else { return .fail(.refused) }
        return .verify(Credentials(mechanism: "CRAM-MD5", authenticationID: name, proof: .proven))
    }
}

extension SASLClient {
    /// CRAM-MD5 (RFC 2195).
    public static func cramMD5(
        name: String, password: Secret, crypto: any SASLCrypto
    ) throws(SASLFailure) -> any SASLClientExchange {
        let name = try StringPreparation.name(name.utf8)
        guard !name.isEmpty else { throw .unpreparable }
        let password = try StringPreparation.ownPassword(password)
        return CRAMMD5Client(name: name, password: password, crypto: crypto)
    }
}

struct CRAMMD5Client: SASLClientExchange, Redacted {
    let mechanism: SASLMechanismName = "CRAM-MD5"
    let name: String
    let password: Secret
    let crypto: any SASLCrypto
    private var hasSpoken = false

    init(name: String, password: Secret, crypto: any SASLCrypto) {
        self.name = name
        self.password = password
        self.crypto = crypto
    }

    mutating func next(_ event: SASLClientEvent) -> SASLClientStep {
        switch event {
        case .started: return .wait
        case .challenge(let challenge):
            guard !hasSpoken, !challenge.octets.isEmpty else { return .fail(.malformed) }
            hasSpoken = true
            let digest = crypto.hmac(challenge.octets, key: password.octets, with: .md5)
            return .respond(Secret(Array(name.utf8) + [UInt8(ascii: " ")] + Hexadecimal.encode(digest)))
        case .succeeded: return hasSpoken ? .finish : .fail(.serverUnproven)
        case .derived: return .fail(.malformed)
        }
    }
}

/// Octets as pairs of lower-case digits.
enum Hexadecimal {
    static func encode(_ octets: [UInt8]) -> [UInt8] {
        octets.flatMap { [digit($0 >> 4), digit($0 & 15)] }
    }

    static func isDigit(_ octet: UInt8) -> Bool { octet.hexadecimalValue != nil && octet &- 65 >= 26 }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 &+ value : 87 &+ value }
}
