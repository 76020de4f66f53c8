/// An address that a socket can have or be bound to.
public enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// A host, by number or by name, and a port. An empty host means all interfaces.
    case tcp(host: String, port: UInt16)
    /// A path in the file system; empty for an unnamed peer.
    case unix(path: String)
    /// Not known.
    case unknown

    /// `HOST:PORT`, `[V6]:PORT` or `unix:PATH`.
    public var description: String {
        switch self {
        case .tcp(let host, let port):
            host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        case .unknown: "unknown"
        }
    }
}
