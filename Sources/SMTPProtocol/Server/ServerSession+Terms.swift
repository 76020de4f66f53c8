extension ServerSession {
    /// What a configuration comes to, worked out once and never changed: all sessions under it share one.
    package final class Terms: Sendable {
        package let configuration: Configuration
        /// What a client is offered unless its handler says otherwise.
        let offer: Offer
        /// Our name, without what could end a line.
        let hostname: [UInt8]

        package init(_ configuration: Configuration) {
            self.configuration = configuration
            offer = Offer(configuration.extensions, configuration.limits.commandSize)
            let name = configuration.hostname.utf8.filter { $0 > 32 && $0 < 127 }.prefix(255)
            hostname = name.isEmpty ? Array("localhost".utf8) : Array(name)
        }
    }
}
