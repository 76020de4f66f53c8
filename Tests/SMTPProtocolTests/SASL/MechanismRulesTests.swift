import SMTPProtocol
import Testing

/// What each mechanism takes and refuses, message by message.
@Suite struct MechanismRulesTests {
    /// What the server says to an initial response.
    static func first(_ mechanism: SASLMechanism, _ message: [UInt8]) throws -> SASLServerStep {
        var server = try ExchangeTests.server(mechanism)
        return server.next(.started(Secret(message)))
    }

    @Test(arguments: [
        ("", SASLFailure.malformed), ("\0", .malformed), ("user", .malformed), ("a\0b", .malformed),
        ("\0a\0b\0", .malformed), ("\0a\0b\0c", .malformed), ("\0\0\0", .malformed), ("\0\0", .refused),
        ("\0\0pw", .refused), ("\0user\0", .refused), ("x\0user\0", .refused),
        ("\0us\rer\0pw", .unpreparable),
        ("\0user\0p\nw", .unpreparable), ("\0user\0pw\r\n", .unpreparable),
        ("\0us\u{1}er\0pw", .unpreparable),
        ("a\u{7}\0user\0pw", .unpreparable), ("\0e\u{301}\0pw", .unpreparable),
        ("\0\u{ad}\0pw", .unpreparable),
    ]) func `plain refuses`(_ message: String, _ expected: SASLFailure) throws {
        #expect(try Self.first(.plain, Array(message.utf8)) == .fail(expected))
    }

