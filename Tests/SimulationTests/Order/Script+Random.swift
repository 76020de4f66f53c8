import SMTPProtocol

/// Writes scripts: mostly sensible clients, with every nonsense in between. Each command and each answer has a number
/// of its own in all that it holds, so that whatever turns up in the wrong message shows.
struct Playwright {
    var generator: SeededGenerator
    private var number = 100

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func script() -> Script {
        var script = Script(profile: generator.pick(Profile.allCases))
        if generator.chance(8) { script.connectAnswer = answer(mayAccept: true) }
        var stage = 0
        let length = generator.chance(5) ? 120 : 8 + generator.below(40)
        for _ in 0..<length {
            let command = command(script.profile, &stage)
            var step = ScriptStep(command: command, answer: .accept)
            let isData = if case .data = command.kind { true } else { false }
            if generator.chance(22) { step.answer = answer(mayAccept: !isData) }
            if isData {
                step.content = content(script.profile)
                if generator.chance(15) {
                    // Whether faulty content is asked about before its fault is seen depends on how it arrives.
                    step.contentAnswer =
                        mayBeFaulty(step.content) ? .reply(reply([450, 550])) : answer(mayAccept: false)
                }
                if generator.chance(35) { step.messageAnswer = answer(mayAccept: true) }
            }
            if generator.below(400) == 0 { step.shutDown = generator.pick([.whileAsked, .afterwards]) }
            script.steps.append(step)
        }
        if generator.chance(20) { script.lostOctets = 1 + generator.below(4) }
        script.cutSeed = generator.next()
        return script
    }

    private mutating func next() -> Int {
        number += 1
        return number
    }

    // MARK: Answers

    /// Any answer, but 2yz in `.close` only where `mayAccept`: what it would mean to DATA or content is not said.
    private mutating func answer(mayAccept: Bool) -> Answer {
        switch generator.below(10) {
        case 0: return .close(reply(mayAccept ? [421, 554, 450, 250] : [421, 554, 450]))
        case 1: return .offer(offer())
        case 2: return .replies((0..<generator.below(4)).map { _ in reply([250, 451, 550, 354]) })
        case 3: return .reply(reply([354, 334]))
        case 4: return .reply(reply([421]))
        case 5, 6: return .reply(reply([250, 252, 251]))
        default: return .reply(reply([450, 451, 452, 550, 554, 503]))
        }
    }

    private mutating func offer() -> [ServiceExtension] {
        (ServiceExtension.standard + [.expand, Profile.canary]).filter { _ in generator.chance(70) }
    }

    private mutating func reply(_ codes: [ReplyCode]) -> Reply {
        Reply(generator.pick(codes), nil, "#\(next())")
    }

    // MARK: Commands

    /// A sensible next command most of the time; `stage` is how far a client thinks it has come.
    private mutating func command(_ profile: Profile, _ stage: inout Int) -> Command {
        if generator.chance(65) {
            switch stage {
            case 0:
                stage = 1
                return hello(profile, isWellFormed: true)
            case 1:
                stage = 2
                return mail(isPlain: generator.chance(70))
            case 2:
                if generator.chance(55) { stage = 3 }
                return recipient(isPlain: true)
            default:
                stage = 1
                return Command(text: generator.pick(["DATA\r\n", "data\r\n"]), kind: .data)
            }
        }
        switch generator.below(18) {
        case 0: return hello(profile, isWellFormed: generator.chance(70))
        case 1, 2, 3: return mail(isPlain: false)
        case 4, 5, 6: return recipient(isPlain: false)
        case 7, 8: return Command(text: "DATA\r\n", kind: .data)
        case 9: return Command(text: "RSET\r\n", kind: .reset)
        case 10: return generator.chance(30) ? Command(text: "QUIT\r\n", kind: .quit) : needlessArgument()
        case 11: return optionalArgument()
        case 12, 13: return lookUp()
        case 14: return Command(text: "XLAB a\(next())\r\n", kind: .own("a\(number)"))
        case 15: return unavailable()
        case 16: return needlessArgument()
        default: return refusedOctets()
        }
    }

