/// Content: decoded where it lies, counted, and handed on in runs (RFC 5321 §4.1.1.4, §4.5.2).
extension ServerSession {
    /// Reads content up to the next run that must be asked about, or its end.
    mutating func readContent(_ input: Span<UInt8>, _ position: inout Int) -> Step? {
        guard let event = transaction?.content?.decoder.next(input, &position) else {
            change(to: .command)
            return nil
        }
        if transaction?.content?.refusal == nil, let refusal = newRefusal() {
            transaction?.content?.refusal = refusal
        }
        switch event {
        case .content(let range): return run(.input(range))
        case .literal(let literal): return run(.literal(literal))
        case .needsInput:
            if let step = starved() { return step }
            close(.peerClosed)
            return nil
        case .end: return endOfContent()
        }
    }

    /// Asks about a run of content, unless the message will not be taken anyway.
    private mutating func run(_ piece: ContentPiece) -> Step? {
        guard transaction?.content?.refusal == nil else { return nil }
        return ask(.content(piece), as: .content)
    }

    /// What has just become wrong with the content.
    private func newRefusal() -> Refusal? {
        guard let decoder = transaction?.content?.decoder else { return nil }
        if let limit = configuration.limits.messageSize, decoder.size > limit {
            return .fault(.sizeExceeded, StandardReplies.messageTooLarge)
        }
        let faults = decoder.faults
        if faults.contains(.lineTooLong) { return .fault(.contentLineTooLong, StandardReplies.contentLineTooLong) }
        guard configuration.bareNewlines == .reject else { return nil }
        if faults.contains(.bareLineFeed) { return .fault(.bareLineFeed, StandardReplies.bareNewlines) }
        if faults.contains(.bareCarriageReturn) { return .fault(.bareCarriageReturn, StandardReplies.bareNewlines) }
        return nil
    }

    /// The end mark has been read: ask, or say why not. One reply for each recipient in LMTP (RFC 2033 §4.2).
    private mutating func endOfContent() -> Step? {
        change(to: .command)
        guard let transaction, let content = transaction.content else { return nil }
        budget.messages += 1
        budget.junkCommands = 0
        switch content.refusal {
        case nil:
            return ask(.message(transaction.envelope, size: content.decoder.size), as: .message)
        case .fault(let error, let reply):
            drop(.refused)
            refuse(error, reply)
            guard !isClosed, configuration.dialect == .lmtp else { return nil }
            for _ in transaction.envelope.recipients.dropFirst() { replies.append(reply) }
        case .application(let reply):
            drop(.refused)
            let times = configuration.dialect == .lmtp ? transaction.envelope.recipients.count : 1
            for _ in 0..<times {
                replies.append(reply, allowsUTF8: transaction.envelope.parameters.isInternationalized)
            }
        }
        return nil
    }
}
