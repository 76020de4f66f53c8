import Glibc
import SMTPConnection
import SMTPSockets

/// Listens on all that `endpoints` mean, or on nothing.
func openListeners(_ endpoints: [Endpoint]) throws(StartError) -> [ListeningSocket] {
    var listeners: [ListeningSocket] = []
    for endpoint in endpoints { listeners += try openListeners(endpoint) }
    return listeners
}

/// A listener for each address that `endpoint` means; port 0 becomes the same port for all of them.
private func openListeners(_ endpoint: Endpoint) throws(StartError) -> [ListeningSocket] {
    let addresses: [Endpoint]
    do throws(ResolveError) {
        addresses = try endpoint.resolved()
    } catch {
        throw .unresolved(endpoint, error)
    }
    var attemptsLeft = 16
    while true {
        do throws(SocketError) {
            var listeners: [ListeningSocket] = []
            for address in addresses {
                listeners.append(try ListeningSocket(address.with(portOf: listeners.first?.endpoint)))
            }
            return listeners
        } catch {
            // The port that one family was given may be taken in the other.
            attemptsLeft -= 1
            let mayDiffer = addresses.count > 1 && endpoint.hasPortZero && error.errno == EADDRINUSE
            guard mayDiffer, attemptsLeft > 0 else { throw .bindFailed(error) }
        }
    }
}

extension Endpoint {
    fileprivate var hasPortZero: Bool {
        if case .tcp(_, port: 0) = self { true } else { false }
    }

    /// With the port of `first` instead of port 0.
    fileprivate func with(portOf first: Endpoint?) -> Endpoint {
        guard case .tcp(let host, port: 0) = self, case .tcp(_, let port) = first else { return self }
        return .tcp(host: host, port: port)
    }
}
