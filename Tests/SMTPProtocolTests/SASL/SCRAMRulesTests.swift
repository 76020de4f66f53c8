import SMTPProtocol
import Testing

/// The rules of SCRAM, one by one, on both sides.
@Suite struct SCRAMRulesTests {
    static let crypto = Exchanges.crypto

    @Test(arguments: [
        // (message, on the form with channel binding, what comes of it)
        ("n,,n=user,r=abc", false, nil), ("n,a=boss,n=user,r=abc", false, nil),
        ("n,,n=us=2Cer,r=abc,x=y", false, nil),
        ("n,,n=us=3Der,r=abc", false, nil), ("p=tls-exporter,,n=user,r=abc", true, nil),
        ("p=tls-server-end-point,,n=user,r=abc", true, nil),
        ("", false, SASLFailure.malformed), ("x,,n=user,r=abc", false, .malformed),
        ("n,n=user,r=abc", false, .malformed),
        ("nn,,n=user,r=abc", false, .malformed), ("n,b=c,n=user,r=abc", false, .malformed),
        ("n,a=,n=user,r=abc", false, .malformed), ("n,,m=x,n=user,r=abc", false, .malformed),
        ("n,,r=abc,n=user", false, .malformed), ("n,,n=user", false, .malformed),
        ("n,,n=,r=abc", false, .malformed),
        ("n,,n=user,r=", false, .malformed), ("n,,n=user,r=a b", false, .malformed),
        ("n,,n=user,r=aé", false, .malformed),
        ("n,,n=us=er,r=abc", false, .malformed), ("n,,n=us=2cer,r=abc", false, .malformed),
        ("n,,n=us=2,r=abc", false, .malformed), ("n,,n=user,r=abc,", false, .malformed),
        ("n,,n=user,r=abc,1=x", false, .malformed), ("n,,n=us\u{7}er,r=abc", false, .unpreparable),
        ("n,,n=e\u{301},r=abc", false, .unpreparable), ("p=,,n=user,r=abc", true, .malformed),
        // The channel: bound where it cannot be, not bound where it must be, or hidden that it could be.
        ("p=tls-exporter,,n=user,r=abc", false, .channelMismatch),
        ("y,,n=user,r=abc", false, .channelMismatch),
        ("n,,n=user,r=abc", true, .channelMismatch), ("y,,n=user,r=abc", true, .channelMismatch),
        ("p=tls-unique,,n=user,r=abc", true, .channelMismatch), ("p=x,,n=user,r=abc", true, .channelMismatch),
    ]) func `the first message`(_ message: String, _ isBound: Bool, _ failure: SASLFailure?) throws {
        let step = try MechanismRulesTests.first(
            isBound ? .scramSHA256Plus : .scramSHA256, Array(message.utf8))
        if let failure {
            #expect(step == .fail(failure))
        } else if case .lookUp(let request) = step {
            #expect(["user", "us,er", "us=er"].contains(request.authenticationID))
        } else {
            Issue.record("\(step)")
        }
    }

    @Test func `a client that could bind is believed where nothing is offered`() throws {
        var server = try #require(SASLMechanism.scramSHA1.exchange(in: Exchanges.clear))
        guard case .lookUp = server.next(.started(Secret("y,,n=user,r=abc"))) else {
            Issue.record("refused")
            return
        }
    }

    @Test func `no binding, no mechanism with it; no crypto, no mechanism`() {
        #expect(SASLMechanism.scramSHA256Plus.exchange(in: Exchanges.clear) == nil)
        for mechanism in SASLMechanism.all {
            let bare = mechanism.exchange(in: SASLServerContext(hostname: "mx.example"))
            #expect((bare == nil) == mechanism.needs.contains(.crypto), "\(mechanism)")
        }
    }

