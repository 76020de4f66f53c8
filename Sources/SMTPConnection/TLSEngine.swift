public import SMTPProtocol

/// One TLS endpoint over memory buffers the caller owns. Records in, plaintext out, and back.
public protocol TLSEngine: AnyObject {
    /// Consumes records; appends plaintext, and any records to send, alerts included. A client's handshake begins with
    /// its first call, which brings no records.
    func receive(_ records: Span<UInt8>, plaintext: inout [UInt8], output: inout [UInt8]) throws(TLSError)
    /// Encrypts; only after the handshake.
    func send(_ plaintext: Span<UInt8>, output: inout [UInt8]) throws(TLSError)
    /// Appends `close_notify`.
    func close(output: inout [UInt8])
    /// What the handshake established; `nil` while it is going on.
    var security: Security? { get }
    /// True once the peer's `close_notify` has been read: a clean end, not a truncation.
    var peerHasClosed: Bool { get }
}

/// Why TLS failed.
public enum TLSError: Error, Hashable, Sendable {
    /// During the handshake.
    case handshake(String)
    /// A record that cannot be read.
    case record(String)
    /// The stream ended without `close_notify`.
    case truncated
    /// The peer's certificate is not good enough.
    case rejected(String)
}

/// Certificates and policy, from which engines are made.
public protocol TLSContext: Sendable {
    /// A server engine, before its handshake.
    func makeServer() -> any TLSEngine
    /// A client engine, before its handshake. The server's certificate must be for `serverName`, a domain name (sent
    /// as SNI) or the text of an address; with `nil` any trusted certificate will do.
    func makeClient(serverName: String?) -> any TLSEngine
    /// What is risky about it.
    var warnings: [PolicyWarning] { get }
}

extension TLSContext {
    /// Nothing.
    public var warnings: [PolicyWarning] { [] }
}
