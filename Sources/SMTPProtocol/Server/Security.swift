/// What a completed TLS handshake established.
public struct Security: Hashable, Sendable {
    /// Such as `TLSv1.3`.
    public var version: String
    /// Such as `TLS_AES_256_GCM_SHA384`.
    public var cipher: String
    /// The name the client asked for (SNI), if any.
    public var serverName: String?
    /// The peer's certificate, if it showed one that was verified.
    public var peerCertificate: PeerCertificate?
    /// The protocol agreed on by ALPN, if any.
    public var applicationProtocol: String?
    /// Whether an earlier session went on.
    public var isResumed = false
    /// What can tie an authentication to this TLS connection; empty where TLS gives nothing that could.
    public var channelBindings: [ChannelBinding] = []

    /// What was established.
    public init(
        version: String, cipher: String, serverName: String? = nil, peerCertificate: PeerCertificate? = nil
    ) {
        self.version = version
        self.cipher = cipher
        self.serverName = serverName
        self.peerCertificate = peerCertificate
    }
}

/// A certificate that a peer has proved to own.
public struct PeerCertificate: Hashable, Sendable {
    /// The whole of it, in DER.
    public var octets: [UInt8]
    /// Its subject, such as `CN=client.example.com,O=Example`.
    public var subject: String
    /// The SHA-256 of `octets`.
    public var fingerprint: [UInt8]

    /// A certificate; tests make their own.
    public init(octets: [UInt8], subject: String, fingerprint: [UInt8]) {
        self.octets = octets
        self.subject = subject
        self.fingerprint = fingerprint
    }
}
