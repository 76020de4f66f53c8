/// OAUTHBEARER (RFC 7628) and its forerunner XOAUTH2: a bearer token instead of a password.
///
/// What the client claims to be comes as the identity to act as: the token says who it is, so the application has to
/// name that one in its answer.
extension SASLMechanism {
    /// A bearer token, as standardized.
    public static let oauthBearer = SASLMechanism("OAUTHBEARER", needs: .privacy) { _ in
        BearerServer { message throws(SASLFailure) in
            let header = try GS2Header(message)
            // No channel binding is defined for it.
            guard header.binding == .unsupported else { throw .malformed }
            let pairs = try BearerServer.pairs(message[header.length...])
            return try BearerServer.credentials("OAUTHBEARER", header.authorizationID, pairs)
        }
    }
    /// A bearer token, as two large providers first had it.
    public static let xoauth2 = SASLMechanism("XOAUTH2", needs: .privacy) { _ in
        BearerServer { message throws(SASLFailure) in
            let pairs = try BearerServer.pairs([1] + message)
            guard let user = pairs.first, user.key == Array("user".utf8) else { throw .malformed }
            let name = try StringPreparation.name(user.value)
            return try BearerServer.credentials("XOAUTH2", name, pairs)
        }
    }
}

struct BearerServer: SASLServerExchange, Redacted {
    let read: @Sendable ([UInt8]) throws(SASLFailure) -> Credentials
    private var hasExplained = false

    init(read: @escaping @Sendable ([UInt8]) throws(SASLFailure) -> Credentials) { self.read = read }

    mutating func next(_ event: SASLServerEvent) -> SASLServerStep {
        switch event {
        case .started(nil): return .challenge(Secret([]))
        case .started(let response?), .response(let response):
            // Whatever the client says to the explanation, it has failed (RFC 7628 §3.2.3).
            guard !hasExplained else { return .fail(.refused) }
            do throws(SASLFailure) {
                return .verify(try read(response.octets))
            } catch {
                return .fail(error)
            }
        case .accepted: return .succeed
        case .refused:
            hasExplained = true
            return .challenge(Secret(#"{"status":"invalid_token","schemes":"bearer"}"#))
        case .key: return .fail(.malformed)
        }
    }

    /// `^A key=value ^A … ^A ^A` (RFC 7628 §3.1).
    static func pairs(
        _ text: some Collection<UInt8>
    ) throws(SASLFailure) -> [(key: [UInt8], value: [UInt8])] {
        let fields = text.split(separator: 1, omittingEmptySubsequences: false)
        guard fields.count >= 4, fields[0].isEmpty, fields.suffix(2).allSatisfy(\.isEmpty) else {
            throw .malformed
        }
        var pairs: [(key: [UInt8], value: [UInt8])] = []
        for field in fields.dropFirst().dropLast(2) {
            guard let equals = field.firstIndex(of: UInt8(ascii: "=")), equals != field.startIndex,
                field.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == 9 || $0 == 10 || $0 == 13 })
            else { throw .malformed }
            pairs.append((Array(field[..<equals]), Array(field[field.index(after: equals)...])))
        }
        return pairs
    }

    /// The one `auth` pair holds the token (RFC 7628 §3.1, RFC 6750 §2.1).
    static func credentials(
        _ mechanism: SASLMechanismName, _ name: String?, _ pairs: [(key: [UInt8], value: [UInt8])]
    ) throws(SASLFailure) -> Credentials {
        let found = pairs.filter { $0.key == Array("auth".utf8) }
        guard found.count == 1, found[0].value.count > 7 else { throw .malformed }
        let value = found[0].value
        let scheme = Array(value[..<6])
        let token = Array(value[7...])
        guard spells(scheme.span, "bearer"), value[6] == UInt8(ascii: " "),
            token.allSatisfy({ $0 > 32 && $0 < 127 })
        else { throw .malformed }
        return Credentials(
            mechanism: mechanism, authenticationID: "", authorizationID: name, proof: .token(Secret(token)))
    }
}

extension SASLClient {
    /// OAUTHBEARER (RFC 7628); `name` may be left out.
    public static func oauthBearer(name: String = "", token: Secret) throws(SASLFailure)
        -> any SASLClientExchange
    {
        let header = GS2Header(binding: .unsupported, authorizationID: name.isEmpty ? nil : name)
        return SingleStatement(
            "OAUTHBEARER", Secret(try header.octets + [1] + bearer(token)), replyToFailure: Secret([1]))
    }

    /// XOAUTH2.
    public static func xoauth2(name: String, token: Secret) throws(SASLFailure) -> any SASLClientExchange {
        let name = try StringPreparation.name(name.utf8)
        return SingleStatement(
            "XOAUTH2", Secret(try Array("user=\(name)".utf8) + [1] + bearer(token)),
            replyToFailure: Secret([]))
    }

    private static func bearer(_ token: Secret) throws(SASLFailure) -> [UInt8] {
        guard !token.octets.isEmpty, token.octets.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw .unpreparable
        }
        return Array("auth=Bearer ".utf8) + token.octets + [1, 1]
    }
}
