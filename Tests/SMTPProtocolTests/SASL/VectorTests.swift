import SMTPProtocol
import Testing

/// The examples of the specifications, octet by octet, on both sides.
@Suite struct VectorTests {
    static let crypto = Exchanges.crypto

    struct SCRAMExample: Sendable, CustomTestStringConvertible {
        let source: String
        let function: HashFunction
        let salt: String
        let clientNonce: String
        let serverNonce: String
        let proof: String
        let signature: String
        var testDescription: String { source }
    }

    @Test(arguments: [
        SCRAMExample(
            source: "RFC 5802 §5", function: .sha1, salt: "QSXCR+Q6sek8bf92",
            clientNonce: "fyko+d2lbbFgONRv9qkxdawL", serverNonce: "3rfcNHYJY1ZVvWVs7j",
            proof: "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", signature: "rmF9pqV8S7suAoZWja4dJRkFsKQ="),
        SCRAMExample(
            source: "RFC 7677 §3", function: .sha256, salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
            clientNonce: "rOprNGfwEbeRWgbNEkqO", serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            proof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            signature: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="),
    ]) func scram(_ example: SCRAMExample) throws {
        let nonce = example.clientNonce + example.serverNonce
        let first = "n,,n=user,r=\(example.clientNonce)"
        let challenge = "r=\(nonce),s=\(example.salt),i=4096"
        let last = "c=biws,r=\(nonce),p=\(example.proof)"
        let final = "v=\(example.signature)"

        var client = SCRAMClient(
            example.function, nil, Self.crypto, 4096...4096, header: Array("n,,".utf8),
            name: Array("user".utf8), password: Secret("pencil"), nonce: Array(example.clientNonce.utf8))
        #expect(client.next(.started) == .respond(Secret(first)))
        guard case .derive(let derivation) = client.next(.challenge(Secret(challenge))) else {
            Issue.record("no derivation")
            return
        }
        #expect(client.next(.derived(derivation.run(Self.crypto))) == .respond(Secret(last)))
        #expect(client.next(.challenge(Secret(final))) == .respond(Secret([])))
        #expect(client.next(.succeeded) == .finish)

        let key = try SCRAMKey(
            password: Secret("pencil"), function: example.function,
            salt: try Base64.decode(Array(example.salt.utf8)), iterations: 4096, crypto: Self.crypto)
        let name: SASLMechanismName = example.function == .sha1 ? "SCRAM-SHA-1" : "SCRAM-SHA-256"
        var server = SCRAMServer(
            name, example.function, isBound: false, Exchanges.clear, Self.crypto,
            nonce: Array(example.serverNonce.utf8))
        #expect(
            server.next(.started(Secret(first)))
                == .lookUp(
                    SASLKeyRequest(
                        mechanism: name, authenticationID: "user", kind: .scram(example.function))))
        #expect(server.next(.key(.scram(key))) == .challenge(Secret(challenge)))
        #expect(
            server.next(.response(Secret(last)))
                == .verify(Credentials(mechanism: name, authenticationID: "user", proof: .proven)))
        #expect(server.next(.accepted) == .challenge(Secret(final)))
        #expect(server.next(.response(Secret([]))) == .succeed)
    }

    /// RFC 2195 §2.
    @Test func cram() throws {
        let challenge = "<1896.697170952@postoffice.reston.mci.net>"
        let response = "tim b913a602c7eda7a495b4e6e7334d3890"
        var client = try SASLClient.cramMD5(
            name: "tim", password: Secret("tanstaaftanstaaf"), crypto: Self.crypto)
        #expect(client.next(.started) == .wait)
        #expect(client.next(.challenge(Secret(challenge))) == .respond(Secret(response)))
        #expect(client.next(.succeeded) == .finish)
        var server = CRAMMD5Server(crypto: Self.crypto, hostname: "x", challenge: Array(challenge.utf8))
        #expect(server.next(.started(nil)) == .challenge(Secret(challenge)))
        #expect(
            server.next(.response(Secret(response)))
                == .lookUp(SASLKeyRequest(mechanism: "CRAM-MD5", authenticationID: "tim", kind: .password)))
        #expect(
            server.next(.key(.password(Secret("tanstaaftanstaaf"))))
                == .verify(Credentials(mechanism: "CRAM-MD5", authenticationID: "tim", proof: .proven)))
        #expect(server.next(.accepted) == .succeed)
    }

    /// RFC 4616 §4: one with, one without an identity to act as.
    @Test(arguments: [
        ("\0tim\0tanstaaftanstaaf", "", "tim", "tanstaaftanstaaf"),
        ("Ursel\0Kurt\0xipj3plmq", "Ursel", "Kurt", "xipj3plmq"),
    ]) func plain(_ message: String, _ actsAs: String, _ name: String, _ password: String) throws {
        var client = try SASLClient.plain(name: name, password: Secret(password), authorizationID: actsAs)
        #expect(client.next(.started) == .respond(Secret(message)))
        var server = try ExchangeTests.server(.plain)
        #expect(
            server.next(.started(Secret(message)))
                == .verify(
                    Credentials(
                        mechanism: "PLAIN", authenticationID: name,
                        authorizationID: actsAs.isEmpty ? nil : actsAs, proof: .password(Secret(password)))))
    }

    /// RFC 7628 §4.1, as it goes over the wire.
    @Test func bearer() throws {
        let wire =
            "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRj"
            + "Mk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
        let message = Secret(try Base64.decode(Array(wire.utf8)))
        var server = try ExchangeTests.server(.oauthBearer)
        #expect(
            server.next(.started(message))
                == .verify(
                    Credentials(
                        mechanism: "OAUTHBEARER", authenticationID: "", authorizationID: "user@example.com",
                        proof: .token(Secret("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")))))
        // What the server explains is answered with one control-A, "AQ==" (RFC 7628 §3.2.3).
        guard case .challenge = server.next(.refused) else {
            Issue.record("no explanation")
            return
        }
        #expect(Base64.encode([1]) == Array("AQ==".utf8))
        #expect(server.next(.response(Secret([1]))) == .fail(.refused))
    }

    /// The stored form, there and back (RFC 5803 §2), from the example of RFC 7677.
    @Test func `stored key`() throws {
        let key = try SCRAMKey(
            password: Secret("pencil"), salt: try Base64.decode(Array("W22ZaJ0SNY7soEsUEjb6gQ==".utf8)),
            iterations: 4096, crypto: Self.crypto)
        let text =
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
            + "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        #expect(key.text == text)
        #expect(SCRAMKey(text) == key)
        #expect(key.matches(Secret("pencil"), crypto: Self.crypto))
        #expect(!key.matches(Secret("pencils"), crypto: Self.crypto))
        for wrong in [
            "", "x", "SCRAM-SHA-256", "SCRAM-SHA-256$4096:AA==$AA==:AA==", text + "$", text + "=", " " + text,
            text.replacing("256$", with: "1$"), text.replacing("SHA", with: "sha"),
            text.replacing("4096", with: "0"), text.replacing("4096", with: "-1"),
            text.replacing("4096", with: "99999999999"), text.replacing("W22", with: ""),
            text.replacing("W22ZaJ0SNY7soEsUEjb6gQ==", with: ""),
            text.replacing("SCRAM-SHA-256", with: "SCRAM-MD5"),
        ] { #expect(SCRAMKey(wrong) == nil, "\(wrong)") }
    }
}
