/// The commands of a transaction, made of typed values, and what cannot be asked for at all.
///
/// Nothing is sent that the server did not offer in its last EHLO reply (RFC 5321 §4.1.1.3, §4.1.1.11), and nothing
/// but typed values is sent, so no text of a caller can become a command.
struct CommandPlan {
    /// MAIL; `nil` if there is no one to whom the message could go.
    private(set) var mail: String?
    /// RCPT for each recipient; `nil` for those with an outcome.
    private(set) var recipients: [String?] = []
    /// One for each recipient: `nil` if it has to be asked for.
    private(set) var outcomes: [RecipientOutcome?] = []
    /// What the content may not have.
    private(set) var refusedContent: ContentTraits

    private let configuration: ClientSession.Configuration
    private let extensions: ServiceExtensions

    init(_ envelope: Envelope, _ summary: ContentSummary?, _ session: borrowing ClientSession) {
        configuration = session.configuration
        extensions = session.extensions
        refusedContent = configuration.refusedContent
        if !extensions.hasEightBitMIME { refusedContent.insert(.eightBit) }
        if let refusal = refusal(envelope, summary, session.messages) {
            outcomes = envelope.recipients.map { RecipientOutcome($0.path, refusal) }
            recipients = outcomes.map { _ in nil }
            return
        }
        planRecipients(envelope)
        guard outcomes.contains(where: { $0 == nil }) else { return }
        mail = mailCommand(envelope, summary)
    }

    /// Why the transaction as a whole cannot be begun.
    private func refusal(_ envelope: Envelope, _ summary: ContentSummary?, _ messages: Int) -> LocalRefusal? {
        let parameters = envelope.parameters
        if let most = extensions.limits.messages, messages >= most { return .messageLimit }
        let needsUTF8 =
            parameters.isInternationalized || !envelope.reversePath.isASCII
            || parameters.other.contains { !$0.isASCII }
        if !extensions.hasSMTPUTF8, needsUTF8 { return .needsSMTPUTF8 }
        if envelope.reversePath.text.utf8.count > configuration.longestPath { return .pathTooLong }
        if let keyword = parameters.other.first(where: { !isOffered($0) })?.keyword {
            return .notOffered(keyword)
        }
        if let limit = extensions.largestMessage, let size = summary?.size ?? parameters.size, size > limit {
            return .tooLarge(limit: limit)
        }
        if summary == nil, parameters.body == .eightBitMIME, !extensions.hasEightBitMIME {
            return .needsEightBitMIME
        }
        guard let found = summary?.traits.intersection(refusedContent), !found.isEmpty else { return nil }
        return found == .eightBit && !configuration.refusedContent.contains(.eightBit)
            ? .needsEightBitMIME : .content(found)
    }

    private mutating func planRecipients(_ envelope: Envelope) {
        let most = min(configuration.recipients ?? .max, extensions.limits.recipients ?? .max)
        var domains: Set<MailDomain> = []
        var count = 0
        for recipient in envelope.recipients {
            let refusal: LocalRefusal?
            if !extensions.hasSMTPUTF8, !recipient.isASCII {
                refusal = .needsSMTPUTF8
            } else if recipient.path.text.utf8.count > configuration.longestPath {
                refusal = .pathTooLong
            } else if let keyword = recipient.parameters.other.first(where: { !isOffered($0) })?.keyword {
                refusal = .notOffered(keyword)
            } else if count >= most || isOneTooMany(recipient.path, &domains) {
                refusal = .recipientLimit
            } else {
                refusal = nil
                count += 1
            }
            outcomes.append(refusal.map { RecipientOutcome(recipient.path, $0) })
            recipients.append(refusal == nil ? recipientCommand(recipient) : nil)
        }
    }

    /// Whether the recipient's domain is one more than the server takes (RFC 9422).
    private func isOneTooMany(_ path: ForwardPath, _ domains: inout Set<MailDomain>) -> Bool {
        guard let most = extensions.limits.domains, case .mailbox(let mailbox) = path else { return false }
        if domains.contains(mailbox.domain) { return false }
        guard domains.count < most else { return true }
        domains.insert(mailbox.domain)
        return false
    }

