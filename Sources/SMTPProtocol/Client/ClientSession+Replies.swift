extension ClientSession {
    /// Gives a reply to whom it belongs.
    mutating func take(_ reply: Reply, isLastOfInput: Bool) {
        guard let expectation = expected.popFirst() else { return takeUnasked(reply) }
        if expectation == .quit { return close(failure) }
        // The server ends the session, whatever it was asked (RFC 5321 §3.8, §4.2.2).
        if reply.code == 421 {
            if expectation == .greeting { note(.greeted(reply)) }
            if let id = expectation.request { note(.replied(reply, to: id)) }
            decideRest(reply, in: expectation.phase)
            return fail(.shutDown(reply), in: expectation.phase)
        }
        guard expectation.allows(reply.code.severity) else {
            return fail(.unexpectedReply(reply), in: expectation.phase, of: expectation.request)
        }
        switch expectation {
        case .greeting: greet(reply)
        case .hello, .helo: takeHello(reply, isHELO: expectation == .helo)
        case .startTLS: takeStartTLS(reply, isLastOfInput)
        case .authenticate: takeAuthentication(reply)
        case .command(let id):
            note(.replied(reply, to: id))
            change(to: .ready)
        case .reset(let id):
            guard let id else { return }
            note(.replied(reply, to: id))
            change(to: .ready)
        case .mail: takeMail(reply)
        case .recipient(let index): takeRecipient(index, reply)
        case .data: takeData(reply)
        case .final(let index): takeFinal(index, reply)
        case .quit: return
        }
    }

    /// Nobody asked: the server says goodbye, or it is out of step.
    private mutating func takeUnasked(_ reply: Reply) {
        switch reply.code.severity {
        case _ where reply.code == 421: fail(.shutDown(reply))
        // Content that is refused before its end is not ended, and so is not delivered.
        case .transient where state == .content, .permanent where state == .content: fail(.refused(reply))
        case .completion, .intermediate, .transient, .permanent: fail(.unexpectedReply(reply))
        }
    }

    private mutating func greet(_ reply: Reply) {
        note(.greeted(reply))
        switch reply.code.severity {
        case .completion: introduce()
        // No EHLO, but a proper goodbye (RFC 5321 §3.1).
        case .intermediate, .transient, .permanent: quit(after: .refused(reply), in: .greeting)
        }
    }

    private mutating func takeHello(_ reply: Reply, isHELO: Bool) {
        switch reply.code.severity {
        case .completion:
            extensions = isHELO ? ServiceExtensions() : ServiceExtensions(reply)
            note(.introduced(extensions))
            secureOrBegin()
        case .intermediate, .transient: quit(after: .refused(reply), in: .hello)
        case .permanent:
            // The server does not know EHLO (RFC 5321 §3.2).
            let isUnknown = [500, 502, 504, 550].contains(reply.code.rawValue)
            if isUnknown, !isHELO, configuration.dialect == .smtp {
                introduce(withHELO: true)
            } else {
                quit(after: .refused(reply), in: .hello)
            }
        }
    }

    /// STARTTLS, if it is to be used; otherwise requests can begin. Never inside TLS (RFC 3207 §4.2).
    private mutating func secureOrBegin() {
        guard security == nil, configuration.startTLS != .never else { return change(to: .ready) }
        if extensions.hasStartTLS {
            say("STARTTLS", expecting: .startTLS)
            change(to: .startTLS)
        } else if configuration.startTLS == .required {
            quit(after: .notOffered("STARTTLS"), in: .startTLS)
        } else {
            change(to: .ready)
        }
    }

    private mutating func takeStartTLS(_ reply: Reply, _ isLastOfInput: Bool) {
        switch reply.code.severity {
        case .completion:
            // What came with it came in clear, from anybody (RFC 3207 §4).
            guard isLastOfInput else { return fail(.injectedBeforeTLS, in: .startTLS) }
            change(to: .upgrading)
        case .intermediate, .transient, .permanent:
            if configuration.startTLS == .required {
                quit(after: .refused(reply), in: .startTLS)
            } else {
                change(to: .ready)
            }
        }
    }
}
