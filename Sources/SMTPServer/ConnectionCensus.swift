public import SMTPConnection
public import SMTPSockets

/// Counts the connections of a service and says who has to be turned away. From any thread.
public final class ConnectionCensus: @unchecked Sendable, Hashable {
    private let limits: ConnectionLimits
    private let lock = PosixLock()
    private var total = 0
    private var byPeer: [PeerKey: Int] = [:]
    private var visitor = Visitor.none

    /// Nobody is there yet.
    public init(_ limits: ConnectionLimits) { self.limits = limits }

    /// How many there are.
    public var count: Int { lock.withLock { total } }

    /// Counts a connection from `peer`, unless there is a reason to turn it away.
    public func admit(_ peer: Endpoint) -> TurnAwayReason? {
        let key = limitedKey(of: peer)
        return lock.withLock {
            if visitor == .expected(peer) {
                visitor = .here(peer)
                return nil
            }
            guard total < limits.total else { return .tooManyConnections }
            if let key, let limit = limits.perPeer {
                guard byPeer[key, default: 0] < limit else { return .tooManyFromPeer }
                byPeer[key, default: 0] += 1
            }
            total += 1
            return nil
        }
    }

    /// A connection that was admitted has ended. Call it before the descriptor is closed.
    public func leave(_ peer: Endpoint) {
        let key = limitedKey(of: peer)
        lock.withLock {
            if visitor == .here(peer) {
                visitor = .none
                return
            }
            total -= 1
            guard let key, let count = byPeer[key] else { return }
            byPeer[key] = count > 1 ? count - 1 : nil
        }
    }

    /// The next connection from `peer` is the controller's own and counts for nothing.
    package func expect(_ peer: Endpoint) { lock.withLock { visitor = .expected(peer) } }

    /// One and the same census.
    public static func == (a: ConnectionCensus, b: ConnectionCensus) -> Bool { a === b }

    /// Consistent with `==`.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }

    private func limitedKey(of peer: Endpoint) -> PeerKey? {
        guard limits.perPeer != nil, !(limits.exemptsLoopback && peer.isLoopback) else { return nil }
        return peer.peerKey
    }

    private enum Visitor: Hashable {
        case none
        case expected(Endpoint)
        case here(Endpoint)
    }
}

/// A listener of a service, for adapters: who comes in here is counted or turned away.
public struct Door: Sendable {
    /// What accepts; the adapter closes it.
    public let listener: ListeningSocket
    /// What it is for.
    public let service: Service
    private let census: ConnectionCensus
    private let hasOneAddress: Bool

    /// All listeners of one controller count together; every other counts for itself.
    public init(_ listener: ListeningSocket, _ service: Service) {
        self.listener = listener
        self.service = service
        census = service.connectionLimits.shared ?? ConnectionCensus(service.connectionLimits)
        hasOneAddress =
            switch listener.endpoint {
            case .tcp("0.0.0.0", _), .tcp("::", _), .unknown: false
            case .tcp, .unix: true
            }
    }

    /// Counts a connection just accepted. False if it was one too many: it has been told so and is closed.
    public func admit(_ descriptor: Int32, from peer: Endpoint) -> Bool {
        guard let reason = census.admit(peer) else { return true }
        turnAway(descriptor, from: peer, for: reason)
        return false
    }

    /// A connection that was admitted ends. Call it before the descriptor is closed.
    public func leave(_ peer: Endpoint) { census.leave(peer) }

    /// A connection that was admitted cannot be carried after all: it is told so and is closed.
    public func giveUp(_ descriptor: Int32, from peer: Endpoint) {
        leave(peer)
        turnAway(descriptor, from: peer, for: .noResources)
    }

    /// Our side of a connection that came in here; only on all interfaces the system has to be asked.
    public func local(of descriptor: Int32) -> Endpoint {
        hasOneAddress ? listener.endpoint : Descriptor.localEndpoint(descriptor)
    }

    /// Says why, if the client can take it at once (RFC 5321 §3.8). One that expects TLS first could not read it.
    private func turnAway(_ descriptor: Int32, from peer: Endpoint, for reason: TurnAwayReason) {
        service.observe(.turnedAway(peer: peer, reason))
        switch service.connection.tls {
        case .implicit: break
        case .none, .offered, .required:
            _ = Descriptor.send(descriptor, Array("421 \(reason.text)\r\n".utf8).span)
        }
        Descriptor.close(descriptor)
    }
}

extension TurnAwayReason {
    fileprivate var text: String {
        switch self {
        case .tooManyConnections: "4.3.2 Too many connections, try again later"
        case .tooManyFromPeer: "4.7.0 Too many connections from your address, try again later"
        case .noResources: "4.3.2 Out of resources, try again later"
        }
    }
}
