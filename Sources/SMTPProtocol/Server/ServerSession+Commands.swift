/// The commands: each verb is *checked* here; what must be decided is *asked*; `ServerSession+Answers` *proceeds*.
extension ServerSession {
    /// Reads one command line, if it is there.
    mutating func readCommand(_ input: Span<UInt8>, _ position: inout Int) -> Step? {
        if position == input.count, lines.isEmpty, let step = starved() { return step }
        if let line = lines.nextPlain(input, &position, limit: offer.largestLine) {
            budget.commands += 1
            let isLast = position == input.count
            return execute(input.extracting(line.start..<line.end), isPlain: true, isLast: isLast)
        }
        let event = lines.next(
            input, &position, limit: offer.largestLine,
            acceptsBareLF: terms.configuration.acceptsBareLineFeedInCommands)
        switch event {
        case .line(let range):
            budget.commands += 1
            return execute(
                input.extracting(range.start..<range.end), isPlain: false, isLast: position == input.count)
        case .stored:
            budget.commands += 1
            let line = lines.bytes
            lines.finish()
            return execute(line.span, isPlain: false, isLast: position == input.count)
        case .tooLong:
            budget.commands += 1
            let dropped = lines.dropped
            lines.finish()
            if dropped > terms.configuration.limits.overlongLine { return cutOff() }
            refuse(.lineTooLong, StandardReplies.lineTooLong)
            return nil
        case .needsInput:
            if lines.dropped > terms.configuration.limits.overlongLine { return cutOff() }
            if let step = starved() { return step }
            close(.peerClosed)
            return nil
        }
    }

    /// A line goes on and on: ends the session, wherever its end may be.
    mutating func cutOff() -> Step? {
        note(.peerError(.lineTooLong))
        end(.tooManyErrors, saying: StandardReplies.lineWithoutEnd)
        return nil
    }

    /// Checks a command line from the outside in: its octets, its verb, its length, its place. Then the verb's own
    /// rules. `isPlain` says that its octets are all right, `isLast` that nothing has arrived behind it.
    private mutating func execute(_ line: Span<UInt8>, isPlain: Bool, isLast: Bool) -> Step? {
        let command = CommandParser.verb(line)
        if !isPlain, let (error, reply) = faultyOctets(in: line, command.verb) {
            refuse(error, reply)
            return nil
        }
        guard line.count > 0, command.name.count > 0 else {
            refuse(.syntax(SyntaxError(.command, at: 0)), StandardReplies.badSyntax)
            return nil
        }
        guard line.count + 2 <= offer.line(command.verb) else {
            refuse(.lineTooLong, StandardReplies.lineTooLong)
            return nil
        }
        if state != .refused, let reply = unavailable(command.verb, line, command) {
            refuse(.unknownCommand, reply)
            return nil
        }
        if let reply = securityNeeded(for: command.verb) {
            refuse(.badSequence, reply)
            return nil
        }
        if let reply = misplaced(command.verb) {
            refuse(.badSequence, reply)
            return nil
        }
        return perform(command, line, isLast: isLast)
    }

    /// Each verb's own rules.
    @inline(__always)
    private mutating func perform(_ command: ParsedVerb, _ line: Span<UInt8>, isLast: Bool) -> Step? {
        let argument = command.argument
        switch command.verb {
        case .mail: return mail(line, argument)
        case .rcpt: return recipient(line, argument)
        case .data:
            guard takesNoArgument(argument) else { return nil }
            return ask(.data)
        case .quit:
            guard takesNoArgument(argument) else { return nil }
            note(.quit)
            end(.quit, saying: StandardReplies.closing)
            return nil
        case .rset:
            guard takesNoArgument(argument), affordsJunk() else { return nil }
            drop(.rset)
            replies.append(StandardReplies.ok)
            return nil
        case .helo: return hello(line, argument, .helo)
        case .ehlo: return hello(line, argument, .ehlo)
        case .lhlo: return hello(line, argument, .lhlo)
        case .noop:
            guard affordsJunk() else { return nil }
            return ask(.noOperation, with: argument, of: line)
        case .help:
            guard affordsJunk() else { return nil }
            return ask(.help, with: argument, of: line)
        case .vrfy:
            guard let name = lookUpArgument(line, argument), affordsJunk() else { return nil }
            return ask(.verify, about: .argument(name))
        case .expn:
            guard let name = lookUpArgument(line, argument), affordsJunk() else { return nil }
            return ask(.expand, about: .argument(name))
        case .startTLS:
            guard takesNoArgument(argument) else { return nil }
            startTLS(isLast: isLast)
            return nil
        case .other:
            guard let verb = Keyword(line.extracting(command.name.start..<command.name.end)) else {
                return nil
            }
            return ask(.command, about: .command(verb, text(line, argument)))
        case .auth: return authenticate(line, argument)
        case .bdat, .send, .soml, .saml, .turn:
            refuse(.unknownCommand, StandardReplies.disabledCommand)
            return nil
        }
    }

