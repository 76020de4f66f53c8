import SMTPProtocol
import Testing

/// Every mechanism against its own other side: right, wrong, tampered with.
@Suite struct ExchangeTests {
    typealias Maker = @Sendable (_ name: String, _ secret: String) throws -> any SASLClientExchange

    struct Pair: Sendable, CustomTestStringConvertible {
        let mechanism: SASLMechanism
        /// How many challenges a success takes.
        let challenges: Int
        /// What kind of key is asked for.
        var kind: SASLKeyRequest.Kind?
        let make: Maker
        var testDescription: String { mechanism.description }
    }

    static func scram(_ mechanism: SASLMechanism, _ function: HashFunction, _ binding: SASLClient.Binding)
        -> Pair
    {
        Pair(mechanism: mechanism, challenges: 2, kind: .scram(function)) {
            try SASLClient.scram(
                name: $0, password: Secret($1), function: function, binding: binding, crypto: Exchanges.crypto
            )
        }
    }

    static let withPassword: [Pair] = [
        Pair(mechanism: .plain, challenges: 0) { try SASLClient.plain(name: $0, password: Secret($1)) },
        Pair(mechanism: .login, challenges: 2) { try SASLClient.login(name: $0, password: Secret($1)) },
        Pair(mechanism: .cramMD5, challenges: 1, kind: .password) {
            try SASLClient.cramMD5(name: $0, password: Secret($1), crypto: Exchanges.crypto)
        },
        scram(.scramSHA1, .sha1, .unsupported), scram(.scramSHA256, .sha256, .unsupported),
        scram(.scramSHA1Plus, .sha1, .to(Exchanges.bindings[0])),
        scram(.scramSHA256Plus, .sha256, .to(Exchanges.bindings[0])),
        scram(.scramSHA256Plus, .sha256, .to(Exchanges.bindings[1])),
    ]

    static func server(
        _ mechanism: SASLMechanism, _ context: SASLServerContext = Exchanges.context
    ) throws -> any SASLServerExchange {
        try #require(mechanism.exchange(in: context))
    }

    @Test(arguments: withPassword) func `a password`(_ pair: Pair) throws {
        let client = try pair.make("user", "pencil")
        #expect(client.mechanism == pair.mechanism.name)
        var application = Exchanges.Application()
        let outcome = Exchanges.run(client, try Self.server(pair.mechanism), &application)
        #expect(outcome == .init(server: .succeed, client: .finish, challenges: pair.challenges))
        #expect(application.credentials?.authenticationID == "user")
        #expect(application.credentials?.mechanism == pair.mechanism.name)
        #expect(application.credentials?.authorizationID == nil)
        #expect(application.requests.map(\.kind) == (pair.kind.map { [$0] } ?? []))
        for (name, password) in [("user", "pencils"), ("user", "Pencil"), ("users", "pencil")] {
            var application = Exchanges.Application()
            let outcome = Exchanges.run(
                try pair.make(name, password), try Self.server(pair.mechanism), &application)
            #expect(outcome.server == .fail(.refused), "\(name) \(password)")
            #expect(outcome.client != .finish)
            // A name that nobody knows takes as many steps as a wrong password.
            #expect(outcome.challenges == (pair.challenges == 2 && pair.kind != nil ? 1 : pair.challenges))
        }
    }

