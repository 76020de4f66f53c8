import SMTPProtocol

/// The commands that have more than one reply, and content.
extension ReferenceModel {
    /// DATA, the content and the end of it; one reply for each recipient in LMTP (RFC 2033 §4.2).
    mutating func data(_ step: ScriptStep) -> Bool {
        guard mayReceiveContent else {
            fault(503, .badSequence)
            return false
        }
        switch ask(.data, step.answer, then: step) {
        case .no(let own):
            say(own)
            return false
        case .closing(let own):
            leave(saying: own)
            return false
        case .yes(let own): say(own.flatMap { $0.code / 100 == 3 ? $0 : nil } ?? .init(354))
        }
        trace.settle(envelope)
        let flaw = flaw(in: step.content)
        let first = step.content.decoded.isEmpty ? .accept : step.contentAnswer
        let wanted = verdict(first, isData: false)
        if flaw == nil, case .closing(let own) = wanted {
            leave(saying: own)
            return true
        }
        messages += 1
        junk = 0
        guard let envelope else { return true }
        let times = rules.dialect == .lmtp ? envelope.recipients.count : 1
        if let (code, error) = flaw {
            fault(code, error, times: times, dropping: .refused)
        } else if case .no(let own) = wanted {
            reset(.refused, saying: own, times: times)
        } else {
            let verdict = ask(.message(envelope, step.content.decoded.count), step.messageAnswer)
            decide(verdict, step.messageAnswer, times)
        }
        return true
    }

    mutating func decide(_ verdict: Verdict, _ answer: Answer, _ times: Int) {
        if rules.dialect == .lmtp, case .replies(let each) = answer {
            let said = (0..<times).map {
                $0 < each.count && each[$0].code.severity != .intermediate ? Said(each[$0]) : Said(451)
            }
            for reply in said { say(reply) }
            return reset(said.contains { $0.code / 100 == 2 } ? .delivered : .refused)
        }
        switch verdict {
        case .yes(let own): reset(.delivered, saying: own ?? .init(250), times: times)
        case .no(let own): reset(.refused, saying: own, times: times)
        case .closing(let own) where own.accepts:
            reset(.delivered, saying: own, times: times)
            close(.refused)
        case .closing(let own): leave(saying: own)
        }
    }

    mutating func greet(_ hello: Hello, _ isWellFormed: Bool, _ answer: Answer) {
        guard (hello.verb == .lhlo) == (rules.dialect == .lmtp) else { return fault(500, .unknownCommand) }
        guard affords() else { return }
        guard isWellFormed else { return fault(501, .syntax(Trace.anySyntaxError)) }
        switch ask(.hello(hello), answer) {
        case .yes(let own):
            if case .offer(let extensions) = answer {
                offered = extensions.map(\.keyword)
            } else {
                offered = rules.extensions.map(\.keyword)
            }
            self.hello = hello
            reset(.hello, saying: Said(code: 250, tag: own?.tag ?? 0))
        case .no(let own): say(own)
        case .closing(let own):
            say(own.accepts ? Said(code: 250, tag: own.tag) : own)
            if own.accepts { reset(.hello) }
            close(.refused)
        }
    }

    mutating func simple(_ question: Trace.Question, _ answer: Answer, _ code: UInt16) {
        switch ask(question, answer) {
        case .yes(let own): say(own ?? .init(code))
        case .no(let own): say(own)
        case .closing(let own): leave(saying: own)
        }
    }
}

/// What an answer decides, what counts against the client, and how things are said and ended.
extension ReferenceModel {
    enum Verdict {
        case yes(Said?)
        case no(Said)
        case closing(Said)
    }

    mutating func ask(
        _ question: Trace.Question, _ answer: Answer, then step: ScriptStep? = nil
    ) -> Verdict {
        trace.settle(envelope)
        trace.events.append(.ask(question))
        trace.answers.append(
            .init(answer: answer, content: step?.content, contentAnswer: step?.contentAnswer ?? .accept))
        return verdict(answer, isData: question == .data)
    }

