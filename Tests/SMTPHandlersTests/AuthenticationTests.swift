import SMTPConnection
import SMTPHandlers
import SMTPOpenSSL
import SMTPProtocol
import SMTPServer
import SMTPTesting
import Synchronization
import Testing

/// Clients that say who they are to a server with a list of accounts.
@Suite struct AuthenticationTests {
    static let crypto = OpenSSLCrypto()
    static let canary = "k4n4r13nv0g3l"

    static func accounts() throws -> Accounts {
        var accounts = Accounts()
        for function in [HashFunction.sha1, .sha256] {
            let key = try SCRAMKey(
                password: Secret(canary), function: function, iterations: 4096, crypto: crypto)
            try accounts.add("user", .scram(key))
        }
        try accounts.add("clear", .password(Secret(canary)))
        return accounts
    }

    /// All that the service told its operator, as text in every form.
    final class Log: Sendable {
        private let text = Mutex("")
        func add(_ event: some Sendable) {
            text.withLock {
                $0 += "\(event)\n"
                dump(event, to: &$0)
            }
        }
        var all: String { text.withLock { $0 } }
    }

    static func service(_ log: Log = Log(), queue: Int = 32) throws -> (Service, PasswordAuthenticator) {
        let authenticator = PasswordAuthenticator(try accounts(), crypto: crypto, queue: queue)
        var session = ServerSession.Configuration(hostname: "mx.example.org")
        session.authentication = .init(
            .required, mechanisms: SASLMechanism.standard + [.cramMD5, .oauthBearer, .xoauth2],
            inClear: .everything, crypto: crypto, decoys: Decoys(iterations: authenticator.commonIterations))
        session.limits.authenticationFailures = nil
        session.limits.softErrors = nil
        session.limits.errors = nil
        var service = Service(ServerConnection.Configuration(session)) { _ in authenticator.guarding(Sink()) }
        service.observe = { log.add($0) }
        return (service, authenticator)
    }

    static func say(_ connection: VirtualConnection, _ line: String) -> String {
        connection.receive(line + "\r\n")
        // What is slow is answered from another thread.
        while connection.output.isEmpty, !connection.wantsInput, !connection.isClosed {
            guard connection.waitForAnswer(timeout: .seconds(30)) else { break }
        }
        return connection.takeText()
    }

    static func base64(_ octets: [UInt8]) -> String {
        octets.isEmpty ? "" : String(decoding: Base64.encode(octets), as: UTF8.self)
    }

    /// Runs one exchange over a connection; the last reply.
    static func authenticate(_ connection: VirtualConnection, _ exchange: any SASLClientExchange) throws
        -> String
    {
        var exchange = exchange
        var line = "AUTH \(exchange.mechanism)"
        if case .respond(let secret) = exchange.next(.started) { line += " \(base64(secret.octets))" }
        var reply = say(connection, line)
        while reply.hasPrefix("334") {
            let challenge = try Base64.decode(Array(reply.dropFirst(4).utf8.dropLast(2)))
            var step = exchange.next(.challenge(Secret(challenge)))
            if case .derive(let derivation) = step { step = exchange.next(.derived(derivation.run(crypto))) }
            guard case .respond(let secret) = step else { return say(connection, "*") }
            reply = say(connection, base64(secret.octets))
        }
        if reply.hasPrefix("235") { #expect(exchange.next(.succeeded) == .finish) }
        return reply
    }

    static func exchanges(_ name: String, _ password: String) throws -> [any SASLClientExchange] {
        let secret = Secret(password)
        return [
            try SASLClient.plain(name: name, password: secret),
            try SASLClient.login(name: name, password: secret),
            try SASLClient.scram(name: name, password: secret, function: .sha1, crypto: crypto),
            try SASLClient.scram(name: name, password: secret, crypto: crypto),
        ]
    }

    static func greeted(_ service: Service) throws -> VirtualConnection {
        let connection = try VirtualConnection(service)
        _ = say(connection, "EHLO client.example.com")
        return connection
    }

    @Test func `right and wrong, by every mechanism`() throws {
        let (service, _) = try Self.service()
        for name in ["user", "clear"] {
            for exchange in try Self.exchanges(name, Self.canary) {
                let connection = try Self.greeted(service)
                #expect(Self.say(connection, "MAIL FROM:<a@example.com>").hasPrefix("530"))
                #expect(
                    try Self.authenticate(connection, exchange) == "235 2.7.0 Authentication successful\r\n")
                #expect(Self.say(connection, "MAIL FROM:<a@example.com>").hasPrefix("250"))
            }
        }
        for (name, password) in [("user", "wrong"), ("clear", "wrong"), ("nobody", Self.canary)] {
            let connection = try Self.greeted(service)
            for exchange in try Self.exchanges(name, password) {
                let reply = try Self.authenticate(connection, exchange)
                #expect(reply.hasPrefix("535 5.7.8"), "\(name) \(exchange.mechanism)")
            }
            #expect(Self.say(connection, "MAIL FROM:<a@example.com>").hasPrefix("530"))
        }
    }

    @Test func `cram-md5 needs the password, tokens need another handler`() throws {
        let (service, _) = try Self.service()
        let connection = try Self.greeted(service)
        for (name, expected) in [("user", "535"), ("nobody", "535"), ("clear", "235")] {
            let exchange = try SASLClient.cramMD5(
                name: name, password: Secret(Self.canary), crypto: Self.crypto)
            #expect(try Self.authenticate(connection, exchange).hasPrefix(expected), "\(name)")
        }
        let other = try Self.greeted(service)
        let bearer = try SASLClient.oauthBearer(name: "user", token: Secret(Self.canary))
        #expect(try Self.authenticate(other, bearer).hasPrefix("535"))
    }

