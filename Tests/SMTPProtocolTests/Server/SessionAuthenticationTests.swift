import SMTPProtocol
import Testing

/// AUTH where it touches TLS, and to the octet. What a transcript can show stands in Spec/Server/auth*.md.
@Suite struct SessionAuthenticationTests {
    static let bindings = [ChannelBinding(.tlsExporter, [UInt8](0..<32))]

    static func security(certificate: Bool = false) -> Security {
        var security = Security(version: "TLSv1.3", cipher: "x")
        security.channelBindings = bindings
        if certificate {
            security.peerCertificate = PeerCertificate(octets: [1], subject: "CN=client", fingerprint: [2])
        }
        return security
    }

    static func configuration(
        _ policy: ServerSession.AuthenticationPolicy = .init(
            .offered, mechanisms: SASLMechanism.all, crypto: Exchanges.crypto)
    ) -> ServerSession.Configuration {
        var configuration = ServerSession.Configuration(hostname: "mx.example.org")
        configuration.authentication = policy
        configuration.startTLS = .offered
        return configuration
    }

    /// A session, and what an application with the one user of `Exchanges` makes of its questions.
    struct Rig: ~Copyable {
        var session: ServerSession
        var application = Exchanges.Application()
        var notices: [Notice] = []
        /// What `.authenticate` is answered with; as the application finds unless said.
        var answer: Answer?

        init(_ configuration: ServerSession.Configuration, security: Security? = nil) {
            session = ServerSession(configuration, security: security)
            _ = say("")
        }

        mutating func say(_ text: String) -> String {
            let input = Array(text.utf8)
            var position = 0
            loop: while true {
                switch session.next(input.span, &position) {
                case .ask: session.answer(decide())
                case .note(let notice): notices.append(notice)
                case .wait: break loop
                }
            }
            var replies: [UInt8] = []
            session.takeReplies(into: &replies)
            return String(decoding: replies, as: UTF8.self)
        }

        private mutating func decide() -> Answer {
            switch session.question {
            case .authenticate(let credentials)?:
                let found = application.answer(.verify(credentials))
                return answer ?? (found == .accepted ? .accept : .reply(Reply(535, nil, "no")))
            case .authenticationKey(let request)?:
                guard case .key(let key?)? = application.answer(.lookUp(request)) else { return .accept }
                return .key(key)
            default: return .accept
            }
        }

        /// The mechanisms in the EHLO reply.
        mutating func offered() -> [String] {
            let lines = say("EHLO client.example.com\r\n").split(separator: "\r\n")
            let line = lines.first { $0.dropFirst(4).hasPrefix("AUTH") }
            return line.map { $0.dropFirst(4).split(separator: " ").dropFirst().map(String.init) } ?? []
        }

        /// Runs an exchange; the last reply.
        mutating func authenticate(_ exchange: any SASLClientExchange) throws -> String {
            var exchange = exchange
            var line = "AUTH \(exchange.mechanism)"
            if case .respond(let secret) = exchange.next(.started) {
                let text = String(decoding: Base64.encode(secret.octets), as: UTF8.self)
                line += " " + (text.isEmpty ? "=" : text)
            }
            var reply = say(line + "\r\n")
            while reply.hasPrefix("334 ") {
                let challenge = try Base64.decode(Array(reply.dropFirst(4).utf8.dropLast(2)))
                var step = exchange.next(.challenge(Secret(challenge)))
                if case .derive(let derivation) = step {
                    step = exchange.next(.derived(derivation.run(Exchanges.crypto)))
                }
                guard case .respond(let secret) = step else { return say("*\r\n") }
                reply = say(String(decoding: Base64.encode(secret.octets), as: UTF8.self) + "\r\n")
            }
            return reply
        }
    }

    @Test func `what is offered follows the layer`() {
        var clear = Rig(Self.configuration())
        #expect(clear.offered() == [])
        var policy = ServerSession.AuthenticationPolicy(
            .offered, mechanisms: SASLMechanism.all, inClear: .proofs, crypto: Exchanges.crypto)
        var proofs = Rig(Self.configuration(policy))
        #expect(proofs.offered() == ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "ANONYMOUS"])
        var secured = Rig(Self.configuration(), security: Self.security())
        let all = SASLMechanism.all.map(\.name.description)
        #expect(secured.offered() == all.filter { $0 != "EXTERNAL" })
        var certified = Rig(Self.configuration(), security: Self.security(certificate: true))
        #expect(certified.offered() == all)
        policy.crypto = nil
        var poor = Rig(Self.configuration(policy), security: Self.security())
        #expect(poor.offered() == ["PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2", "ANONYMOUS"])
        var unbound = Self.security()
        unbound.channelBindings = []
        var old = Rig(Self.configuration(.init(.offered, crypto: Exchanges.crypto)), security: unbound)
        #expect(old.offered() == ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"])
    }

