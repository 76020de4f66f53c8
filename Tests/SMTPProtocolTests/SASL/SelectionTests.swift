import SMTPProtocol
import Testing

/// Which mechanism a client takes, and what never leaves it.
@Suite struct SelectionTests {
    static let user = SASLClient.Identity.password(name: "user", Secret("pencil"))

    static func name(
        _ identity: SASLClient.Identity = user, offered: String, tls: Bool = true, bound: Bool = true,
        minimum: SASLClient.Strength = .clear, allowsClear: Bool = false, crypto: Bool = true
    ) throws -> String? {
        let names = offered.split(separator: " ").compactMap { SASLMechanismName(String($0)) }
        let conditions = SASLClient.Conditions(
            offered: names, isPrivate: tls, channelBindings: tls && bound ? Exchanges.bindings : [],
            minimum: minimum, allowsClear: allowsClear, crypto: crypto ? Exchanges.crypto : nil)
        return try SASLClient.exchange(for: identity, conditions)?.mechanism.description
    }

    static let everything =
        "LOGIN PLAIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS EXTERNAL XOAUTH2 "
        + "OAUTHBEARER ANONYMOUS"

    @Test func `the strongest, whatever the server's order`() throws {
        #expect(try Self.name(offered: Self.everything) == "SCRAM-SHA-256-PLUS")
        #expect(try Self.name(offered: Self.everything, bound: false) == "SCRAM-SHA-256")
        #expect(try Self.name(offered: "SCRAM-SHA-1-PLUS SCRAM-SHA-256") == "SCRAM-SHA-1-PLUS")
        #expect(try Self.name(offered: "LOGIN PLAIN SCRAM-SHA-1") == "SCRAM-SHA-1")
        #expect(try Self.name(offered: "LOGIN PLAIN CRAM-MD5") == "PLAIN")
        #expect(try Self.name(offered: "LOGIN") == "LOGIN")
        #expect(try Self.name(offered: Self.everything, crypto: false) == "PLAIN")
        #expect(try Self.name(.token(name: "a", Secret("t")), offered: Self.everything) == "OAUTHBEARER")
        #expect(try Self.name(.token(name: "a", Secret("t")), offered: "XOAUTH2") == "XOAUTH2")
        #expect(try Self.name(.certificate(), offered: Self.everything) == "EXTERNAL")
        #expect(try Self.name(.anonymous(), offered: Self.everything) == "ANONYMOUS")
    }

    @Test func `nothing in clear unless allowed, nothing weaker than demanded`() throws {
        #expect(try Self.name(offered: "PLAIN LOGIN", tls: false) == nil)
        #expect(try Self.name(.token(name: "a", Secret("t")), offered: Self.everything, tls: false) == nil)
        #expect(try Self.name(.certificate(), offered: Self.everything, tls: false) == nil)
        #expect(try Self.name(offered: "PLAIN", tls: false, allowsClear: true) == "PLAIN")
        #expect(try Self.name(offered: "PLAIN CRAM-MD5", tls: false) == "CRAM-MD5")
        #expect(try Self.name(offered: Self.everything, tls: false) == "SCRAM-SHA-256")
        // Somebody has cut the list: the client does not follow.
        #expect(try Self.name(offered: "PLAIN", minimum: .scram) == nil)
        #expect(try Self.name(offered: "PLAIN CRAM-MD5", tls: false, minimum: .scram) == nil)
        #expect(try Self.name(offered: "SCRAM-SHA-256 PLAIN", minimum: .bound) == nil)
        #expect(try Self.name(offered: "", minimum: .clear) == nil)
    }

    /// The header says what the client could do, so that the server can tell whether its list was cut.
    @Test func `what the client says of the channel`() throws {
        func header(_ offered: [SASLMechanismName], _ bindings: [ChannelBinding]) throws -> String {
            var exchange = try #require(
                try SASLClient.exchange(
                    for: Self.user,
                    SASLClient.Conditions(
                        offered: offered, isPrivate: true, channelBindings: bindings, crypto: Exchanges.crypto
                    )))
            guard case .respond(let message) = exchange.next(.started) else { return "" }
            return String(decoding: message.octets.prefix(2), as: UTF8.self)
        }
        #expect(try header(["SCRAM-SHA-256"], []) == "n,")
        #expect(try header(["SCRAM-SHA-256"], Exchanges.bindings) == "y,")
        #expect(try header(["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"], Exchanges.bindings) == "p=")
        #expect(try header(["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"], []) == "n,")
    }

    @Test func `names and passwords that cannot be prepared`() {
        for identity in [
            SASLClient.Identity.password(name: "a\0b", Secret("x")), .password(name: "", Secret("x")),
            .password(name: "a", Secret("")), .password(name: "a", Secret("x\r\ny")),
            .token(name: "a", Secret("")),
            .token(name: "a", Secret("t\u{1}user=b")), .token(name: "a\u{1}", Secret("t")),
            .certificate(authorizationID: "a\0"),
        ] {
            #expect(throws: SASLFailure.unpreparable) {
                _ = try Self.name(identity, offered: Self.everything)
            }
            #expect(throws: SASLFailure.unpreparable) {
                _ = try Self.name(identity, offered: "PLAIN XOAUTH2 EXTERNAL", crypto: false)
            }
        }
        #expect(throws: SASLFailure.unpreparable) {
            _ = try Self.name(.password(name: "a", Secret("😀")), offered: "SCRAM-SHA-1")
        }
    }
}