    private mutating func hello(_ profile: Profile, isWellFormed: Bool) -> Command {
        let usual: Hello.Verb = profile == .lmtp ? .lhlo : generator.chance(75) ? .ehlo : .helo
        let verb = generator.chance(95) ? usual : generator.pick([.ehlo, .helo, .lhlo])
        let name = "c\(next()).example.com"
        let word = verb == .ehlo ? "EHLO" : verb == .helo ? "HELO" : "LHLO"
        let client = (try? MailDomain(name)) ?? .literal(.ipv4(0))
        let argument = isWellFormed ? name : generator.pick(["", "[1.2.3", "a b", "-x"])
        return Command(
            text: "\(word) \(argument)\r\n", kind: .hello(.init(verb, client), isWellFormed: isWellFormed))
    }

    private mutating func mail(isPlain: Bool) -> Command {
        var mail = MailCommand()
        let local = isPlain || generator.chance(80) ? "s\(next())" : "é\(next())"
        mail.isASCII = local.utf8.allSatisfy { $0 < 128 }
        var path = "<>"
        if isPlain || generator.chance(85) {
            path = "<\(local)@example.com>"
            mail.path = mailbox(local, "example.com").map { .mailbox($0) } ?? .null
        } else {
            mail.isASCII = true
        }
        if !isPlain {
            if generator.chance(40) { mail.size = generator.chance(80) ? next() % 120 : 1 << 40 }
            if generator.chance(30) { mail.body = generator.pick([.sevenBit, .eightBitMIME]) }
            mail.isInternationalized = generator.chance(40)
            if generator.chance(50) { mail.canary = try? Parameter("XCANARY", value: "p\(next())") }
            mail.hasUnknownParameter = generator.chance(5)
            if generator.chance(8) {
                mail.isWellFormed = false
                path = generator.pick(["<s\(next())>", "<s\(next())@>", "s@example.com", "<s@example.com"])
                mail.isASCII = true
            }
        }
        var text = "MAIL FROM:\(path)"
        if let size = mail.size { text += " SIZE=\(size)" }
        if let body = mail.body { text += body == .sevenBit ? " BODY=7BIT" : " BODY=8BITMIME" }
        if mail.isInternationalized { text += " SMTPUTF8" }
        if let canary = mail.canary { text += " XCANARY=\(canary.value ?? "")" }
        if mail.hasUnknownParameter { text += " WHAT=\(next())" }
        return Command(text: text + "\r\n", kind: .mail(mail))
    }

    private mutating func recipient(isPlain: Bool) -> Command {
        var recipient = RecipientCommand()
        var path = "<Postmaster>"
        if isPlain || generator.chance(85) {
            let local = isPlain || generator.chance(80) ? "r\(next())" : "é\(next())"
            recipient.isASCII = local.utf8.allSatisfy { $0 < 128 }
            path = "<\(local)@example.org>"
            recipient.path = mailbox(local, "example.org").map { .mailbox($0) } ?? .postmaster
        }
        if !isPlain {
            if generator.chance(40) { recipient.canary = try? Parameter("XCANARY", value: "q\(next())") }
            if generator.chance(10) {
                recipient.isWellFormed = false
                path = generator.pick(["<>", "<r\(next())>", "r@example.org"])
                recipient.isASCII = true
            }
        }
        let parameter = recipient.canary.map { " XCANARY=\($0.value ?? "")" } ?? ""
        return Command(text: "RCPT TO:\(path)\(parameter)\r\n", kind: .recipient(recipient))
    }

    private func mailbox(_ local: String, _ domain: DomainName) -> Mailbox? {
        try? Mailbox(localPart: Array(local.utf8), domain: .name(domain))
    }

