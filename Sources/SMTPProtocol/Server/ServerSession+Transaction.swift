/// MAIL and RCPT: the path, then the parameters (RFC 5321 §4.1.1.2, §4.1.1.3, §4.1.1.11).
extension ServerSession {
    mutating func mail(_ line: Span<UInt8>, _ argument: ByteRange) -> Step? {
        if let limit = terms.configuration.limits.messages, budget.messages >= limit {
            note(.peerError(.limitReached))
            end(.tooManyErrors, saying: StandardReplies.tooManyMessages)
            return nil
        }
        let parsed: ParsedMail
        do {
            parsed = try CommandParser.mail(
                line, argument, terms.configuration.addressSyntax, terms.configuration.limits.address)
            try checkLiteral(line, parsed.path)
        } catch {
            refuse(
                .syntax(error),
                error.production == .command ? StandardReplies.mailSyntax : reply(for: error, .mail))
            return nil
        }
        let parameters: MailParameters
        do {
            parameters = try mailParameters(line, parsed.parameters)
        } catch {
            refuse(error.error, error.reply)
            return nil
        }
        guard parsed.path.isASCII || parameters.isInternationalized else {
            refuse(.illegalOctet, StandardReplies.utf8Sender)
            return nil
        }
        let path = parsed.path.kind == .null ? ReversePath.null : .mailbox(Mailbox(line, parsed.path))
        return ask(.mail, about: .sender(path, parameters))
    }

    mutating func recipient(_ line: Span<UInt8>, _ argument: ByteRange) -> Step? {
        let parsed: ParsedMail
        do {
            parsed = try CommandParser.recipient(
                line, argument, terms.configuration.addressSyntax, terms.configuration.limits.address)
            try checkLiteral(line, parsed.path)
        } catch {
            refuse(
                .syntax(error),
                error.production == .command ? StandardReplies.recipientSyntax : reply(for: error, .rcpt))
            return nil
        }
        let parameters: RecipientParameters
        do {
            parameters = try recipientParameters(line, parsed.parameters)
        } catch {
            refuse(error.error, error.reply)
            return nil
        }
        guard parsed.path.isASCII || transaction?.envelope.parameters.isInternationalized == true else {
            refuse(.illegalOctet, StandardReplies.utf8Recipient)
            return nil
        }
        guard (transaction?.envelope.recipients.count ?? 0) < terms.configuration.limits.recipients else {
            // The surplus is for another transaction: not the client's error (RFC 5321 §4.5.3.1.10), up to a point.
            note(.peerError(.limitReached))
            budget.surplusRecipients += 1
            if let limit = terms.configuration.limits.surplusRecipients, budget.surplusRecipients > limit {
                end(.tooManyErrors, saying: StandardReplies.tooManyRefused)
            } else {
                replies.append(StandardReplies.tooManyRecipients)
            }
            return nil
        }
        let path =
            parsed.path.kind == .postmaster ? ForwardPath.postmaster : .mailbox(Mailbox(line, parsed.path))
        return ask(.recipient, about: .recipient(.init(path, parameters)))
    }

    /// A general address literal is for those who registered its tag (RFC 5321 §4.1.3).
    private func checkLiteral(_ line: Span<UInt8>, _ path: ParsedPath) throws(SyntaxError) {
        guard path.kind == .mailbox, line[path.domain.start] == UInt8(ascii: "[") else { return }
        var colon = path.domain.start + 1
        while colon < path.domain.end, line[colon] != UInt8(ascii: ":") { colon += 1 }
        guard colon < path.domain.end else { return }
        let tag = line.extracting((path.domain.start + 1)..<colon)
        let ipv6: Keyword = "IPV6"
        guard ipv6.matches(tag) || terms.configuration.literalTags.contains(where: { $0.matches(tag) }) else {
            throw SyntaxError(.addressLiteral, at: path.domain.start)
        }
    }

    private func reply(for error: SyntaxError, _ verb: Verb) -> StandardReply {
        switch error.production {
        case .parameter, .xtext, .base64: StandardReplies.badParameter
        case .command, .path, .mailbox, .localPart, .domain, .addressLiteral, .reply:
            verb == .mail ? StandardReplies.badSender : StandardReplies.badRecipient
        }
    }

    // MARK: Parameters

    /// What is wrong with a parameter, and what to say about it.
    private struct ParameterFault: Error {
        let error: PeerError
        let reply: StandardReply

        static func malformed(_ offset: Int) -> Self {
            Self(error: .syntax(SyntaxError(.parameter, at: offset)), reply: StandardReplies.badParameter)
        }
        static func unknown(_ offset: Int) -> Self {
            Self(error: .syntax(SyntaxError(.parameter, at: offset)), reply: StandardReplies.unknownParameter)
        }
    }

