/// Content: decoded where it lies, counted, and handed on in runs (RFC 5321 §4.1.1.4, §4.5.2).
extension ServerSession {
    /// Reads content up to the next run that must be asked about, or its end.
    ///
    /// A run is asked about where it lies. Only where dots cut the content into many short runs are those gathered, so
    /// that a dot costs a copy and not a question.
    mutating func readContent(_ input: Span<UInt8>, _ position: inout Int) -> Step? {
        if transaction?.content?.hasEnded == true { return endOfContent() }
        guard let run = transaction?.content?.next(input, &position, within: terms.contentBounds) else {
            return nil
        }
        switch run {
        case .alone(let range): return ask(.content, about: .content(.input(range)))
        case .gathered: return ask(.content, about: .content(.gathered))
        case .needsInput:
            if let step = askAboutGathered() ?? starved() { return step }
            close(.peerClosed)
            return nil
        case .end: return askAboutGathered() ?? endOfContent()
        }
    }

    /// What has been gathered of short runs, and is asked about as `ContentPiece.gathered`.
    public var gathered: [UInt8] { transaction?.content?.gathered ?? [] }

    private mutating func askAboutGathered() -> Step? {
        guard let content = transaction?.content, content.mayBeTaken(within: terms.contentBounds) else {
            return nil
        }
        return content.gathered.isEmpty ? nil : ask(.content, about: .content(.gathered))
    }

    /// What is wrong with the content so far, the gravest first: at the end that is the same however it was cut.
    private func fault(_ size: Int, _ faults: ContentDecoder.Faults) -> (PeerError, StandardReply)? {
        let bounds = terms.contentBounds
        guard !bounds.allow(size, faults) else { return nil }
        if size > bounds.size { return (.sizeExceeded, StandardReplies.messageTooLarge) }
        if faults.contains(.lineTooLong) { return (.contentLineTooLong, StandardReplies.contentLineTooLong) }
        if faults.contains(.bareLineFeed) { return (.bareLineFeed, StandardReplies.bareNewlines) }
        return (.bareCarriageReturn, StandardReplies.bareNewlines)
    }

    /// The end mark has been read: ask, or say why not. One reply for each recipient in LMTP (RFC 2033 §4.2).
    private mutating func endOfContent() -> Step? {
        change(to: .command)
        guard let size = transaction?.content?.decoder.size,
            let faults = transaction?.content?.decoder.faults,
            let envelope = transaction?.envelope
        else { return nil }
        budget.messages += 1
        budget.junkCommands = 0
        let times = terms.configuration.dialect == .lmtp ? envelope.recipients.count : 1
        if let (error, reply) = fault(size, faults) {
            refuse(error, reply, dropping: .refused)
            guard !isClosed else { return nil }
            for _ in 0..<(times - 1) { replies.append(reply) }
        } else if let reply = transaction?.content?.refusal {
            drop(.refused)
            let allowsUTF8 = envelope.parameters.isInternationalized
            for _ in 0..<times { replies.append(reply, allowsUTF8: allowsUTF8) }
        } else {
            return ask(.message)
        }
        return nil
    }
}

extension ServerSession {
    /// Beyond what nothing of a message is taken, though it is still read to its end.
    package struct ContentBounds: Sendable {
        /// The most octets.
        let size: Int
        /// What may not be wrong with it.
        let faults: ContentDecoder.Faults

        init(_ configuration: Configuration) {
            size = configuration.limits.messageSize ?? .max
            faults =
                configuration.bareNewlines == .reject
                ? [.lineTooLong, .bareLineFeed, .bareCarriageReturn] : .lineTooLong
        }

        /// The one rule: what it lets pass is handed on, and what it does not is refused at the end.
        func allow(_ size: Int, _ faults: ContentDecoder.Faults) -> Bool {
            size <= self.size && faults.isDisjoint(with: self.faults)
        }
    }
}

extension ServerSession.Content {
    /// What content has come to.
    enum Run {
        /// A run to be asked about where it lies.
        case alone(ByteRange)
        /// So much has been gathered that it is to be asked about.
        case gathered
        /// All input was taken.
        case needsInput
        /// The end mark was taken.
        case end
    }

    /// A run shorter than this may be gathered, in octets.
    static let shortRun = 2048
    /// How much is gathered before it is asked about, in octets.
    static let gatheringLimit = 16 << 10

    /// Whether the message may still be taken.
    func mayBeTaken(within bounds: ServerSession.ContentBounds) -> Bool {
        bounds.allow(decoder.size, decoder.faults) && refusal == nil
    }

    /// Decodes up to what must be asked about, gathering short runs on the way.
    mutating func next(
        _ input: Span<UInt8>, _ position: inout Int, within bounds: ServerSession.ContentBounds
    ) -> Run {
        while true {
            switch decoder.next(input, &position) {
            case .content(let range):
                guard mayBeTaken(within: bounds) else { continue }
                if isAlone(range) { return .alone(range) }
                gather(input.extracting(range.start..<range.end))
                if gathered.count >= Self.gatheringLimit { return .gathered }
            case .literal(let literal):
                if mayBeTaken(within: bounds) { gather(literal.bytes.span) }
            case .needsInput:
                hasShortRuns = false
                return .needsInput
            case .end:
                hasEnded = true
                return .end
            }
        }
    }

    /// Whether a run is asked about where it lies: a long one, or the first of its input, which may be the only one.
    private mutating func isAlone(_ range: ByteRange) -> Bool {
        guard gathered.isEmpty else { return false }
        if range.count >= Self.shortRun { return true }
        defer { hasShortRuns = true }
        return !hasShortRuns
    }

    private mutating func gather(_ run: Span<UInt8>) {
        unsafe run.withUnsafeBufferPointer { unsafe gathered.append(contentsOf: $0) }
    }
}

extension ContentDecoder.Literal {
    /// The octets themselves.
    fileprivate var bytes: [UInt8] {
        switch self {
        case .cr: [13]
        case .lf: [10]
        case .crlf: [13, 10]
        }
    }
}
