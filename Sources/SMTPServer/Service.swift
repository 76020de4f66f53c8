public import SMTPConnection
public import SMTPProtocol

/// What to serve: how connections behave, who decides, how many there may be, and who is told.
public struct Service: Sendable {
    /// How each connection behaves.
    public var connection: ServerConnection.Configuration { didSet { terms = .init(connection) } }
    /// The same, as all connections share it.
    private(set) var terms: ServerConnection.Terms
    /// Makes the handler of one connection, given the client's address. What it throws closes that connection, and so
    /// does nil, as `NoHandler`.
    public var makeHandler: @Sendable (Endpoint) throws -> (any Handler)?
    /// How many connections there may be.
    public var connectionLimits = ConnectionLimits()
    /// Told what happens; called from any thread.
    public var observe: @Sendable (ServiceEvent) -> Void = { _ in }
    /// Puts the text of a handler's error into its 451 reply: for debugging only.
    public var showsHandlerErrors = false

    /// A thousand connections, nobody told, unless said otherwise.
    public init(
        _ connection: ServerConnection.Configuration,
        makeHandler: @escaping @Sendable (Endpoint) throws -> (any Handler)?
    ) {
        self.connection = connection
        terms = .init(connection)
        self.makeHandler = makeHandler
    }
}

/// What a service tells whoever runs it. Nothing here holds content or secrets.
public enum ServiceEvent: Sendable {
    /// A risk in the configuration; told once, at start.
    case warning(PolicyWarning)
    /// A client connected.
    case connected(ConnectionID, peer: Endpoint)
    /// A client was turned away before it became a connection.
    case turnedAway(peer: Endpoint, TurnAwayReason)
    /// The session reported a fact.
    case noticed(ConnectionID, Notice)
    /// A message was accepted: responsibility is ours.
    case accepted(ConnectionID, Envelope, size: Int)
    /// A handler threw; the client got a 451.
    case handlerFailed(ConnectionID, any Error)
    /// No handler could be made; the connection was closed.
    case handlerMissing(peer: Endpoint, any Error)
    /// Accepting failed, for instance for want of descriptors; it goes on after a pause.
    case acceptFailed(errno: Int32)
}

/// The service's `makeHandler` gave nil.
public struct NoHandler: Error, Hashable, Sendable, CustomStringConvertible {
    /// What happened.
    public var description: String { "makeHandler returned nil" }
}

/// Why a client was turned away.
public enum TurnAwayReason: Hashable, Sendable {
    /// There are too many connections in all.
    case tooManyConnections
    /// There are too many from this peer.
    case tooManyFromPeer
    /// No thread or descriptor could be had.
    case noResources
}

/// Numbers connections within a process, for logs.
public struct ConnectionID: Hashable, Sendable, CustomStringConvertible {
    /// From 1 on.
    public let number: UInt64
    /// The number.
    public var description: String { "\(number)" }
}
