import Glibc
import SMTPConnection
import SMTPServer
import SMTPSockets
import Testing

@testable import SMTPThreads

/// Who is let in.
@Suite struct ConnectionLimitTests {
    @Test(arguments: backends)
    func `one more than the total is told so and turned away`(_ backend: Backend) throws {
        var service = service()
        let events = observing(&service)
        service.connectionLimits.total = 2
        // Both listeners count together.
        try serving(backend, service, on: [anyPort, anyPort]) { _, controller in
            let endpoints = controller.endpoints
            let clients = try endpoints.map { try Client($0) }
            for client in clients { #expect(try client.reply().hasPrefix("220 ")) }
            for endpoint in endpoints {
                let surplus = try Client(endpoint)
                #expect(try surplus.reply().hasPrefix("421 4.3.2 "))
                #expect(try surplus.isAtEnd())
            }
            #expect(try clients[0].ask("QUIT").hasPrefix("221 "))
            clients[0].connection.close()
            try Self.eventuallyServed(endpoints[1])
        }
        #expect(events.value.turnedAway.prefix(2) == [.tooManyConnections, .tooManyConnections])
        #expect(events.value.turnedAway.allSatisfy { $0 == .tooManyConnections })
    }

    @Test(arguments: backends)
    func `one more than a peer may have is told so and turned away`(_ backend: Backend) throws {
        var service = service()
        let events = observing(&service)
        service.connectionLimits.perPeer = 1
        service.connectionLimits.exemptsLoopback = false
        try serving(backend, service) { endpoint, _ in
            let client = try Client(endpoint)
            #expect(try client.reply().hasPrefix("220 "))
            let surplus = try Client(endpoint)
            #expect(try surplus.reply().hasPrefix("421 4.7.0 "))
            #expect(try surplus.isAtEnd())
            client.connection.reset()
            try Self.eventuallyServed(endpoint)
        }
        #expect(events.value.turnedAway.first == .tooManyFromPeer)
    }

    @Test(arguments: backends)
    func `this machine counts only in all`(_ backend: Backend) throws {
        var service = service()
        service.connectionLimits.perPeer = 1
        try serving(backend, service) { endpoint, _ in
            let clients = try (0..<5).map { _ in try Client(endpoint) }
            for client in clients { #expect(try client.reply().hasPrefix("220 ")) }
        }
    }

    /// The server learns of a client's end a moment after it: a few attempts may come too early.
    static func eventuallyServed(_ endpoint: Endpoint) throws {
        let deadline = patience()
        while MonotonicClock.now() < deadline {
            if try Client(endpoint).reply().hasPrefix("220 ") { return }
        }
        throw Overdue(what: "a place")
    }

    static func limits(total: Int = 100, perPeer: Int? = 2, exemptsLoopback: Bool = true) -> ConnectionLimits
    {
        var limits = ConnectionLimits()
        limits.total = total
        limits.perPeer = perPeer
        limits.exemptsLoopback = exemptsLoopback
        return limits
    }

    struct Count: Sendable {
        let hosts: [String]
        let limits: ConnectionLimits
        let reasons: [TurnAwayReason?]
    }

    @Test(arguments: [
        Count(
            hosts: ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"], limits: limits(),
            reasons: [nil, nil, .tooManyFromPeer, nil]),
        Count(
            hosts: ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:1::3", "2001:db8:0:2::1"],
            limits: limits(), reasons: [nil, nil, .tooManyFromPeer, nil]),
        Count(
            hosts: ["::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"], limits: limits(),
            reasons: [nil, nil, .tooManyFromPeer]),
        Count(
            hosts: ["127.0.0.1", "127.0.0.1", "::1", "::1"], limits: limits(perPeer: 1),
            reasons: [nil, nil, nil, nil]),
        Count(
            hosts: ["127.0.0.1", "127.0.0.1"], limits: limits(perPeer: 1, exemptsLoopback: false),
            reasons: [nil, .tooManyFromPeer]),
        Count(hosts: ["192.0.2.1", "192.0.2.1"], limits: limits(perPeer: nil), reasons: [nil, nil]),
        Count(
            hosts: ["192.0.2.1", "192.0.2.2", "127.0.0.1"], limits: limits(total: 1),
            reasons: [nil, .tooManyConnections, .tooManyConnections]),
    ])
    func `the census counts addresses and prefixes`(_ count: Count) {
        let census = ConnectionCensus(count.limits)
        let peers = count.hosts.map { Endpoint.tcp(host: $0, port: 4000) }
        let reasons = peers.map { census.admit($0) }
        #expect(reasons == count.reasons)
        #expect(census.count == reasons.count { $0 == nil })
        for (peer, reason) in zip(peers, reasons) where reason == nil { census.leave(peer) }
        #expect(census.count == 0)
        #expect(census.admit(peers[0]) == nil)
    }

    @Test func `clients on Unix sockets count only in all`() {
        let census = ConnectionCensus(Self.limits(total: 3, perPeer: 1))
        let reasons = (0..<4).map { _ in census.admit(.unix(path: "")) }
        #expect(reasons == [nil, nil, nil, .tooManyConnections])
    }

    @Test func `the expected visitor counts once for nothing`() {
        let census = ConnectionCensus(Self.limits(total: 1))
        let peer = Endpoint.tcp(host: "127.0.0.1", port: 4000)
        census.expect(peer)
        #expect(census.admit(peer) == nil && census.count == 0)
        census.leave(peer)
        #expect(census.admit(peer) == nil && census.count == 1)
        #expect(census.admit(peer) == .tooManyConnections)
    }

    @Test func `without a thread the client is told so and turned away`() throws {
        let listener = try ListeningSocket(anyPort)
        var service = service()
        let events = observing(&service)
        let bell = try WakeUp()
        let door = Door(listener, service)
        let isOpen = Shared(true)
        let hasReturned = Shared(false)
        #expect(
            startThread {
                Acceptor(doors: [door], bell: bell, carry: { _ in false })
                    .accept { isOpen.value ? .accept : .leave }
                hasReturned.update { $0 = true }
            } == 0)
        let client = try Client(listener.endpoint)
        #expect(try client.reply().hasPrefix("421 4.3.2 "))
        #expect(try client.isAtEnd())
        isOpen.update { $0 = false }
        bell.wake()
        try hasReturned.wait { $0 }
        #expect(events.value.turnedAway == [.noResources])
    }
}
