public import SMTPProtocol

extension ServerConnection {
    /// The session's configuration and that of the layers below it.
    public struct Configuration: Sendable {
        /// What the session offers and enforces. Its `startTLS` follows from `tls`, unless that is `.none`.
        public var session: ServerSession.Configuration
        /// TLS.
        public var tls = TLSPolicy.none
        /// How long to wait for what.
        public var timeouts = Timeouts()

        /// Without TLS, with the default timeouts.
        public init(_ session: ServerSession.Configuration) { self.session = session }

        /// What is risky here; the session's own warnings last.
        public var warnings: [PolicyWarning] {
            var found: [PolicyWarning] = []
            switch (tls, session.startTLS) {
            case (.none, .none): break
            case (.none, .offered): found.append(.tlsOfferedWithoutCertificate)
            case (.none, .required): found.append(.tlsRequiredButNotOffered)
            case (.offered(let context), _), (.required(let context), _), (.implicit(let context), _):
                found += context.warnings
            }
            return found + session.warnings(hasTLS: hasTLS)
        }

        private var hasTLS: Bool {
            switch tls {
            case .none: false
            case .offered, .required, .implicit: true
            }
        }

        /// The session's configuration with STARTTLS as the layer below allows it.
        var effectiveSession: ServerSession.Configuration {
            var session = session
            switch tls {
            case .none, .implicit: break
            case .offered: session.startTLS = .offered
            case .required: session.startTLS = .required
            }
            return session
        }
    }

    /// What a configuration comes to, worked out once and never changed: all connections under it share one.
    package final class Terms: Sendable {
        package let configuration: Configuration
        let session: ServerSession.Terms

        package init(_ configuration: Configuration) {
            self.configuration = configuration
            session = ServerSession.Terms(configuration.effectiveSession)
        }
    }

    /// STARTTLS offered or required, or TLS from the first byte (RFC 3207, RFC 8314).
    public enum TLSPolicy: Sendable {
        /// No TLS.
        case none
        /// STARTTLS may be used.
        case offered(any TLSContext)
        /// STARTTLS must be used before mail is taken.
        case required(any TLSContext)
        /// TLS comes before the greeting.
        case implicit(any TLSContext)
    }
}