    private mutating func needlessArgument() -> Command {
        let (word, verb) = generator.pick([("DATA", Verb.data), ("RSET", .rset), ("QUIT", .quit)])
        return Command(text: "\(word) x\(next())\r\n", kind: .needlessArgument(verb))
    }

    private mutating func optionalArgument() -> Command {
        let argument = generator.chance(50) ? nil : "n\(next())"
        let suffix = argument.map { " \($0)" } ?? ""
        return generator.chance(50)
            ? Command(text: "NOOP\(suffix)\r\n", kind: .noOperation(argument))
            : Command(text: "HELP\(suffix)\r\n", kind: .help(argument))
    }

    private mutating func lookUp() -> Command {
        let (word, verb) = generator.pick([("VRFY", Verb.vrfy), ("EXPN", .expn)])
        switch generator.below(4) {
        case 0: return Command(text: "\(word)\r\n", kind: .lookUp(verb, .empty))
        case 1: return Command(text: "\(word) é\(next())\r\n", kind: .lookUp(verb, .unmarkedUTF8))
        case 2:
            let name = "é\(next())"
            return Command(text: "\(word) \(name) SMTPUTF8\r\n", kind: .lookUp(verb, .markedUTF8(name)))
        default: return Command(text: "\(word) u\(next())\r\n", kind: .lookUp(verb, .name("u\(number)")))
        }
    }

    private mutating func unavailable() -> Command {
        let (text, code): (String, ReplyCode) = generator.pick([
            ("WHAT", 500), ("XWHAT 1", 500), ("BDAT 4 LAST", 502), ("AUTH PLAIN AA==", 502),
            ("STARTTLS", 502),
            ("TURN", 502), ("SEND FROM:<a@b.c>", 502), ("SOML FROM:<a@b.c>", 502), ("SAML FROM:<a@b.c>", 502),
            ("GET / HTTP/1.1", 500), ("MAILFROM:<a@b.c>", 500), ("x", 500), (".", 500),
        ])
        return Command(text: text + "\r\n", kind: .unavailable(code))
    }

    private mutating func refusedOctets() -> Command {
        let syntax = PeerError.syntax(Trace.anySyntaxError)
        let long = String(repeating: "x", count: 2100 + generator.below(100))
        let (text, error): (String, PeerError) = generator.pick([
            ("", syntax), ("NOOP\nRSET", .bareLineFeed), ("NOOP\rRSET", .bareCarriageReturn),
            ("NOOP a\u{0}b", .illegalOctet), ("QUIT\u{7F}", .illegalOctet), ("NOOP \(long)", .lineTooLong),
            ("RSET\n.", .bareLineFeed), ("\nQUIT", .bareLineFeed),
        ])
        return Command(text: text + "\r\n", kind: .refusedOctets(error))
    }

    // MARK: Content

    private func mayBeFaulty(_ content: Content) -> Bool {
        content.hasBareLineFeed || content.longestLine > 60 || content.decoded.count > 120
    }

    private mutating func content(_ profile: Profile) -> Content {
        var content = Content()
        content.wire = []
        if generator.chance(10) { content.hasBareLineFeed = true }
        let lines = generator.below(5) + (content.hasBareLineFeed ? 1 : 0)
        for index in 0..<lines {
            var line = Array(
                generator.pick(["", ".", "..", "m\(next())", ".m\(next())", "MAIL FROM:<>", "QUIT"]).utf8)
            if generator.chance(5) { line += [UInt8](repeating: 120, count: 70) }
            if content.hasBareLineFeed, index == 0 { line += Array("\n.".utf8) }
            line += [13, 10]
            let stuffed = line[0] == UInt8(ascii: ".") ? [46] + line : line
            content.decoded += line
            content.wire += stuffed
            content.longestLine = max(content.longestLine, stuffed.count)
        }
        content.wire += Array(".\r\n".utf8)
        return content
    }
}