    // MARK: Before the verb's own rules

    /// CR, LF, NUL and other controls, octets above 127 where they may not be, malformed UTF-8. In MAIL and RCPT an
    /// octet inside the address gets the address's own reply (RFC 5321 §4.1.2), so those are left to the grammar.
    @inline(__always)
    private func faultyOctets(in line: Span<UInt8>, _ verb: Verb) -> (PeerError, StandardReply)? {
        let found = OctetClasses(of: line)
        if found.hasLF { return (.bareLineFeed, StandardReplies.bareNewlineInCommand) }
        if found.hasCR { return (.bareCarriageReturn, StandardReplies.bareNewlineInCommand) }
        if found.hasHighBit {
            guard offer.smtpUTF8, UTF8Check.isValid(line) else {
                return (.illegalOctet, StandardReplies.illegalOctet)
            }
        }
        if found.hasControl, verb != .mail, verb != .rcpt {
            return (.illegalOctet, StandardReplies.illegalOctet)
        }
        return nil
    }

    /// 500 for what is unknown, 502 for what is known and not here (RFC 5321 §4.2.4).
    @inline(__always)
    private func unavailable(_ verb: Verb, _ line: Span<UInt8>, _ command: ParsedVerb) -> StandardReply? {
        switch verb {
        case .mail, .rcpt, .data, .rset, .noop, .quit, .vrfy, .help: nil
        case .helo, .ehlo: terms.configuration.dialect == .smtp ? nil : StandardReplies.unknownCommand
        case .lhlo: terms.configuration.dialect == .lmtp ? nil : StandardReplies.unknownCommand
        case .expn: offer.expand ? nil : StandardReplies.disabledCommand
        case .startTLS: terms.configuration.startTLS == .none ? StandardReplies.disabledCommand : nil
        case .auth: terms.configuration.authentication.isOn ? nil : StandardReplies.disabledCommand
        case .bdat, .send, .soml, .saml, .turn: StandardReplies.disabledCommand
        case .other:
            terms.configuration.verbs.contains {
                $0.matches(line.extracting(command.name.start..<command.name.end))
            }
                ? nil : StandardReplies.unknownCommand
        }
    }

    /// 530 until TLS is on, where it is required (RFC 3207 §4), and until the client is known, where it must be.
    @inline(__always)
    private func securityNeeded(for verb: Verb) -> StandardReply? {
        switch verb {
        case .noop, .helo, .ehlo, .lhlo, .startTLS, .quit, .rset: return nil
        case .mail, .rcpt, .data, .bdat, .vrfy, .expn, .help, .auth, .send, .soml, .saml, .turn, .other:
            if terms.configuration.startTLS == .required, security == nil, state != .refused {
                return StandardReplies.tlsNeeded
            }
            return identityNeeded(for: verb) ? StandardReplies.authenticationNeeded : nil
        }
    }

    /// Everything but what leads to AUTH, or away, where clients must authenticate (RFC 4954 §6). Whoever has not said
    /// EHLO is told to do so first.
    @inline(__always)
    private func identityNeeded(for verb: Verb) -> Bool {
        guard terms.requiresIdentity, identity == nil, state != .refused else { return false }
        switch verb {
        case .auth, .noop, .helo, .ehlo, .lhlo, .startTLS, .quit, .rset: return false
        case .mail, .rcpt, .data, .bdat: return hello != nil
        case .vrfy, .expn, .help, .send, .soml, .saml, .turn, .other: return true
        }
    }

    @inline(__always)
    private func misplaced(_ verb: Verb) -> StandardReply? {
        switch CommandOrder.verdict(stage, verb) {
        case .allowed: nil
        case .onlyQuit: StandardReplies.onlyQuit
        case .helloFirst: StandardReplies.helloFirst
        case .mailFirst: StandardReplies.mailFirst
        case .recipientFirst: StandardReplies.recipientFirst
        case .transactionOpen: StandardReplies.transactionOpen
        }
    }

