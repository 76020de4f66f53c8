/// LOGIN: name and password, each asked for; no standard, but what some clients know only (draft-murchison-sasl-login).
extension SASLMechanism {
    /// Name and password in clear, one after the other.
    public static let login = SASLMechanism("LOGIN", needs: .privacy) { _ in LoginServer() }
}

struct LoginServer: SASLServerExchange, Redacted {
    private var name: [UInt8]?

    mutating func next(_ event: SASLServerEvent) -> SASLServerStep {
        switch event {
        case .started(nil): return .challenge(Secret("Username:"))
        case .started(let response?): return take(response.octets)
        case .response(let response): return take(response.octets)
        case .accepted: return .succeed
        case .refused: return .fail(.refused)
        case .key: return .fail(.malformed)
        }
    }

    private mutating func take(_ response: [UInt8]) -> SASLServerStep {
        guard let name else {
            name = response
            return .challenge(Secret("Password:"))
        }
        do throws(SASLFailure) {
            let name = try StringPreparation.name(name)
            let password = try StringPreparation.clearPassword(response)
            guard !name.isEmpty, !password.octets.isEmpty else { return .fail(.refused) }
            return .verify(
                Credentials(mechanism: "LOGIN", authenticationID: name, proof: .password(password)))
        } catch {
            return .fail(error)
        }
    }
}

extension SASLClient {
    /// LOGIN: the first challenge gets the name, the second the password, whatever they say.
    public static func login(name: String, password: Secret) throws(SASLFailure) -> any SASLClientExchange {
        let name = try StringPreparation.name(name.utf8)
        let password = try StringPreparation.clearPassword(password.octets)
        guard !name.isEmpty, !password.octets.isEmpty else { throw .unpreparable }
        return LoginClient(left: [password, Secret(name)])
    }
}

struct LoginClient: SASLClientExchange, Redacted {
    let mechanism: SASLMechanismName = "LOGIN"
    /// What is still to be said, the next last.
    var left: [Secret]

    mutating func next(_ event: SASLClientEvent) -> SASLClientStep {
        switch event {
        case .started: return .wait
        case .challenge: return left.popLast().map { .respond($0) } ?? .fail(.malformed)
        case .succeeded: return left.isEmpty ? .finish : .fail(.serverUnproven)
        case .derived: return .fail(.malformed)
        }
    }
}
