public import SMTPConnection
import SMTPProtocol

extension Handler {
    /// This handler, and any name with any password or token is good: for tests only.
    public func lettingAnybodyIn() -> any Handler { GuardedHandler(self, Anybody()) }
}

/// Finds all credentials good.
private struct Anybody: Gatekeeper {
    func authenticate(_ credentials: Credentials, in context: Context) -> Decision {
        let name = credentials.authorizationID ?? credentials.authenticationID
        return .now(.identity(name.utf8.isEmpty ? "anybody" : name))
    }
    func authenticationKey(for request: SASLKeyRequest, in context: Context) -> Decision { .accept }
}