    /// The server's first message for a name, and the exchange behind it.
    static func challenge(
        _ name: String, key: SASLKey?, _ mechanism: SASLMechanism = .scramSHA256
    ) throws -> (text: String, server: any SASLServerExchange) {
        var server = try ExchangeTests.server(mechanism)
        _ = server.next(.started(Secret("n,,n=\(name),r=abc")))
        guard case .challenge(let challenge) = server.next(.key(key)) else { return ("", server) }
        return (String(decoding: challenge.octets, as: UTF8.self), server)
    }

    @Test func `the nonce is extended by what nobody can foretell`() throws {
        var nonces: Set<String> = []
        for _ in 0..<20 {
            let text = try Self.challenge("user", key: nil).text
            let nonce = try #require(text.firstMatch(of: #/^r=(abc[!-+\--~]{24}),s=/#)).output.1
            nonces.insert(String(nonce))
        }
        #expect(nonces.count == 20)
    }

    @Test func `an unknown name looks like a known one, always the same`() throws {
        func shown(_ name: String, _ context: SASLServerContext = Exchanges.context) throws -> Substring {
            var server = try #require(SASLMechanism.scramSHA256.exchange(in: context))
            _ = server.next(.started(Secret("n,,n=\(name),r=abc")))
            guard case .challenge(let challenge) = server.next(.key(nil)) else { return "" }
            let text = String(decoding: challenge.octets, as: UTF8.self)
            return text[(text.firstIndex(of: ",") ?? text.startIndex)...]
        }
        #expect(try shown("nobody") == shown("nobody"))
        #expect(try shown("nobody") != shown("somebody"))
        #expect(try shown("nobody").contains(#/^,s=[A-Za-z0-9+\/]{22}==,i=4096$/#))
        let other = SASLServerContext(
            crypto: Self.crypto, hostname: "x", decoys: Decoys(secret: Secret("other"), iterations: 5000))
        #expect(try shown("nobody", other) != shown("nobody"))
        #expect(try shown("nobody", other).hasSuffix(",i=5000"))
        // A key for another digest is as good as none; nor does a password do.
        let sha1 = try #require(Exchanges.keys[.sha1])
        #expect(try Self.challenge("user", key: .scram(sha1)).text.contains("i=4096"))
        for key in [SASLKey.scram(sha1), .password(Secret("pencil"))] {
            var application = Exchanges.Application()
            _ = application.answer(.succeed)
            var (text, server) = try Self.challenge("user", key: key)
            let nonce = text.dropFirst(2).prefix { $0 != "," }
            let proof = String(decoding: Base64.encode([UInt8](repeating: 0, count: 32)), as: UTF8.self)
            #expect(server.next(.response(Secret("c=biws,r=\(nonce),p=\(proof)"))) == .fail(.refused))
            text = ""
        }
    }

    @Test func `the last message`() throws {
        let key = try #require(Exchanges.keys[.sha256])
        let proof = String(decoding: Base64.encode([UInt8](repeating: 1, count: 32)), as: UTF8.self)
        for (form, expected) in [
            ("c=biws,r=NONCE,p=\(proof)", SASLFailure.refused), ("c=biws,r=NONCE,x=y,p=\(proof)", .refused),
            ("c=biws,r=NONCE,p=AAAA", .refused), ("c=biws,r=NONCE,p=", .malformed),
            ("c=biws,r=NONCE", .malformed),
            ("c=biws,r=NONCEx,p=\(proof)", .malformed), ("c=biws,r=abc,p=\(proof)", .malformed),
            ("r=NONCE,c=biws,p=\(proof)", .malformed), ("c=biws,p=\(proof),r=NONCE", .malformed),
            ("c=eSws,r=NONCE,p=\(proof)", .channelMismatch), ("c=biw,r=NONCE,p=\(proof)", .malformed),
            ("c=biws,r=NONCE,p=\(proof),p=\(proof)", .refused), ("", .malformed), ("*", .malformed),
            ("c=biws,r=NONCE,p=\(proof),", .malformed), ("c=biws,r=NONCE,p=\(proof)=", .malformed),
        ] {
            var (text, server) = try Self.challenge("user", key: .scram(key))
            let nonce = String(text.dropFirst(2).prefix { $0 != "," })
            text = form.replacing("NONCE", with: nonce)
            #expect(server.next(.response(Secret(text))) == .fail(expected), "\(form)")
        }
    }