    @Test func `to act as another is refused`() throws {
        let (service, _) = try Self.service()
        let connection = try Self.greeted(service)
        for exchange in [
            try SASLClient.plain(name: "user", password: Secret(Self.canary), authorizationID: "boss"),
            try SASLClient.scram(
                name: "user", password: Secret(Self.canary), authorizationID: "boss", crypto: Self.crypto),
        ] { #expect(try Self.authenticate(connection, exchange).hasPrefix("535")) }
    }

    @Test func `accounts can be replaced`() throws {
        let (service, authenticator) = try Self.service()
        authenticator.replace(Accounts())
        let connection = try Self.greeted(service)
        for exchange in try Self.exchanges("user", Self.canary) {
            #expect(try Self.authenticate(connection, exchange).hasPrefix("535"))
        }
    }

    /// ATK-CPU-5: what is slow waits in line, and the line has an end.
    @Test func `more than may wait is put off`() throws {
        let (service, _) = try Self.service(queue: 2)
        let plain = try SASLClient.plain(name: "user", password: Secret("wrong"))
        var first = plain
        guard case .respond(let secret) = first.next(.started) else { return }
        var connections: [VirtualConnection] = []
        var replies: [String] = []
        for _ in 0..<40 {
            let connection = try Self.greeted(service)
            connection.receive("AUTH PLAIN \(Self.base64(secret.octets))\r\n")
            connections.append(connection)
            let reply = connection.takeText()
            if !reply.isEmpty { replies.append(reply) }
        }
        #expect(replies.count > 10 && replies.allSatisfy { $0.hasPrefix("454 4.7.0") }, "\(replies.count)")
    }

    /// ATK-LOG-2, ATK-LOG-3: a password, a token, keys and proofs, through right and wrong exchanges, cancelled ones and
    /// ones that break off: nothing of them is in any reply, any event, any description.
    @Test func `a canary through a whole connection`() throws {
        let log = Log()
        let (service, authenticator) = try Self.service(log)
        var said = ""
        func look(_ value: some Any) {
            said += "\(value)"
            dump(value, to: &said)
        }
        look(authenticator)
        for name in ["user", "nobody", Self.canary] {
            for exchange in try Self.exchanges(name, Self.canary) {
                let connection = try Self.greeted(service)
                look(exchange)
                said += try Self.authenticate(connection, exchange)
                look(connection)
            }
        }
        let connection = try Self.greeted(service)
        let secret = Self.base64(Array("\0user\0\(Self.canary)".utf8))
        for line in [
            "AUTH PLAIN \(secret)x", "AUTH \(Self.canary)", "AUTH PLAIN \(secret) \(secret)", "AUTH LOGIN",
            secret,
            secret + "*", "AUTH LOGIN", "\(Self.canary)", "AUTH PLAIN", Self.canary + "\r", "AUTH LOGIN", "*",
            "AUTH XOAUTH2 " + Self.base64(Array("user=a\u{1}auth=Bearer \(Self.canary)\u{1}\u{1}".utf8)), "*",
        ] { said += Self.say(connection, line) }
        connection.receive("AUTH PLAIN \(secret)")
        look(connection)
        connection.receiveEnd()
        let all = said + log.all
        #expect(all.contains("authenticat") && log.all.contains("authenticated"))
        let proof = secret.prefix(16)
        #expect(!log.all.contains(Self.canary) && !said.contains(Self.canary))
        #expect(!all.contains(proof) && !all.contains(Self.base64(Array(Self.canary.utf8)).prefix(12)))
    }
}

@Suite struct AccountsTests {
    static let key =
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        + "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

    @Test func lines() throws {
        let text =
            "# users\r\n\r\nuser:\(Self.key)\r\nbob@example.com:{CLEAR}pass:word\nBenützer:\(Self.key)\n"
        #expect(try Accounts(Array(text.utf8)).count == 3)
        #expect(try Accounts([]).count == 0)
        let key = try #require(SCRAMKey(Self.key))
        #expect(try Accounts.line("user", key) == "user:\(Self.key)")
        #expect(throws: AccountsError(line: nil, reason: .badName)) { try Accounts.line("a:b", key) }
        #expect(throws: AccountsError(line: nil, reason: .badName)) { try Accounts.line("a\nb", key) }
        var accounts = Accounts()
        #expect(throws: AccountsError(line: nil, reason: .badName)) { try accounts.add("", .scram(key)) }
    }

    @Test(arguments: [
        ("user", AccountsError.Reason.noColon), (":x", .badName), ("us\u{7}er:x", .badName),
        ("user:", .badKey),
        ("user:secret", .badKey), ("user:{CLEAR}", .badKey), ("user:{clear}x", .badKey),
        ("user:SCRAM-SHA-256$1", .badKey),
    ]) func `lines that are none`(_ line: String, _ reason: AccountsError.Reason) {
        let text = Array("# one\n\(line)\n".utf8)
        #expect(throws: AccountsError(line: 2, reason: reason)) { try Accounts(text) }
        #expect(!"\(AccountsError(line: 2, reason: reason))".contains("secret"))
    }
}
