/// PLAIN: everything at once, in clear (RFC 4616 §2).
extension SASLMechanism {
    /// Name and password in clear, in one message.
    public static let plain = SASLMechanism("PLAIN", needs: .privacy) { _ in SingleResponse(read: readPlain) }

    /// `[authzid] NUL authcid NUL passwd`: exactly two NULs.
    @Sendable
    static func readPlain(_ message: [UInt8]) throws(SASLFailure) -> Credentials {
        let parts = message.split(separator: 0, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed }
        let authorizationID = try StringPreparation.name(parts[0])
        let name = try StringPreparation.name(parts[1])
        let password = try StringPreparation.clearPassword(parts[2])
        guard !name.isEmpty, !password.octets.isEmpty else { throw .refused }
        return Credentials(
            mechanism: "PLAIN", authenticationID: name, authorizationID: authorizationID,
            proof: .password(password))
    }
}

/// Makes the client's exchanges.
public enum SASLClient {
    /// PLAIN (RFC 4616). What is not empty ASCII without controls is sent as it is if it cannot be prepared here.
    public static func plain(
        name: String, password: Secret, authorizationID: String = ""
    ) throws(SASLFailure) -> any SASLClientExchange {
        let name = try StringPreparation.name(name.utf8)
        let actsAs = try StringPreparation.name(authorizationID.utf8)
        let password = try StringPreparation.clearPassword(password.octets)
        guard !name.isEmpty, !password.octets.isEmpty else { throw .unpreparable }
        return SingleStatement(
            "PLAIN", Secret(Array(actsAs.utf8) + [0] + Array(name.utf8) + [0] + password.octets))
    }
}