    @Test func `bound to another channel`() throws {
        let other = ChannelBinding(.tlsExporter, [UInt8](repeating: 7, count: 32))
        var application = Exchanges.Application()
        let outcome = Exchanges.run(
            try SASLClient.scram(
                name: "user", password: Secret("pencil"), binding: .to(other), crypto: Self.crypto),
            try ExchangeTests.server(.scramSHA256Plus), &application)
        #expect(outcome.server == .fail(.channelMismatch))
    }

    /// A client, past its first message, and the nonce it said.
    static func client(_ first: (String) -> String) throws -> SASLClientStep {
        var client = try SASLClient.scram(name: "user", password: Secret("pencil"), crypto: crypto)
        guard case .respond(let message) = client.next(.started) else { return .wait }
        let text = String(decoding: message.octets, as: UTF8.self)
        let parts = text.split(separator: "r=")
        return client.next(.challenge(Secret(first(String(parts[1])))))
    }

    @Test(arguments: [
        ("r=NONCEx,s=QQ==,i=4095", SASLFailure.unreasonableIterations),
        ("r=NONCEx,s=QQ==,i=1", .unreasonableIterations),
        ("r=NONCEx,s=QQ==,i=2147483648", .unreasonableIterations),
        ("r=NONCEx,s=QQ==,i=1000001", .unreasonableIterations),
        ("r=NONCEx,s=QQ==,i=99999999999999999999", .malformed), ("r=NONCEx,s=QQ==,i=04096", .malformed),
        ("r=NONCEx,s=QQ==,i=-1", .malformed), ("r=NONCEx,s=QQ==", .malformed),
        ("r=NONCEx,i=4096,s=QQ==", .malformed),
        ("r=NONCE,s=QQ==,i=4096", .malformed), ("r=xNONCE,s=QQ==,i=4096", .malformed),
        ("m=x,r=NONCEx,s=QQ==,i=4096", .malformed), ("r=NONCEx,s=Q,i=4096", .malformed), ("", .malformed),
        ("e=unknown-user", .serverError), ("r=NONCE x,s=QQ==,i=4096", .malformed),
    ]) func `the client refuses`(_ form: String, _ expected: SASLFailure) throws {
        #expect(try Self.client { form.replacing("NONCE", with: $0) } == .fail(expected))
    }

    @Test func `the client ignores what it need not know`() throws {
        guard case .derive(let derivation) = try Self.client({ "r=\($0)x,s=QQ==,i=4096,x=y" }) else {
            Issue.record("refused")
            return
        }
        #expect(derivation.salt == [65] && derivation.iterations == 4096 && derivation.function == .sha256)
    }

    /// A server is not believed before it has proven itself.
    @Test func `success that comes early or unproven`() throws {
        for stop in 0...3 {
            var client = try SASLClient.scram(name: "user", password: Secret("pencil"), crypto: Self.crypto)
            var server = try ExchangeTests.server(.scramSHA256)
            let key = try #require(Exchanges.keys[.sha256])
            guard case .respond(let first) = client.next(.started) else { return }
            if stop > 0 {
                _ = server.next(.started(first))
                guard case .challenge(let challenge) = server.next(.key(.scram(key))),
                    case .derive(let derivation) = client.next(.challenge(challenge))
                else { return }
                if stop > 1, case .respond(let last) = client.next(.derived(derivation.run(Self.crypto))) {
                    _ = server.next(.response(last))
                    if stop > 2, case .challenge(let signature) = server.next(.accepted) {
                        var octets = signature.octets
                        octets[4] = octets[4] == 65 ? 66 : 65
                        #expect(client.next(.challenge(Secret(octets))) == .fail(.serverUnproven))
                        continue
                    }
                }
            }
            #expect(client.next(.succeeded) == .fail(.serverUnproven), "\(stop)")
        }
    }
}