    @Test func `a token`() throws {
        for (mechanism, make) in [
            (SASLMechanism.oauthBearer, { try SASLClient.oauthBearer(name: "user", token: Secret($0)) }),
            (.xoauth2, { try SASLClient.xoauth2(name: "user", token: Secret($0)) }),
        ] as [(SASLMechanism, (String) throws -> any SASLClientExchange)] {
            var application = Exchanges.Application()
            let right = Exchanges.run(try make("t0ken"), try Self.server(mechanism), &application)
            #expect(right == .init(server: .succeed, client: .finish))
            // The token says who the client is; what it claims is only whom it wants to be.
            #expect(application.credentials?.authenticationID == "")
            #expect(application.credentials?.authorizationID == "user")
            let wrong = Exchanges.run(try make("other"), try Self.server(mechanism), &application)
            let reply: [UInt8] = mechanism.name == "XOAUTH2" ? [] : [1]
            #expect(
                wrong == .init(server: .fail(.refused), client: .respond(Secret(reply)), challenges: 1))
        }
    }

    @Test func `no secret at all`() throws {
        var application = Exchanges.Application()
        let external = Exchanges.run(
            try SASLClient.external(authorizationID: "other"), try Self.server(.external), &application)
        #expect(external == .init(server: .succeed, client: .finish))
        #expect(
            application.credentials
                == Credentials(
                    mechanism: "EXTERNAL", authenticationID: "", authorizationID: "other", proof: .certificate
                ))
        let anonymous = Exchanges.run(
            SASLClient.anonymous(trace: "someone"), try Self.server(.anonymous), &application)
        #expect(anonymous == .init(server: .succeed, client: .finish))
        #expect(application.credentials?.proof == .anonymous(trace: "someone"))
    }

    @Test func `to act as another`() throws {
        for (mechanism, client) in [
            (
                SASLMechanism.plain,
                try SASLClient.plain(name: "user", password: Secret("pencil"), authorizationID: "boss")
            ),
            (
                .scramSHA256,
                try SASLClient.scram(
                    name: "user", password: Secret("pencil"), authorizationID: "boss",
                    crypto: Exchanges.crypto)
            ),
        ] {
            var application = Exchanges.Application()
            _ = Exchanges.run(client, try Self.server(mechanism), &application)
            #expect(application.credentials?.authorizationID == "boss")
        }
        // Nobody acts for himself.
        let same = Credentials(
            mechanism: "X", authenticationID: "a", authorizationID: "a", proof: .other(Secret("")))
        #expect(same.authorizationID == nil)
    }

    /// Whatever octet of whatever message is changed, nobody gets in who should not: with a proof at all, and with
    /// messages of the client's that are nonsense.
    @Test(arguments: withPassword) func tampered(_ pair: Pair) throws {
        for message in 1...3 {
            for position in 0..<120 {
                for change in [UInt8(1), 0x80] {
                    var application = Exchanges.Application()
                    var isChanged = false
                    let outcome = Exchanges.run(
                        try pair.make("user", "pencil"), try Self.server(pair.mechanism), &application
                    ) { number, secret in
                        guard number == message, position < secret.octets.count else { return secret }
                        var octets = secret.octets
                        octets[position] ^= change
                        isChanged = true
                        return Secret(octets)
                    }
                    guard isChanged else { continue }
                    #expect(outcome.server != .succeed, "\(pair.mechanism) \(message) \(position) \(change)")
                }
            }
        }
    }

    @Test func `events out of turn end it`() throws {
        let events: [SASLServerEvent] = [
            .started(nil), .started(Secret("x")), .response(Secret("")), .key(nil), .accepted, .refused,
        ]
        var numbers = Numbers(state: 4422)
        for mechanism in SASLMechanism.all {
            for _ in 0..<400 {
                var server = try Self.server(mechanism)
                for _ in 0..<6 {
                    let event = events[numbers.below(events.count)]
                    let step = server.next(event)
                    // Only an application that accepted, and was asked to, lets anybody in.
                    if step == .succeed { #expect(event == .accepted || event == .response(Secret(""))) }
                    if case .fail = step { break }
                    if step == .succeed { break }
                }
            }
        }
    }

    @Test func `no octets make a mechanism trap`() throws {
        var numbers = Numbers(state: 7628)
        let pieces = [
            "n,,", "y,,", "p=tls-exporter,,", "p=x,,", "n,a=b,", "a=", "n=user", "r=", "r=abc", ",", "=2C",
            "=3D",
            "=", "m=x", "c=biws", "p=", "\0", "\u{1}", "auth=Bearer x", "auth=", "user=a", "e=x", "v=",
            "s=QQ==",
            "i=4096", "i=0", "i=99999999999999999999", "é", " ", "0123456789abcdef0123456789abcdef",
        ]
        for mechanism in SASLMechanism.all {
            for _ in 0..<1_500 {
                var server = try Self.server(mechanism)
                for round in 0..<3 {
                    let text = (0..<numbers.below(7)).flatMap { _ -> [UInt8] in
                        numbers.below(8) == 0
                            ? [UInt8(numbers.below(256))] : Array(pieces[numbers.below(pieces.count)].utf8)
                    }
                    let step = server.next(round == 0 ? .started(Secret(text)) : .response(Secret(text)))
                    if case .lookUp = step { _ = server.next(.key(nil)) }
                    #expect(step != .succeed)
                }
            }
        }
    }
}
