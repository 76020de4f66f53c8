/// AUTH: an exchange between the client, the mechanism and the application (RFC 4954 §4).
///
/// The mechanism says what comes next; this carries it there and back. Like the transaction, all that an exchange knows
/// is one optional value, dropped whole on every way out.
extension ServerSession {
    /// An exchange under way.
    package struct Authentication: Sendable {
        let mechanism: SASLMechanismName
        var exchange: any SASLServerExchange
        /// What the mechanism wants and has not got yet.
        var pending: SASLServerStep?
        var challenges = 0
        /// Who the application found the client to be; it counts once the mechanism is content too.
        var identity: Identity?
        /// What the application said, until it may be passed on.
        var reply: Reply?
    }

    /// AUTH with its mechanism and, if the client sent one, its initial response.
    mutating func authenticate(_ line: Span<UInt8>, _ argument: ByteRange) -> Step? {
        guard hello?.verb != .helo else {
            refuse(.badSequence, StandardReplies.helloFirst)
            return nil
        }
        guard identity == nil else {
            refuse(.badSequence, StandardReplies.alreadyAuthenticated)
            return nil
        }
        var end = argument.start
        while end < argument.end, line[end] != UInt8(ascii: " ") { end += 1 }
        guard end > argument.start else {
            refuse(.syntax(SyntaxError(.command, at: argument.start)), StandardReplies.authSyntax)
            return nil
        }
        let policy = terms.configuration.authentication
        let name = SASLMechanismName(line.extracting(argument.start..<end))
        guard let mechanism = policy.mechanisms.first(where: { $0.name == name }) else {
            refuse(.syntax(SyntaxError(.command, at: argument.start)), StandardReplies.unknownMechanism)
            return nil
        }
        let offered = policy.offered(under: security)
        guard offered.contains(where: { $0.name == name }),
            let exchange = mechanism.exchange(in: context(offered))
        else {
            let needsTLS = policy.wantsTLS(mechanism, under: security)
            refuse(
                .badSequence,
                needsTLS ? StandardReplies.mechanismNeedsTLS : StandardReplies.unknownMechanism)
            return nil
        }
        let initial: Secret?
        do throws(SyntaxError) {
            initial = try Self.initialResponse(line, ByteRange(end, argument.end))
        } catch {
            refuse(.syntax(error), StandardReplies.badBase64)
            return nil
        }
        authentication = Authentication(mechanism: mechanism.name, exchange: exchange)
        change(to: .authenticating)
        resume(.started(initial))
        return nil
    }

    /// What follows the mechanism: nothing, `=` for a response without octets, or one in base64 (RFC 4954 §4).
    private static func initialResponse(
        _ line: Span<UInt8>, _ range: ByteRange
    ) throws(SyntaxError) -> Secret? {
        guard !range.isEmpty else { return nil }
        let text = line.extracting((range.start + 1)..<range.end)
        if text.count == 1, text[0] == UInt8(ascii: "=") { return Secret([]) }
        guard text.count > 0 else { return nil }
        return Secret(try Base64.decode(text))
    }

    /// What the mechanism may know of where it runs.
    private func context(_ offered: [SASLMechanism]) -> SASLServerContext {
        SASLServerContext(
            crypto: terms.configuration.authentication.crypto, hostname: terms.configuration.hostname,
            channelBindings: security?.channelBindings ?? [],
            offersChannelBinding: offered.contains { $0.needs.contains(.channelBinding) },
            decoys: terms.decoys)
    }

    // MARK: Back and forth

    /// Does what the mechanism wants, or reads the client's response.
    mutating func continueAuthentication(_ input: Span<UInt8>, _ position: inout Int) -> Step? {
        guard let step = authentication?.pending else { return readResponse(input, &position) }
        authentication?.pending = nil
        switch step {
        case .challenge(let challenge):
            authentication?.challenges += 1
            if authentication?.challenges ?? 0 > terms.configuration.limits.authenticationChallenges {
                fail(.tooLong)
            } else {
                replies.appendLine(334, Base64.encode(challenge.octets), isLast: true)
            }
            return nil
        case .lookUp(let request): return ask(.authenticationKey, about: .key(request))
        case .verify(let credentials): return ask(.authenticate, about: .credentials(credentials))
        case .succeed:
            succeed()
            return nil
        case .fail(let failure):
            fail(failure)
            return nil
        }
    }

    /// Reads one line of the client's: whatever it says, it is no command.
    private mutating func readResponse(_ input: Span<UInt8>, _ position: inout Int) -> Step? {
        let limit = terms.configuration.limits.authenticationLine
        let event = lines.next(
            input, &position, limit: limit,
            acceptsBareLF: terms.configuration.acceptsBareLineFeedInCommands)
        switch event {
        case .line(let range): respond(input.extracting(range.start..<range.end))
        case .stored:
            let line = lines.bytes
            lines.finish()
            respond(line.span)
        case .tooLong:
            let dropped = lines.dropped
            lines.finish()
            if dropped > terms.configuration.limits.overlongLine { return cutOff() }
            abandonExchange()
            refuse(.lineTooLong, StandardReplies.responseTooLong)
        case .needsInput:
            if lines.dropped > terms.configuration.limits.overlongLine { return cutOff() }
            if let step = starved() { return step }
            close(.peerClosed)
        }
        return nil
    }

