import SMTPConnection
import SMTPSockets

/// The controller as its own first client: a connection through the front door, and what came of it.
struct SelfProbe {
    private let client: BlockingClient

    /// Connects to the first of `endpoints` that can be reached.
    init(
        connectingTo endpoints: [Endpoint], until deadline: Instant,
        before prepare: () throws(ProbeError) -> Void
    ) throws(StartError) {
        var failure = ProbeError.closed
        do throws(ProbeError) {
            try prepare()
        } catch {
            throw .probe(error)
        }
        for endpoint in endpoints {
            do throws(SocketError) {
                let left = MonotonicClock.now().duration(to: deadline)
                client = try BlockingClient(connectingTo: endpoint.throughLoopback, timeout: left)
                return
            } catch {
                failure = .unreachable(error)
            }
        }
        guard MonotonicClock.now() < deadline else { throw .timedOut(.listening) }
        throw .probe(failure)
    }

    /// The address that the server sees.
    var local: Endpoint { client.local }

    /// Gives the connection back.
    func close() { client.close() }

    /// Whether a greeting came in time. Who expects TLS first says nothing that could be read: there a handler is
    /// proof enough.
    func isGreeted(
        _ tls: ServerConnection.TLSPolicy, _ watch: ProbeWatch, until deadline: Instant
    ) throws(StartError) -> Bool {
        let isReady: Bool
        do throws(ProbeError) {
            switch tls {
            case .implicit: isReady = watch.awaitHandler(until: deadline)
            case .none, .offered, .required: isReady = try converse(until: deadline)
            }
        } catch {
            if let cause = watch.handlerError { throw .handler(cause) }
            throw .probe(error)
        }
        if !isReady, let cause = watch.handlerError { throw .handler(cause) }
        return isReady
    }

    /// Whether a greeting came before `deadline`. What goes wrong after it does not matter.
    private func converse(until deadline: Instant) throws(ProbeError) -> Bool {
        var probe = ReadinessProbe()
        while true {
            switch try probe.next() {
            case .send(let octets):
                do throws(SocketError) {
                    try client.send(octets, deadline: deadline)
                } catch {
                    return true
                }
            case .close: return true
            case .wait:
                let received: [UInt8]?
                do throws(SocketError) {
                    received = try client.receive(deadline: deadline)
                } catch {
                    if probe.isGreeted { return true }
                    throw .unreachable(error)
                }
                guard let octets = received else { return probe.isGreeted }
                if octets.isEmpty { probe.receiveEnd() } else { try probe.receive(octets.span) }
            }
        }
    }
}

extension Endpoint {
    /// Where a client on this machine reaches a listener on all interfaces.
    fileprivate var throughLoopback: Endpoint {
        switch self {
        case .tcp("::", let port): .tcp(host: "::1", port: port)
        case .tcp("0.0.0.0", let port): .tcp(host: "127.0.0.1", port: port)
        case .tcp, .unix, .unknown: self
        }
    }
}