    @Test func `a challenge without octets is 334 and a space`() {
        var rig = Rig(Self.configuration(), security: Self.security())
        _ = rig.offered()
        #expect(rig.say("AUTH PLAIN\r\n") == "334 \r\n")
        #expect(rig.say("*\r\n") == "501 5.7.0 Authentication cancelled\r\n")
    }

    @Test func `bound to the channel`() throws {
        var rig = Rig(Self.configuration(), security: Self.security())
        _ = rig.offered()
        func client(_ binding: SASLClient.Binding) throws -> any SASLClientExchange {
            try SASLClient.scram(
                name: "user", password: Secret("pencil"), binding: binding, crypto: Exchanges.crypto)
        }
        // Somebody took the offer away: the client says that it could have bound (RFC 5802 §6).
        #expect(try rig.authenticate(client(.notOffered)).hasPrefix("535 5.7.8"))
        let other = ChannelBinding(.tlsExporter, [UInt8](repeating: 1, count: 32))
        #expect(try rig.authenticate(client(.to(other))).hasPrefix("535 5.7.8"))
        #expect(rig.session.identity == nil)
        #expect(try rig.authenticate(client(.to(Self.bindings[0]))).hasPrefix("235 2.7.0"))
        #expect(rig.session.identity == Identity("user", by: "SCRAM-SHA-256-PLUS"))
    }

    @Test func `a certificate names nobody by itself`() throws {
        var rig = Rig(Self.configuration(), security: Self.security(certificate: true))
        _ = rig.offered()
        rig.answer = .accept
        #expect(try rig.authenticate(SASLClient.external()).hasPrefix("535"))
        rig.answer = .identity("client")
        #expect(try rig.authenticate(SASLClient.external()).hasPrefix("235"))
        #expect(rig.session.identity == Identity("client", by: "EXTERNAL"))
    }

    /// RFC 3207 §4.2: what was said in clear is void.
    @Test func `TLS forgets who the client is, RSET and EHLO do not`() throws {
        let policy = ServerSession.AuthenticationPolicy(.required, inClear: .everything)
        var rig = Rig(Self.configuration(policy))
        _ = rig.offered()
        #expect(
            try rig.authenticate(SASLClient.plain(name: "user", password: Secret("pencil"))).hasPrefix("235"))
        let identity = Identity("user", by: "PLAIN")
        #expect(rig.notices.contains(.authenticated(identity)))
        _ = rig.say("RSET\r\nEHLO client.example.com\r\nRSET\r\n")
        #expect(rig.session.identity == identity)
        _ = rig.say("STARTTLS\r\n")
        rig.session.secured(by: Self.security())
        #expect(rig.session.identity == nil)
        #expect(rig.say("MAIL FROM:<a@example.com>\r\n").hasPrefix("503"))
        #expect(!rig.offered().isEmpty)
        #expect(rig.say("MAIL FROM:<a@example.com>\r\n").hasPrefix("530 5.7.0"))
    }

    /// A mechanism of an application's own cannot let anybody in by itself.
    @Test func `an application's own mechanism`() throws {
        struct Own: SASLServerExchange {
            let isHonest: Bool
            mutating func next(_ event: SASLServerEvent) -> SASLServerStep {
                guard isHonest, case .started(let secret?) = event else { return .succeed }
                return .verify(
                    Credentials(mechanism: "X-OWN", authenticationID: "someone", proof: .other(secret)))
            }
        }
        for isHonest in [true, false] {
            let own = SASLMechanism("X-OWN", needs: []) { _ in Own(isHonest: isHonest) }
            var rig = Rig(Self.configuration(.init(.required, mechanisms: [own], inClear: .proofs)))
            #expect(rig.offered() == ["X-OWN"])
            #expect(rig.say("AUTH x-own c2VjcmV0\r\n").hasPrefix(isHonest ? "235" : "535"))
            #expect((rig.session.identity != nil) == isHonest)
        }
    }

    @Test func `ten challenges are enough`() {
        struct Endless: SASLServerExchange {
            mutating func next(_ event: SASLServerEvent) -> SASLServerStep { .challenge(Secret("again")) }
        }
        let endless = SASLMechanism("X-ENDLESS", needs: []) { _ in Endless() }
        var rig = Rig(Self.configuration(.init(.offered, mechanisms: [endless], inClear: .proofs)))
        _ = rig.offered()
        var reply = rig.say("AUTH X-ENDLESS\r\n")
        var count = 0
        while reply.hasPrefix("334") {
            count += 1
            reply = rig.say("AA==\r\n")
        }
        #expect(count == 10 && reply.hasPrefix("500 5.5.6"))
    }

    @Test func `a shutdown does not wait for a response`() {
        var rig = Rig(Self.configuration(.init(.offered, inClear: .everything)))
        _ = rig.offered()
        #expect(rig.say("AUTH LOGIN\r\n").hasPrefix("334"))
        rig.session.shutDown()
        #expect(rig.say("").hasPrefix("421"))
        #expect(rig.notices.last == .closed(.shutDown))
    }
}
