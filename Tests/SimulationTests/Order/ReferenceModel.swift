import SMTPProtocol

/// What a server does with each command, by RFC 5321 §4.1.4 and the limits: the slow, obvious half of the comparison.
struct ReferenceModel {
    let rules: ServerSession.Configuration
    var trace = Trace()
    var isRefused = false, isClosed = false, mustShutDown = false
    var hello: Hello?
    var envelope: Envelope?
    var offered: [Keyword]
    var errors = 0, junk = 0, refusals = 0, messages = 0

    init(_ rules: ServerSession.Configuration, connect answer: Answer) {
        self.rules = rules
        offered = rules.extensions.map(\.keyword)
        switch ask(.connect, answer) {
        case .yes(let own): say(own ?? .init(220))
        case .no(let own):
            say(own)
            isRefused = true
        case .closing(let own): leave(saying: own)
        }
        trace.settle(envelope)
    }

    /// One command; true if its content follows on the wire.
    mutating func step(_ step: ScriptStep) -> Bool {
        if isClosed { return false }
        let asked = trace.answers.count
        let hasContent = execute(step.command, step)
        switch step.shutDown {
        case .never: break
        case .afterwards: mustShutDown = true
        case .whileAsked where trace.answers.count > asked:
            trace.answers[asked].shutsDown = true
            mustShutDown = true
        case .whileAsked: break
        }
        trace.settle(envelope)
        if mustShutDown, !isClosed { end(.shutDown) }
        trace.settle(envelope)
        return hasContent
    }

    mutating func clientEnds() {
        if !isClosed { close(.peerClosed) }
        trace.settle(envelope)
    }

    mutating func execute(_ command: Command, _ step: ScriptStep) -> Bool {
        switch command.kind {
        case .refusedOctets(let error): fault(500, error)
        case _ where hasOctetsNotOffered(command.kind): fault(500, .illegalOctet)
        case _ where isRefused && !command.isQuit: fault(503, .badSequence)
        case .unavailable(let code): fault(code.rawValue, .unknownCommand)
        case .hello(let hello, let isWellFormed): greet(hello, isWellFormed, step.answer)
        case .mail(let command): mail(command, step.answer)
        case .recipient(let command): recipient(command, step.answer)
        case .data: return data(step)
        case .needlessArgument(.data) where !mayReceiveContent: fault(503, .badSequence)
        case .needlessArgument: fault(501, .syntax(Trace.anySyntaxError))
        case .reset: if affords() { reset(.rset, saying: .init(250)) }
        case .quit:
            say(.init(221))
            trace.note(.quit)
            close(.quit)
        case .noOperation(let text): if affords() { simple(.noOperation(text), step.answer, 250) }
        case .help(let text): if affords() { simple(.help(text), step.answer, 214) }
        case .own(let text): simple(.command(text), step.answer, 250)
        case .lookUp(.expn, _) where !offered.contains("EXPN"): fault(502, .unknownCommand)
        case .lookUp(_, .empty): fault(501, .syntax(Trace.anySyntaxError))
        case .lookUp(_, .unmarkedUTF8): fault(553, .illegalOctet)
        case .lookUp(let verb, .name(let name)), .lookUp(let verb, .markedUTF8(let name)):
            if affords() { simple(verb == .vrfy ? .verify(name) : .expand(name), step.answer, 252) }
        }
        return false
    }

    var mayReceiveContent: Bool { !(envelope?.recipients.isEmpty ?? true) }

    mutating func mail(_ command: MailCommand, _ answer: Answer) {
        if hello == nil || envelope != nil { return fault(503, .badSequence) }
        if let limit = rules.limits.messages, messages >= limit { return exhaust() }
        if let (code, error) = flaw(in: command) { return fault(code, error) }
        let parameters = MailParameters(
            size: command.size, body: command.body, isInternationalized: command.isInternationalized,
            other: [command.canary].compactMap(\.self))
        switch ask(.mail(command.path, parameters), answer) {
        case .yes(let own):
            envelope = Envelope(from: command.path, parameters)
            say(own ?? .init(250))
        case .no(let own): say(own)
        case .closing(let own):
            if own.accepts { envelope = Envelope(from: command.path, parameters) }
            leave(saying: own)
        }
    }

    mutating func recipient(_ command: RecipientCommand, _ answer: Answer) {
        guard let envelope else { return fault(503, .badSequence) }
        if !command.isWellFormed { return fault(501, .syntax(Trace.anySyntaxError)) }
        if command.canary != nil, hello?.verb == .helo || !offered.contains("XCANARY") {
            return fault(555, .syntax(Trace.anySyntaxError))
        }
        if !command.isASCII, !envelope.parameters.isInternationalized { return fault(553, .illegalOctet) }
        if envelope.recipients.count >= rules.limits.recipients {
            say(.init(452))
            return trace.note(.peerError(.limitReached))
        }
        let parameters = RecipientParameters(
            other: [command.canary].compactMap(\.self))
        switch ask(.recipient(command.path, parameters), answer) {
        case .yes(let own):
            self.envelope?.append(.init(command.path, parameters))
            say(own ?? .init(250))
        case .closing(let own): leave(saying: own)
        case .no(let own):
            refusals += 1
            if let limit = rules.limits.refusedRecipients, refusals >= limit { exhaust() } else { say(own) }
        }
    }
}
