/// What a TLS endpoint has, demands and trusts.
public struct TLSSettings: Sendable {
    /// The certificates to show. The first whose names fit what the client asks for (SNI) is shown, or else the first.
    /// A client needs none; if it has one, it shows the first when it is asked.
    public var identities: [TLSIdentity]
    /// What a server wants of its clients.
    public var clientCertificates = ClientCertificates.ignored
    /// Whom a client believes.
    public var trust = Trust.system
    /// The protocols to offer by ALPN, best first. A server refuses a client whose own list has none of them, and a
    /// client that has no list is taken.
    public var applicationProtocols: [String] = []
    /// The newest version to speak.
    public var newestVersion = Version.tls13
    /// Whether `Security.channelBindings` are there to be had.
    public var exportsChannelBinding = true

    /// TLS 1.2 and 1.3, without client certificates.
    public init(identities: [TLSIdentity] = []) { self.identities = identities }

    /// The versions of TLS that may be spoken.
    public enum Version: Hashable, Sendable { case tls12, tls13 }

    /// Whether a server asks for certificates. A client's session is then never resumed, so that what is known of it
    /// has always been proved on its own connection.
    public enum ClientCertificates: Hashable, Sendable {
        /// It does not ask.
        case ignored
        /// It asks; a client that shows one must have it from an authority in this PEM file.
        case requested(authorities: String)
        /// It asks, and a client without a good one is refused.
        case required(authorities: String)
    }

    /// Whose certificates a client takes.
    public enum Trust: Hashable, Sendable {
        /// Those of the authorities that this machine trusts.
        case system
        /// Those of the authorities in this PEM file.
        case authorities(String)
        /// Any: what is sent cannot be read on the way, but may go to anybody.
        case anyone
    }
}

/// A certificate with its key.
public enum TLSIdentity: Hashable, Sendable {
    /// PEM files: the certificate followed by what leads to its authority, and the key. They may be one file.
    case files(certificate: String, key: String)
    /// A new certificate for these hosts, signed with its own key: for tests.
    case selfMade(hosts: [String])
}
