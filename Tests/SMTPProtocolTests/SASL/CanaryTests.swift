import SMTPProtocol
import Testing

/// ATK-LOG-2: a secret is put into everything that holds one, and looked for in everything that shows it.
@Suite struct CanaryTests {
    static let canary = "k4n4r13nv0g3l"

    /// All the ways in which a value becomes text.
    static func shown(_ value: some Any) -> String {
        var text = "\(value)" + String(describing: value) + String(reflecting: value)
        dump(value, to: &text)
        func reflect(_ value: Any, _ depth: Int) {
            for child in Mirror(reflecting: value).children where depth < 8 {
                text += "\(child.label ?? "") \(child.value)"
                reflect(child.value, depth + 1)
            }
        }
        reflect(value, 0)
        return text
    }

    static func isSilent(_ value: some Any) -> Bool {
        let text = shown(value)
        return [Array(canary.utf8), Base64.encode(Array(canary.utf8))].allSatisfy { form in
            let numbers = form.prefix(4).map { "\($0)" }
            return !text.contains(String(decoding: form.prefix(12), as: UTF8.self))
                && !text.contains(numbers.joined(separator: ", "))
                && !text.contains(numbers.joined(separator: "\n"))
        }
    }

    @Test func `the test can fail`() {
        #expect(!Self.isSilent(Self.canary) && !Self.isSilent(Array(Self.canary.utf8)))
        #expect(
            !Self.isSilent(["a": [Self.canary]]) && !Self.isSilent(Base64.encode(Array(Self.canary.utf8))))
    }

    @Test func values() throws {
        let secret = Secret(Self.canary)
        #expect(Self.isSilent(secret) && Self.isSilent([secret]) && Self.isSilent(Optional(secret)))
        #expect("\(secret)" == "<redacted>")
        for proof in [Credentials.Proof.password(secret), .token(secret), .other(secret)] {
            let credentials = Credentials(mechanism: "PLAIN", authenticationID: "user", proof: proof)
            #expect(Self.isSilent(credentials) && Self.isSilent(SASLServerStep.verify(credentials)))
            #expect("\(credentials)" == "PLAIN \"user\"")
        }
        #expect(
            Self.isSilent(SASLServerEvent.started(secret)) && Self.isSilent(SASLServerStep.challenge(secret)))
        #expect(
            Self.isSilent(SASLClientEvent.challenge(secret)) && Self.isSilent(SASLClientStep.respond(secret)))
        #expect(Self.isSilent(SASLKey.password(secret)) && Self.isSilent(Decoys(secret: secret)))
        #expect(Self.isSilent(SASLClient.Identity.password(name: "user", secret)))
        #expect(Self.isSilent(ChannelBinding(.tlsExporter, secret.octets)))
        let key = try SCRAMKey(password: secret, salt: secret.octets, iterations: 1, crypto: Exchanges.crypto)
        #expect(Self.isSilent(key) && "\(key)" == "<redacted>" && Self.isSilent(SASLKey.scram(key)))
        // Hashing tells nothing either, and equal secrets are equal.
        #expect(Set([secret, Secret(Self.canary), Secret("other secret1")]).count == 2)
    }

    /// Every exchange, on both sides, at every stage.
    @Test func exchanges() throws {
        for pair in ExchangeTests.withPassword {
            var client = try pair.make("user", Self.canary)
            var server = try ExchangeTests.server(pair.mechanism)
            var said = client.next(.started)
            #expect(Self.isSilent(client))
            for round in 0..<4 {
                let response: Secret?
                if case .respond(let found) = said { response = found } else { response = nil }
                var step =
                    round == 0
                    ? server.next(.started(response)) : server.next(.response(response ?? Secret("")))
                #expect(Self.isSilent(server) && Self.isSilent(step))
                if case .lookUp = step { step = server.next(.key(.password(Secret(Self.canary)))) }
                if case .verify = step { step = server.next(.accepted) }
                #expect(Self.isSilent(server) && Self.isSilent(step))
                guard case .challenge(let challenge) = step else { break }
                said = client.next(.challenge(challenge))
                if case .derive(let derivation) = said {
                    #expect(Self.isSilent(derivation) && Self.isSilent(said))
                    said = client.next(.derived(derivation.run(Exchanges.crypto)))
                }
                #expect(Self.isSilent(client) && Self.isSilent(said))
            }
        }
        let bearer = try SASLClient.oauthBearer(name: "user", token: Secret(Self.canary))
        #expect(Self.isSilent(bearer))
    }

    @Test func errors() throws {
        for message in ["\0\(Self.canary)", "\(Self.canary)\0\(Self.canary)\u{7}\0\(Self.canary)"] {
            #expect(Self.isSilent(try MechanismRulesTests.first(.plain, Array(message.utf8))))
        }
        #expect(Self.isSilent(StringPreparationTests.failure(Array("\(Self.canary)\u{7}".utf8)) as Any))
        let found = Parse.error { () throws(SyntaxError) in
            _ = try Base64.decode(Array("\(Self.canary)*".utf8))
        }
        #expect(Self.isSilent(found as Any))
    }
}
