/// What follows from an answer. A positive one commits; a negative one leaves everything as it was.
extension ServerSession {
    /// An answer, read by what it decides.
    private enum Verdict {
        case accepted(Reply?)
        case refused(Reply)
        case closing(Reply)
    }

    /// A reply's severity is the decision; 421 also ends the session (RFC 5321 §4.2.2).
    private func verdict(_ reply: Reply, to question: OpenQuestion) -> Verdict {
        switch reply.code.severity {
        case .completion: return .accepted(reply)
        case .intermediate:
            if case .data = question { return .accepted(reply) }
            return .refused(Reply.localError)
        case .transient, .permanent: return reply.code == 421 ? .closing(reply) : .refused(reply)
        }
    }

    /// Goes on after `question` was answered.
    mutating func proceed(with question: OpenQuestion, _ answer: Answer) {
        switch question {
        case .authenticate: return proceedWithCredentials(answer)
        case .authenticationKey: return proceedWithKey(answer)
        case .connect, .hello, .mail, .recipient, .data, .content, .message, .verify, .expand, .help,
            .noOperation,
            .command:
            break
        }
        let decided: Verdict
        var offered: Offer?
        switch answer {
        case .accept: decided = .accepted(nil)
        case .reply(let reply): decided = verdict(reply, to: question)
        case .close(let reply): decided = .closing(reply)
        case .offer(let extensions):
            if case .hello = question {
                offered = Offer(extensions, terms.configuration)
            }
            decided = .accepted(nil)
        // Answers to another question.
        case .identity, .key: decided = .refused(.localError)
        case .replies(let each):
            if case .message = question, terms.configuration.dialect == .lmtp { return finish(with: each) }
            decided = each.count == 1 ? verdict(each[0], to: question) : .refused(.localError)
        }
        switch decided {
        case .accepted(let reply):
            if case .hello = question { offer = offered ?? terms.offer }
            accept(question, saying: reply)
        case .refused(let reply): refuse(question, saying: reply)
        case .closing(let reply):
            // Even a last word decides: a 2yz takes what was asked about.
            switch (question, reply.code.severity) {
            case (.connect, _): greet(reply)
            // There is no last word that lets content come: the answer contradicts itself.
            case (.data, .completion), (.content, .completion): say(.localError)
            case (_, .completion): accept(question, saying: reply)
            case (_, .intermediate), (_, .transient), (_, .permanent): say(reply)
            }
            close(.refused)
        }
    }

    private mutating func accept(_ question: OpenQuestion, saying reply: Reply?) {
        switch question {
        case .connect:
            change(to: .command)
            if let reply { greet(reply) } else { replies.append(whole: terms.greeting) }
        case .hello:
            guard case .hello(let hello) = takeSubject() else { return }
            drop(.hello)
            self.hello = hello
            introduce(hello, reply)
        case .mail:
            guard case .sender(let path, let parameters) = takeSubject() else { return }
            transaction = Transaction(envelope: Envelope(from: path, parameters))
            say(reply, or: StandardReplies.senderAccepted)
        case .recipient:
            guard case .recipient(let recipient) = takeSubject() else { return }
            transaction?.envelope.append(recipient)
            say(reply, or: StandardReplies.recipientAccepted)
        case .data:
            let decoder = ContentDecoder(
                bareNewlines: terms.configuration.bareNewlines,
                lineLimit: terms.configuration.limits.contentLine)
            transaction?.content = Content(decoder: decoder)
            change(to: .content)
            say(
                reply.flatMap { $0.code.severity == .intermediate ? $0 : nil },
                or: StandardReplies.startContent)
        case .content:
            transaction?.content?.gathered.removeAll(keepingCapacity: true)
        case .message:
            sayForEachRecipient(reply, or: StandardReplies.messageAccepted)
            drop(.delivered)
        case .verify, .expand: say(reply, or: StandardReplies.notVerified)
        case .help: reply.map { say($0) } ?? sayHelp()
        case .noOperation, .command: say(reply, or: StandardReplies.ok)
        // An exchange goes on by rules of its own.
        case .authenticate, .authenticationKey: break
        }
    }

    private mutating func refuse(_ question: OpenQuestion, saying reply: Reply) {
        switch question {
        case .connect:
            change(to: .refused)
            greet(reply)
        case .content:
            // Read to the real end, then say so: the client must not take content for commands.
            transaction?.content?.refusal = reply
            transaction?.content?.gathered = []
        case .message:
            sayForEachRecipient(reply, or: StandardReplies.localError)
            drop(.refused)
        case .recipient:
            budget.refusedRecipients += 1
            if let limit = terms.configuration.limits.refusedRecipients, budget.refusedRecipients >= limit {
                note(.peerError(.limitReached))
                end(.tooManyErrors, saying: StandardReplies.tooManyRefused)
            } else {
                say(reply)
            }
        case .hello, .mail, .data, .verify, .expand, .help, .noOperation, .command, .authenticate,
            .authenticationKey:
            say(reply)
        }
    }

    /// LMTP: a reply for each recipient; those that are missing get 451 (RFC 2033 §4.2). The message counts as
    /// delivered if anybody got it. A 421 among them also ends the session.
    private mutating func finish(with each: [Reply]) {
        guard let recipients = transaction?.envelope.recipients else { return }
        let replies = recipients.indices.map { index in
            index < each.count && each[index].code.severity != .intermediate ? each[index] : Reply.localError
        }
        for reply in replies { say(reply) }
        drop(replies.contains { $0.code.severity == .completion } ? .delivered : .refused)
        if replies.contains(where: { $0.code == 421 }) { close(.refused) }
    }

    // MARK: Saying it

    private var allowsUTF8: Bool { transaction?.envelope.parameters.isInternationalized ?? false }

    private mutating func say(_ reply: Reply) { replies.append(reply, allowsUTF8: allowsUTF8) }

    private mutating func say(_ reply: Reply?, or standard: StandardReply) {
        if let reply { say(reply) } else { replies.append(standard) }
    }

    private mutating func sayForEachRecipient(_ reply: Reply?, or standard: StandardReply) {
        let times = terms.configuration.dialect == .lmtp ? transaction?.envelope.recipients.count ?? 0 : 1
        for _ in 0..<times { say(reply, or: standard) }
    }

    private mutating func greet(_ reply: Reply) {
        replies.append(whole: Terms.greeting(reply, terms.hostname))
    }

    /// Answers HELO, EHLO and LHLO.
    private mutating func introduce(_ hello: Hello, _ reply: Reply?) {
        replies.sendsStatus = offer.statusCodes
        if reply == nil, security == nil, offer === terms.offer {
            replies.append(whole: hello.verb == .helo ? terms.answerToHELO : terms.answerToEHLO)
        } else {
            let introduction = Terms.introduction(
                terms.configuration, terms.hostname, to: hello.verb, offering: offer, under: security, reply)
            replies.append(whole: introduction)
        }
    }

    /// What may be said here (RFC 5321 §4.1.1.8).
    private mutating func sayHelp() {
        var verbs = terms.configuration.dialect == .lmtp ? ["LHLO"] : ["HELO", "EHLO"]
        verbs += ["MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT", "VRFY", "HELP"]
        if offer.expand { verbs.append("EXPN") }
        if terms.configuration.startTLS != .none, security == nil { verbs.append("STARTTLS") }
        if terms.configuration.authentication.isOn { verbs.append("AUTH") }
        verbs += terms.configuration.verbs.map { String(decoding: $0.bytes, as: UTF8.self) }
        say(Reply(214, EnhancedStatusCode(2, 0, 0), verbs.joined(separator: " ")))
    }
}