    func verdict(_ answer: Answer, isData: Bool) -> Verdict {
        switch answer {
        case .accept, .offer: return .yes(nil)
        case .identity, .key: return .no(Said(451))
        case .close(let reply): return .closing(Said(reply))
        case .replies(let each):
            return each.count == 1 ? verdict(.reply(each[0]), isData: isData) : .no(Said(451))
        case .reply(let reply):
            let said = Said(reply)
            if said.code == 421 { return .closing(said) }
            if said.code >= 400 { return .no(said) }
            return said.code < 300 || isData ? .yes(said) : .no(Said(451))
        }
    }

    /// Octets above 127 are for whom SMTPUTF8 was offered to.
    func hasOctetsNotOffered(_ kind: Command.Kind) -> Bool {
        if offered.contains("SMTPUTF8") { return false }
        switch kind {
        case .mail(let command): return !command.isASCII
        case .recipient(let command): return !command.isASCII
        case .lookUp(_, .unmarkedUTF8), .lookUp(_, .markedUTF8): return true
        default: return false
        }
    }

    /// What is wrong with MAIL, in the order in which it is written.
    func flaw(in command: MailCommand) -> (UInt16, PeerError)? {
        let syntax = PeerError.syntax(Trace.anySyntaxError)
        if !command.isWellFormed { return (501, syntax) }
        if hello?.verb == .helo, command.hasParameters { return (555, syntax) }
        if let size = command.size {
            if !offered.contains("SIZE") { return (555, syntax) }
            if let limit = rules.limits.messageSize, size > limit { return (552, .sizeExceeded) }
        }
        if command.body != nil, !offered.contains("8BITMIME") { return (555, syntax) }
        if command.isInternationalized, !offered.contains("SMTPUTF8") { return (555, syntax) }
        if command.canary != nil, !offered.contains("XCANARY") { return (555, syntax) }
        if command.hasUnknownParameter { return (555, syntax) }
        return command.isASCII || command.isInternationalized ? nil : (550, .illegalOctet)
    }

    func flaw(in content: Content) -> (UInt16, PeerError)? {
        if let limit = rules.limits.messageSize, content.decoded.count > limit { return (552, .sizeExceeded) }
        if let limit = rules.limits.contentLine, content.longestLine > limit {
            return (500, .contentLineTooLong)
        }
        return content.hasBareLineFeed ? (550, .bareLineFeed) : nil
    }

    mutating func say(_ reply: Said) { trace.events.append(.reply(reply)) }

    /// A fault of the client's: the one too many is its last.
    mutating func fault(
        _ code: UInt16, _ error: PeerError, times: Int = 1, dropping cause: ResetCause? = nil
    ) {
        errors += 1
        let isLast = rules.limits.errors.map { errors >= $0 } ?? false
        if isLast { say(Said(421)) } else { for _ in 0..<times { say(Said(code)) } }
        trace.note(.peerError(error))
        if let cause { reset(cause) }
        if isLast { close(.tooManyErrors) }
    }

    /// One more command that moves no mail.
    mutating func affords() -> Bool {
        junk += 1
        guard let limit = rules.limits.junkCommands, junk > limit else { return true }
        exhaust()
        return false
    }

    mutating func exhaust() {
        say(Said(421))
        trace.note(.peerError(.limitReached))
        close(.tooManyErrors)
    }

    mutating func reset(_ cause: ResetCause, saying reply: Said? = nil, times: Int = 1) {
        if let reply { for _ in 0..<times { say(reply) } }
        if envelope != nil { trace.note(.reset(cause)) }
        envelope = nil
    }

    /// The application will have no more of this client.
    mutating func leave(saying reply: Said) {
        say(reply)
        close(.refused)
    }

    mutating func end(_ cause: CloseCause) {
        say(Said(421))
        close(cause)
    }

    mutating func close(_ cause: CloseCause) {
        reset(.aborted)
        trace.note(.closed(cause))
        isClosed = true
    }
}