    private func mailParameters(
        _ line: Span<UInt8>, _ range: ByteRange
    ) throws(ParameterFault) -> MailParameters {
        var parameters = MailParameters()
        var rest = range
        while let parsed = try nextParameter(line, &rest) {
            let keyword = line.extracting(parsed.keyword.start..<parsed.keyword.end)
            if offer.size, MailKeyword.size.matches(keyword) {
                parameters.size = try declaredSize(line, parsed, unless: parameters.size != nil)
            } else if offer.eightBitMIME, MailKeyword.body.matches(keyword) {
                parameters.body = try body(line, parsed, unless: parameters.body != nil)
            } else if offer.smtpUTF8, MailKeyword.smtpUTF8.matches(keyword) {
                // No value, and once (RFC 6531 §3.4).
                guard parsed.value == nil, !parameters.isInternationalized else {
                    throw .malformed(parsed.keyword.start)
                }
                parameters.isInternationalized = true
            } else if terms.configuration.authentication.isOn, MailKeyword.auth.matches(keyword) {
                parameters.originator = try originator(line, parsed, unless: parameters.originator != nil)
            } else {
                parameters.other.append(
                    try registered(line, parsed, offer.mailRules, after: parameters.other))
            }
        }
        return parameters
    }

    private func recipientParameters(
        _ line: Span<UInt8>, _ range: ByteRange
    ) throws(ParameterFault) -> RecipientParameters {
        var parameters = RecipientParameters()
        var rest = range
        while let parsed = try nextParameter(line, &rest) {
            parameters.other.append(
                try registered(line, parsed, offer.recipientRules, after: parameters.other))
        }
        return parameters
    }

    /// The next parameter; after HELO none is known (RFC 5321 §4.1.1.11).
    private func nextParameter(
        _ line: Span<UInt8>, _ rest: inout ByteRange
    ) throws(ParameterFault) -> ParsedParameter? {
        let parsed: ParsedParameter?
        do {
            parsed = try CommandParser.nextParameter(line, &rest, terms.configuration.addressSyntax)
        } catch {
            throw ParameterFault(error: .syntax(error), reply: StandardReplies.badParameter)
        }
        if let parsed, hello?.verb == .helo { throw .unknown(parsed.keyword.start) }
        return parsed
    }

    /// SIZE= (RFC 1870 §6): digits only, within our limit.
    private func declaredSize(
        _ line: Span<UInt8>, _ parsed: ParsedParameter, unless isRepeated: Bool
    ) throws(ParameterFault) -> Int {
        guard !isRepeated, let value = parsed.value, let size = CommandParser.decimal(line, value) else {
            throw .malformed(parsed.keyword.start)
        }
        if let limit = terms.configuration.limits.messageSize, size > limit {
            throw ParameterFault(error: .sizeExceeded, reply: StandardReplies.messageTooLarge)
        }
        return size
    }

    /// BODY= (RFC 6152 §2).
    private func body(
        _ line: Span<UInt8>, _ parsed: ParsedParameter, unless isRepeated: Bool
    ) throws(ParameterFault) -> BodyType {
        guard !isRepeated, let value = parsed.value else { throw .malformed(parsed.keyword.start) }
        let name = line.extracting(value.start..<value.end)
        if MailKeyword.eightBitMIME.matches(name) { return .eightBitMIME }
        if MailKeyword.sevenBit.matches(name) { return .sevenBit }
        throw .malformed(value.start)
    }

    /// AUTH=: who first sent the message, in xtext; `<>` for nobody known (RFC 4954 §5).
    private func originator(
        _ line: Span<UInt8>, _ parsed: ParsedParameter, unless isRepeated: Bool
    ) throws(ParameterFault) -> ReversePath {
        guard !isRepeated, let value = parsed.value,
            let octets = try? XText.decode(line.extracting(value.start..<value.end)),
            let text = String(validating: octets, as: UTF8.self)
        else { throw .malformed(parsed.keyword.start) }
        var originator = ReversePath.null
        if !octets.elementsEqual("<>".utf8) {
            guard let mailbox = try? Mailbox(text, syntax: terms.configuration.addressSyntax) else {
                throw .malformed(value.start)
            }
            originator = .mailbox(mailbox)
        }
        // From a client that nobody knows it says nothing.
        return identity == nil ? .null : originator
    }

    /// A parameter that an application's extension lets in.
    private func registered(
        _ line: Span<UInt8>, _ parsed: ParsedParameter, _ rules: [ParameterRule], after earlier: [Parameter]
    ) throws(ParameterFault) -> Parameter {
        let name = line.extracting(parsed.keyword.start..<parsed.keyword.end)
        guard let rule = rules.first(where: { $0.keyword.matches(name) }) else {
            throw .unknown(parsed.keyword.start)
        }
        let isAllowed =
            switch rule.value {
            case .none: parsed.value == nil
            case .optional: true
            case .required: parsed.value != nil
            }
        guard isAllowed, !earlier.contains(where: { $0.keyword == rule.keyword }) else {
            throw .malformed(parsed.keyword.start)
        }
        return Parameter(line, rule.keyword, parsed.value)
    }
}

/// The names that MAIL's own parameters use, compared octet by octet without a table.
private enum MailKeyword {
    case size, body, smtpUTF8, auth, eightBitMIME, sevenBit

    private var name: StaticString {
        switch self {
        case .size: "SIZE"
        case .body: "BODY"
        case .smtpUTF8: "SMTPUTF8"
        case .auth: "AUTH"
        case .eightBitMIME: "8BITMIME"
        case .sevenBit: "7BIT"
        }
    }

    func matches(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count == name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { name in
            for index in bytes.indices {
                let octet = bytes[index]
                let upper = octet &- 97 < 26 ? octet &- 32 : octet
                if unsafe upper != name[index] { return false }
            }
            return true
        }
    }
}
