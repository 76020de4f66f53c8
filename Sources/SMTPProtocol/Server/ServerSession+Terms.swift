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
        /// How much content is taken, and with what faults.
        let contentBounds: ContentBounds
        /// What most clients are told, as octets: they are the same for each.
        let greeting: [UInt8], answerToHELO: [UInt8], answerToEHLO: [UInt8]

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
            greeting = Self.greeting(Reply(220, nil, configuration.banner), hostname)
            answerToHELO = Self.introduction(configuration, hostname, to: .helo, offering: offer)
            answerToEHLO = Self.introduction(configuration, hostname, to: .ehlo, offering: offer)
        }

        /// The greeting: our name first, no enhanced code (RFC 5321 §4.2, RFC 2034 §4).
        static func greeting(_ reply: Reply, _ hostname: [UInt8]) -> [UInt8] {
            var writer = ReplyWriter()
            writer.append(reply, allowsUTF8: false, showsStatus: false, leading: hostname)
            return writer.octets
        }

        /// The reply to HELO, one line; to EHLO and LHLO, a line for each extension (RFC 5321 §4.1.1.1).
        static func introduction(
            _ configuration: Configuration, _ hostname: [UInt8], to verb: Hello.Verb, offering offer: Offer,
            under security: Security? = nil, _ reply: Reply? = nil
        ) -> [UInt8] {
            var first = hostname
            if let text = reply?.lines.first, !text.utf8.isEmpty {
                first += [UInt8(ascii: " ")] + text.utf8.prefix(400).map { $0 > 127 ? UInt8(ascii: "?") : $0 }
            }
            var lines = [first]
            if verb != .helo {
                for item in offer.extensions { lines.append(keywordLine(item, configuration)) }
                if configuration.startTLS != .none, security == nil {
                    lines.insert(Array("STARTTLS".utf8), at: 1)
                }
                let mechanisms = configuration.authentication.offered(under: security)
                if !mechanisms.isEmpty {
                    let names = mechanisms.map { [UInt8(ascii: " ")] + $0.name.bytes }
                    lines.append(Array("AUTH".utf8) + names.joined())
                }
            }
            var writer = ReplyWriter()
            for (index, line) in lines.enumerated() {
                writer.appendLine(250, line, isLast: index == lines.count - 1)
            }
            return writer.octets
        }

        private static func keywordLine(_ item: ServiceExtension, _ configuration: Configuration) -> [UInt8] {
            var arguments = Array(item.arguments.utf8.filter { $0 >= 32 && $0 < 127 })
            if item.keyword == ServiceExtension.size.keyword, arguments.isEmpty,
                let limit = configuration.limits.messageSize
            {
                arguments = Array("\(limit)".utf8)
            }
            return arguments.isEmpty
                ? item.keyword.bytes : item.keyword.bytes + [UInt8(ascii: " ")] + arguments
        }
    }
}
