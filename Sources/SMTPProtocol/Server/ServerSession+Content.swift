/// Content: decoded where it lies, counted, and handed on in runs (RFC 5321 §4.1.1.4, §4.5.2).
extension ServerSession {
    /// Reads content up to the next run that must be asked about, or its end.
    mutating func readContent(_ input: Span<UInt8>, _ position: inout Int) -> Step? {
        guard let event = transaction?.content?.decoder.next(input, &position) else {
            change(to: .command)
            return nil
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
        guard let content = transaction?.content, content.refusal == nil, fault(in: content.decoder) == nil
        else {
            return nil
        }
        return ask(.content(piece), as: .content)
    }

    /// What is wrong with the content so far, the gravest first: at the end that is the same however it was cut.
    private func fault(in decoder: ContentDecoder) -> (PeerError, StandardReply)? {
        if let limit = configuration.limits.messageSize, decoder.size > limit {
            return (.sizeExceeded, StandardReplies.messageTooLarge)
        }
        let faults = decoder.faults
        guard !faults.isEmpty else { return nil }
        if faults.contains(.lineTooLong) { return (.contentLineTooLong, StandardReplies.contentLineTooLong) }
        guard configuration.bareNewlines == .reject else { return nil }
        if faults.contains(.bareLineFeed) { return (.bareLineFeed, StandardReplies.bareNewlines) }
        return (.bareCarriageReturn, StandardReplies.bareNewlines)
    }

    /// The end mark has been read: ask, or say why not. One reply for each recipient in LMTP (RFC 2033 §4.2).
    private mutating func endOfContent() -> Step? {
        change(to: .command)
        guard let transaction, let content = transaction.content else { return nil }
        budget.messages += 1
        budget.junkCommands = 0
        let times = configuration.dialect == .lmtp ? transaction.envelope.recipients.count : 1
        if let (error, reply) = fault(in: content.decoder) {
            refuse(error, reply, dropping: .refused)
            guard !isClosed else { return nil }
            for _ in 0..<(times - 1) { replies.append(reply) }
        } else if let reply = content.refusal {
            drop(.refused)
            let allowsUTF8 = transaction.envelope.parameters.isInternationalized
            for _ in 0..<times { replies.append(reply, allowsUTF8: allowsUTF8) }
        } else {
            return ask(.message(transaction.envelope, size: content.decoder.size), as: .message)
        }
        return nil
    }
}
