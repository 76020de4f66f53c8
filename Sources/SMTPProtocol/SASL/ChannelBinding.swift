/// What ties an exchange to the TLS connection it runs in (RFC 5056), so that nobody can pass it on to another one.
public struct ChannelBinding: Hashable, Sendable, Redacted {
    /// Which property of the connection.
    public let kind: Kind
    /// Its value.
    public let octets: [UInt8]

    /// `octets` is what `kind` says of a connection.
    public init(_ kind: Kind, _ octets: [UInt8]) {
        self.kind = kind
        self.octets = octets
    }

    /// The kinds that this package knows. `tls-unique` is not among them: TLS 1.3 has none.
    public enum Kind: Hashable, Sendable, CaseIterable {
        /// Keying material exported under a label of its own; TLS 1.3 only (RFC 9266 §3).
        case tlsExporter
        /// A digest of the server's certificate (RFC 5929 §4).
        case tlsServerEndPoint

        /// As it is written in a SCRAM message.
        public var name: String {
            switch self {
            case .tlsExporter: "tls-exporter"
            case .tlsServerEndPoint: "tls-server-end-point"
            }
        }

        init?(_ name: ArraySlice<UInt8>) {
            for kind in Self.allCases where kind.name.utf8.elementsEqual(name) {
                self = kind
                return
            }
            return nil
        }
    }

    /// The label under which TLS exports the value of `tls-exporter`, with a context of no octets.
    public static let exporterLabel: StaticString = "EXPORTER-Channel-Binding"
    /// Octets in the value of `tls-exporter`.
    public static let exporterLength = 32
}