    private mutating func takesNoArgument(_ argument: ByteRange) -> Bool {
        if argument.isEmpty { return true }
        refuse(.syntax(SyntaxError(.command, at: argument.start)), StandardReplies.noArguments)
        return false
    }

    /// Counts a command that moves no mail; the one too many ends the session.
    @inline(__always)
    private mutating func affordsJunk() -> Bool {
        budget.junkCommands += 1
        guard let limit = terms.configuration.limits.junkCommands, budget.junkCommands > limit else {
            return true
        }
        note(.peerError(.limitReached))
        end(.tooManyErrors, saying: StandardReplies.tooManyCommands)
        return false
    }

    /// Asks about a command whose argument may be missing.
    @inline(__always)
    private mutating func ask(_ question: OpenQuestion, with argument: ByteRange, of line: Span<UInt8>)
        -> Step
    {
        if argument.isEmpty { return ask(question) }
        return ask(question, about: .argument(text(line, argument)))
    }

    private func text(_ line: Span<UInt8>, _ range: ByteRange) -> String {
        var octets: [UInt8] = []
        octets.reserveCapacity(range.count)
        for index in range.start..<range.end { octets.append(line[index]) }
        return String(decoding: octets, as: UTF8.self)
    }

    // MARK: The verbs

    private mutating func hello(_ line: Span<UInt8>, _ argument: ByteRange, _ verb: Hello.Verb) -> Step? {
        guard affordsJunk() else { return nil }
        do throws(SyntaxError) {
            let client = try CommandParser.helloDomain(line, argument, terms.configuration.addressSyntax)
            if case .literal(.general(let tag, _)) = client, !terms.configuration.literalTags.contains(tag) {
                throw SyntaxError(.addressLiteral, at: argument.start)
            }
            return ask(.hello, about: .hello(Hello(verb, client)))
        } catch {
            refuse(.syntax(error), StandardReplies.badHello)
            return nil
        }
    }

    /// VRFY and EXPN: an argument, which with SMTPUTF8 at its end may be UTF-8 (RFC 6531 §3.7.4.2).
    private mutating func lookUpArgument(_ line: Span<UInt8>, _ argument: ByteRange) -> String? {
        guard !argument.isEmpty else {
            refuse(.syntax(SyntaxError(.command, at: line.count)), StandardReplies.argumentNeeded)
            return nil
        }
        var name = argument
        let suffix: Keyword = "SMTPUTF8"
        let start = argument.end - suffix.bytes.count
        let isMarked =
            offer.smtpUTF8 && start > argument.start && line[start - 1] == UInt8(ascii: " ")
            && suffix.matches(line.extracting(start..<argument.end))
        if isMarked {
            name = ByteRange(argument.start, start - 1)
        } else if !UTF8Check.isASCII(line.extracting(argument.start..<argument.end)) {
            refuse(.illegalOctet, StandardReplies.utf8Recipient)
            return nil
        }
        return text(line, name)
    }

    private mutating func startTLS(isLast: Bool) {
        guard security == nil else { return refuse(.badSequence, StandardReplies.alreadySecured) }
        guard isLast else {
            // Whatever came in clear behind STARTTLS may be somebody else's (CVE-2011-0411): nothing of it is read.
            note(.peerError(.injectedBeforeTLS))
            return end(.layerFailed, saying: StandardReplies.injected)
        }
        replies.append(StandardReplies.startTLS)
        change(to: .upgrading)
    }
}

/// Which kinds of octets a line holds, found in one pass.
private struct OctetClasses {
    var hasCR = false
    var hasLF = false
    var hasControl = false
    var hasHighBit = false

    init(of line: Span<UInt8>) {
        var all: UInt8 = 0
        var lowest: UInt8 = 255
        var hasDelete = false
        for index in line.indices {
            let octet = unsafe line[unchecked: index]
            all |= octet
            lowest = min(lowest, octet)
            hasDelete = hasDelete || octet == 127
        }
        hasHighBit = all & 0x80 != 0
        guard lowest < 32 || hasDelete else { return }
        for index in line.indices {
            switch line[index] {
            case 13: hasCR = true
            case 10: hasLF = true
            case 9: continue
            case 0..<32, 127: hasControl = true
            default: continue
            }
        }
    }
}
