public import SMTPProtocol

/// A read-only view of the connection, handed to handlers. A value: it stays as it was when it was made.
public struct SessionInfo: Sendable {
    let facts: Facts
    /// The transaction so far, if there is one.
    public var envelope: Envelope?

    /// What seldom changes, shared by all views that were made since it did.
    package final class Facts: Sendable {
        let peer: Endpoint
        let local: Endpoint
        let hostname: String
        let hello: Hello?
        let security: Security?
        let identity: Identity?
        let dialect: ServerSession.Dialect

        init(
            peer: Endpoint, local: Endpoint, hostname: String, hello: Hello?, security: Security?,
            identity: Identity?, dialect: ServerSession.Dialect
        ) {
            self.peer = peer
            self.local = local
            self.hostname = hostname
            self.hello = hello
            self.security = security
            self.identity = identity
            self.dialect = dialect
        }
    }

    /// A view; tests make their own.
    public init(
        peer: Endpoint, local: Endpoint = .unknown, hostname: String, hello: Hello? = nil,
        security: Security? = nil, identity: Identity? = nil,
        envelope: Envelope? = nil, dialect: ServerSession.Dialect = .smtp
    ) {
        facts = Facts(
            peer: peer, local: local, hostname: hostname, hello: hello, security: security,
            identity: identity, dialect: dialect)
        self.envelope = envelope
    }

    init(_ facts: Facts, _ envelope: Envelope?) {
        self.facts = facts
        self.envelope = envelope
    }

    /// The client's address.
    public var peer: Endpoint { facts.peer }
    /// Our own address on this connection.
    public var local: Endpoint { facts.local }
    /// The server's name, as in the greeting.
    public var hostname: String { facts.hostname }
    /// How the client introduced itself, if it has.
    public var hello: Hello? { facts.hello }
    /// TLS, if it is on.
    public var security: Security? { facts.security }
    /// Who the client has proven to be, if it has (RFC 4954).
    public var identity: Identity? { facts.identity }
    /// SMTP or LMTP.
    public var dialect: ServerSession.Dialect { facts.dialect }
}
