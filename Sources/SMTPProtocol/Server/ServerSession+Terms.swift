extension ServerSession {
    /// What a configuration comes to, worked out once and never changed: all sessions under it share one.
    package final class Terms: Sendable {
        package let configuration: Configuration
        /// What a client is offered unless its handler says otherwise.
        let offer: Offer
        /// Whether nothing is taken from a client that has not authenticated.
        let requiresIdentity: Bool
        /// How names that nobody knows look, with a secret in any case.
        let decoys: Decoys
        /// Our name, without what could end a line.
        let hostname: [UInt8]
        let contentBounds: ContentBounds

        package init(_ configuration: Configuration) {
            self.configuration = configuration
            offer = Offer(configuration.extensions, configuration)
            contentBounds = ContentBounds(configuration)
            requiresIdentity = configuration.authentication.demand == .required
            var decoys = configuration.authentication.decoys
            if decoys.secret.octets.isEmpty, let crypto = configuration.authentication.crypto {
                decoys = Decoys(secret: Secret(crypto.randomOctets(32)), iterations: decoys.iterations)
            }
            self.decoys = decoys
            let name = configuration.hostname.utf8.filter { $0 > 32 && $0 < 127 }.prefix(255)
            hostname = name.isEmpty ? Array("localhost".utf8) : Array(name)
        }
    }
}