    private mutating func respond(_ line: Span<UInt8>) {
        if line.count == 1, line[0] == UInt8(ascii: "*") {
            abandonExchange()
            return refuse(.authenticationCancelled, StandardReplies.authenticationCancelled)
        }
        guard line.count + 2 <= terms.configuration.limits.authenticationLine else {
            abandonExchange()
            return refuse(.lineTooLong, StandardReplies.responseTooLong)
        }
        do throws(SyntaxError) {
            let response = Secret(try Base64.decode(line))
            resume(.response(response))
        } catch {
            abandonExchange()
            refuse(.syntax(error), StandardReplies.badBase64)
        }
    }

    private mutating func resume(_ event: SASLServerEvent) {
        let step = authentication?.exchange.next(event)
        authentication?.pending = step
    }

    // MARK: What the application said

    /// The application has said what it keeps for a name.
    mutating func proceedWithKey(_ answer: Answer) {
        switch answer {
        case .key(let key): resume(.key(key))
        // It knows no such name, which the client must not learn from how this goes on.
        case .accept: resume(.key(nil))
        case .reply(let reply) where reply.code == 535: resume(.key(nil))
        case .reply(let reply): deny(reply)
        case .close(let reply): closeExchange(reply)
        case .identity, .offer, .replies: deny(.localError)
        }
    }

    /// The application has judged the credentials.
    mutating func proceedWithCredentials(_ answer: Answer) {
        guard case .credentials(let credentials) = takeSubject() else { return deny(.localError) }
        switch answer {
        case .accept: admit(credentials, as: nil, saying: nil)
        case .identity(let name): admit(credentials, as: name, saying: nil)
        case .reply(let reply) where reply.code.severity == .completion:
            admit(credentials, as: nil, saying: reply)
        case .reply(let reply): deny(reply)
        case .close(let reply): closeExchange(reply)
        case .key, .offer, .replies: deny(.localError)
        }
    }

    /// The credentials are good. Without a name from the application the client acts as the one it has proven to be;
    /// to act as another, or as whoever a token or a certificate names, the application has to say so.
    private mutating func admit(_ credentials: Credentials, as name: String?, saying reply: Reply?) {
        var granted = name
        if granted == nil, credentials.authorizationID == nil, !credentials.authenticationID.utf8.isEmpty {
            granted = credentials.authenticationID
        }
        guard let granted else { return resume(.refused) }
        authentication?.identity = Identity(granted, by: credentials.mechanism)
        authentication?.reply = reply
        resume(.accepted)
    }

    /// Refuses for good, which the mechanism may have to explain, or for now.
    private mutating func deny(_ reply: Reply) {
        switch reply.code.severity {
        case .permanent:
            authentication?.reply = reply
            resume(.refused)
        case .completion, .intermediate, .transient:
            if reply.code == 421 { return closeExchange(reply) }
            abandonExchange()
            // What nobody could decide is no failure of the client's (RFC 4954 §6).
            if reply.code == 451 || reply.code.severity != .transient {
                replies.append(StandardReplies.authenticationUnavailable)
            } else {
                replies.append(reply, allowsUTF8: false)
            }
        }
    }

    private mutating func closeExchange(_ reply: Reply) {
        authentication = nil
        replies.append(reply.code.severity == .completion ? .localError : reply, allowsUTF8: false)
        close(.refused)
    }

    // MARK: The end

    private mutating func abandonExchange() {
        authentication = nil
        change(to: .command)
    }

    private mutating func succeed() {
        // No mechanism, an application's own included, succeeds without the application's word.
        guard let identity = authentication?.identity else { return fail(.refused) }
        let reply = authentication?.reply
        abandonExchange()
        self.identity = identity
        note(.authenticated(identity))
        if let reply {
            replies.append(reply, allowsUTF8: false)
        } else {
            replies.append(StandardReplies.authenticated)
        }
    }

    /// Counts the failure; the one too many ends the session.
    private mutating func fail(_ failure: SASLFailure) {
        let reply = authentication?.reply
        let isRefusal = failure == .refused
        abandonExchange()
        if failure == .noCrypto { return replies.append(StandardReplies.authenticationUnavailable) }
        note(.peerError(.authenticationFailed))
        budget.authenticationFailures += 1
        if let limit = terms.configuration.limits.authenticationFailures,
            budget.authenticationFailures >= limit
        {
            return end(.tooManyErrors, saying: StandardReplies.tooManyFailures)
        }
        if isRefusal, let reply { return replies.append(reply, allowsUTF8: false) }
        switch failure {
        case .malformed: replies.append(StandardReplies.malformedResponse)
        case .tooLong: replies.append(StandardReplies.exchangeTooLong)
        case .refused, .unpreparable, .channelMismatch, .noCrypto, .serverUnproven,
            .unreasonableIterations, .serverError:
            replies.append(StandardReplies.authenticationFailed)
        }
    }
}