    @Test func `plain takes`() throws {
        #expect(try Self.first(.plain, [0, 0xff, 0, 65]) == .fail(.unpreparable))
        #expect(try Self.first(.plain, [0, 65, 0, 0xff]) == .fail(.unpreparable))
        let long = [UInt8](repeating: 97, count: 255)
        #expect(
            try Self.first(.plain, long + [0] + long.map { $0 + 1 } + [0] + long)
                == .verify(
                    Credentials(
                        mechanism: "PLAIN",
                        authenticationID: String(repeating: "b", count: 255),
                        authorizationID: String(repeating: "a", count: 255), proof: .password(Secret(long)))))
        // A password that cannot be prepared here goes to the application as it came; a prepared one prepared.
        for (sent, expected) in [("😀", "😀"), ("a\u{a0}b", "a b"), ("pass word", "pass word")] {
            let step = try Self.first(.plain, Array("\0user\0\(sent)".utf8))
            #expect(
                step
                    == .verify(
                        Credentials(
                            mechanism: "PLAIN", authenticationID: "user", proof: .password(Secret(expected))))
            )
        }
    }

    @Test func `login takes the name with AUTH too`() throws {
        var server = try ExchangeTests.server(.login)
        #expect(server.next(.started(nil)) == .challenge(Secret("Username:")))
        #expect(server.next(.response(Secret("user"))) == .challenge(Secret("Password:")))
        #expect(try Self.first(.login, Array("user".utf8)) == .challenge(Secret("Password:")))
        for (name, password) in [("", "pw"), ("user", ""), ("us\0er", "pw"), ("user", "p\rw")] {
            var server = try ExchangeTests.server(.login)
            _ = server.next(.started(Secret(name)))
            guard case .fail = server.next(.response(Secret(password))) else {
                Issue.record("\(name.debugDescription) \(password.debugDescription)")
                continue
            }
        }
    }

    @Test func `cram-md5`() throws {
        #expect(try Self.first(.cramMD5, []) == .fail(.malformed))
        var challenges: Set<[UInt8]> = []
        for _ in 0..<20 {
            var server = try ExchangeTests.server(.cramMD5)
            guard case .challenge(let challenge) = server.next(.started(nil)) else { continue }
            let text = String(decoding: challenge.octets, as: UTF8.self)
            #expect(text.contains(#/^<[0-9a-f]{32}@mx\.example>$/#))
            challenges.insert(challenge.octets)
        }
        #expect(challenges.count == 20)
        let digest = "b913a602c7eda7a495b4e6e7334d3890"
        for (response, expected) in [
            ("", SASLFailure.malformed), ("tim", .malformed), ("tim ", .malformed), (digest, .malformed),
            ("tim \(digest)0", .malformed), ("tim \(digest.dropLast())", .malformed),
            ("tim B913A602C7EDA7A495B4E6E7334D3890", .malformed), (" \(digest)", .refused),
            ("tim\0 \(digest)", .unpreparable),
        ] {
            var server = try ExchangeTests.server(.cramMD5)
            _ = server.next(.started(nil))
            #expect(server.next(.response(Secret(response))) == .fail(expected), "\(response)")
        }
    }

    @Test(arguments: [
        ("n,a=user,\u{1}auth=Bearer t\u{1}\u{1}", true), ("n,,\u{1}auth=bearer t\u{1}\u{1}", true),
        ("n,,\u{1}x=y\u{1}auth=Bearer t=\u{1}host=h\u{1}\u{1}", true),
        ("n,,\u{1}\u{1}", false), ("n,,\u{1}x=y\u{1}\u{1}", false), ("n,,\u{1}auth=Bearer t\u{1}", false),
        ("n,,auth=Bearer t\u{1}\u{1}", false), ("n,,\u{1}auth=Bearer \u{1}\u{1}", false),
        ("n,,\u{1}auth=Basic tttt\u{1}\u{1}", false), ("n,,\u{1}auth=Bearer a b\u{1}\u{1}", false),
        ("n,,\u{1}auth=Bearer t\u{1}auth=Bearer u\u{1}\u{1}", false),
        ("y,,\u{1}auth=Bearer t\u{1}\u{1}", false),
        ("p=tls-exporter,,\u{1}auth=Bearer t\u{1}\u{1}", false), ("", false), ("n,,", false),
        ("\u{1}\u{1}", false),
        ("n,,\u{1}auth=Bearer t\0\u{1}\u{1}", false), ("n,a==2Z,\u{1}auth=Bearer t\u{1}\u{1}", false),
    ]) func oauthbearer(_ message: String, _ isTaken: Bool) throws {
        let step = try Self.first(.oauthBearer, Array(message.utf8))
        if case .verify = step { #expect(isTaken) } else { #expect(step == .fail(.malformed) && !isTaken) }
    }

    @Test(arguments: [
        ("user=a@b\u{1}auth=Bearer t\u{1}\u{1}", true), ("user=\u{1}auth=Bearer t\u{1}\u{1}", true),
        ("auth=Bearer t\u{1}\u{1}", false), ("auth=Bearer t\u{1}user=a\u{1}\u{1}", false),
        ("user=a\u{1}auth=Bearer t\u{1}", false), ("user=a\u{1}auth=Bearer\u{1}\u{1}", false), ("", false),
    ]) func xoauth2(_ message: String, _ isTaken: Bool) throws {
        let step = try Self.first(.xoauth2, Array(message.utf8))
        if case .verify = step { #expect(isTaken) } else { #expect(step == .fail(.malformed) && !isTaken) }
    }

    @Test func `external and anonymous`() throws {
        #expect(
            try Self.first(.external, [])
                == .verify(Credentials(mechanism: "EXTERNAL", authenticationID: "", proof: .certificate)))
        #expect(try Self.first(.external, Array("a\0".utf8)) == .fail(.unpreparable))
        for wrong in [Array("a\r\nb".utf8), [0xff], [UInt8](repeating: 97, count: 1021)] {
            #expect(try Self.first(.anonymous, wrong) == .fail(.malformed))
        }
    }

    @Test(arguments: [
        ("PLAIN", true), ("plain", true), ("X-A_1", true), ("A", true), ("", false), ("A B", false),
        ("Ä", false),
        ("ABCDEFGHIJKLMNOPQRST", true), ("ABCDEFGHIJKLMNOPQRSTU", false), ("A=", false), ("A\0", false),
        ("pla\u{131}n", false),
    ]) func `names of mechanisms`(_ name: String, _ isName: Bool) {
        #expect((SASLMechanismName(name) != nil) == isName)
        if isName { #expect(SASLMechanismName(name) == SASLMechanismName(name.uppercased())) }
    }
}
