/// EXTERNAL: the layer below has proven who the client is (RFC 4422, Appendix A).
extension SASLMechanism {
    /// The client certificate speaks; offered only where one was shown and verified.
    public static let external = SASLMechanism("EXTERNAL", needs: [.privacy, .certificate]) { _ in
        SingleResponse { message throws(SASLFailure) in
            Credentials(
                mechanism: "EXTERNAL", authenticationID: "",
                authorizationID: try StringPreparation.name(message), proof: .certificate)
        }
    }
}

extension SASLClient {
    /// EXTERNAL: acts as the one that the certificate names, or as another.
    public static func external(authorizationID: String = "") throws(SASLFailure) -> any SASLClientExchange {
        SingleStatement("EXTERNAL", Secret(try StringPreparation.name(authorizationID.utf8)))
    }
}