    /// Parameters are named like their extension, but for a few.
    private func isOffered(_ parameter: Parameter) -> Bool {
        let keyword: Keyword =
            switch parameter.keyword {
            case "BODY": "8BITMIME"
            case "RET", "ENVID", "NOTIFY", "ORCPT": "DSN"
            case "BY": "DELIVERBY"
            case "HOLDFOR", "HOLDUNTIL": "FUTURERELEASE"
            default: parameter.keyword
            }
        return extensions[keyword] != nil
    }

    // MARK: Text

    private func mailCommand(_ envelope: Envelope, _ summary: ContentSummary?) -> String {
        let parameters = envelope.parameters
        var text = "MAIL FROM:\(envelope.reversePath.text)"
        if extensions.hasSize, let size = summary?.size ?? parameters.size { text += " SIZE=\(size)" }
        if extensions.hasEightBitMIME, let body = body(parameters.body, summary) { text += " BODY=\(body)" }
        let needsUTF8 =
            parameters.isInternationalized || !envelope.reversePath.isASCII
            || parameters.other.contains { !$0.isASCII }
            || zip(outcomes, envelope.recipients).contains { $0 == nil && !$1.isASCII }
        if needsUTF8 { text += " SMTPUTF8" }
        if extensions.hasDSN {
            switch parameters.returnedContent {
            case .full: text += " RET=FULL"
            case .headers: text += " RET=HDRS"
            case nil: break
            }
            if let id = parameters.envelopeID { text += " ENVID=" + xtext(id.octets) }
        }
        return text + other(parameters.other)
    }

    /// What BODY says: what is known, else what the caller says, else what is always true where it is offered.
    private func body(_ said: BodyType?, _ summary: ContentSummary?) -> String? {
        if let summary {
            return summary.traits.contains(.eightBit) ? "8BITMIME" : said == nil ? nil : "7BIT"
        }
        return said == .sevenBit ? "7BIT" : "8BITMIME"
    }

    private func recipientCommand(_ recipient: Envelope.Recipient) -> String {
        var text = "RCPT TO:\(recipient.path.text)"
        if extensions.hasDSN {
            if let notification = recipient.parameters.notification { text += " NOTIFY=\(notification.text)" }
            if let original = recipient.parameters.originalRecipient {
                text += " ORCPT=\(original.text)"
            }
        }
        return text + other(recipient.parameters.other)
    }

    private func other(_ parameters: [Parameter]) -> String {
        parameters.map { parameter in " \(parameter.keyword)" + (parameter.value.map { "=\($0)" } ?? "") }
            .joined()
    }
}

private func xtext(_ octets: [UInt8]) -> String { String(decoding: XText.encode(octets), as: UTF8.self) }

extension OriginalRecipient {
    /// The value of the parameter; the address type in the lower case that everybody writes.
    fileprivate var text: String {
        String(decoding: type.bytes.map(\.lowercasedASCII), as: UTF8.self) + ";" + xtext(address)
    }
}

extension Parameter {
    fileprivate var isASCII: Bool { value?.utf8.allSatisfy { $0 < 128 } ?? true }
}

extension Envelope.Recipient {
    fileprivate var isASCII: Bool { path.isASCII && parameters.other.allSatisfy(\.isASCII) }
}

extension ReversePath {
    /// As it is sent, brackets included; never with a source route (RFC 5321 §4.1.2).
    var text: String {
        switch self {
        case .null: "<>"
        case .mailbox(let mailbox): "<\(mailbox)>"
        }
    }
    var isASCII: Bool {
        switch self {
        case .null: true
        case .mailbox(let mailbox): mailbox.isASCII
        }
    }
}

extension ForwardPath {
    /// As it is sent, brackets included; never with a source route (RFC 5321 §4.1.2).
    var text: String {
        switch self {
        case .postmaster: "<Postmaster>"
        case .mailbox(let mailbox): "<\(mailbox)>"
        }
    }
    var isASCII: Bool {
        switch self {
        case .postmaster: true
        case .mailbox(let mailbox): mailbox.isASCII
        }
    }
}
