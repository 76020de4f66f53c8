import SMTPProtocol

/// What an application may rely on, kept beside the connection and compared with what it says.
struct Ledger {
    /// The transaction as the answers made it.
    private(set) var envelope: Envelope?
    /// What was asked about so far of the content; `nil` outside of content.
    private(set) var content: [UInt8]?
    /// Whether the content was refused half-way, by the application.
    private(set) var isContentRefused = false
    private(set) var closed: CloseCause?
    private(set) var delivered = 0
    /// How the transaction has to end, once `.message` was answered.
    private var expectedEnd: ResetCause?
    /// The envelope when it was last compared, and how many recipients it had.
    private var compared: (envelope: Envelope?, recipients: Int) = (nil, -1)

    var contentSize: Int { content?.count ?? 0 }

    mutating func asked(_ question: Question) throws(BrokenInvariant) {
        try require(closed == nil, "no question after the end")
        try require(expectedEnd == nil, "the transaction's end is noted before the next question")
        switch question {
        case .mail: try require(envelope == nil, "MAIL only without a transaction")
        case .recipient, .data: try require(envelope != nil && content == nil, "RCPT and DATA after MAIL")
        case .content:
            try require(
                content != nil && !isContentRefused, "content only after DATA, and while it is wanted")
        case .message(let asked, let size):
            try require(asked == envelope, "the envelope that was accepted")
            try require(!asked.recipients.isEmpty, "a recipient")
            try require(content?.count == size, "all of the content was asked about")
            try require(!isContentRefused, "no question about refused content")
        case .connect, .hello, .verify, .expand, .help, .noOperation, .command, .authenticationKey,
            .authenticate:
            try require(content == nil, "no commands inside of content")
        }
    }

    /// What `.content` is about.
    mutating func received(_ piece: Span<UInt8>) {
        for index in piece.indices { content?.append(piece[index]) }
    }

    /// A question was answered, and the answer counted.
    mutating func answered(_ question: Question, _ answer: Answer, isLMTP: Bool) {
        let decision = Decision(answer, to: question)
        switch question {
        case .mail(let path, let parameters):
            if decision == .positive { envelope = Envelope(from: path, parameters) }
            compared = (nil, -1)
        case .recipient(let path, let parameters):
            if decision == .positive { envelope?.append(.init(path, parameters)) }
        case .data: if decision == .positive { content = [] }
        case .content: if decision == .negative { isContentRefused = true }
        case .message:
            if isLMTP, case .replies(let each) = answer {
                let relevant = each.prefix(envelope?.recipients.count ?? 0)
                let isTaken = relevant.contains { $0.code.severity == .completion }
                expectedEnd = isTaken ? .delivered : .refused
            } else {
                expectedEnd =
                    switch decision {
                    case .positive: .delivered
                    case .negative: .refused
                    case .closing: .aborted
                    }
            }
        case .connect, .hello, .verify, .expand, .help, .noOperation, .command, .authenticationKey,
            .authenticate:
            break
        }
    }

    mutating func noted(_ notice: Notice) throws(BrokenInvariant) {
        try require(closed == nil, "nothing is noted after .closed: \(notice)")
        switch notice {
        case .reset(let cause):
            try require(envelope != nil, "one reset for each transaction: \(cause)")
            if let expectedEnd { try require(cause == expectedEnd, "\(cause), not \(expectedEnd)") }
            try require(
                cause != .delivered || expectedEnd == .delivered, "delivered only if it was answered so")
            if cause == .delivered { delivered += 1 }
            envelope = nil
            content = nil
            isContentRefused = false
            expectedEnd = nil
        case .closed(let cause):
            try require(envelope == nil, "a transaction ends before the session does")
            closed = cause
        case .secured, .authenticated, .quit, .peerError, .answerTimedOut: break
        }
    }

    /// All notices have been taken: the connection's own view has to be the same.
    ///
    /// Recipients only ever come behind those that have been compared; at `.message` all of them are compared.
    mutating func compare(_ actual: Envelope?) throws(BrokenInvariant) {
        let recipients = envelope?.recipients.count ?? -1
        let old = compared.envelope?.recipients.count ?? -1
        try require(old == compared.recipients, "a view stays as it was when it was made")
        var isSame = actual?.recipients.count ?? -1 == recipients
        if isSame, recipients != old {
            isSame =
                recipients > 0 && recipients == old + 1
                ? actual?.recipients.last == envelope?.recipients.last : actual == envelope
        }
        try require(isSame, "the envelope as it was accepted, not \(actual as Envelope?)")
        if recipients != old { compared = (actual, recipients) }
    }

    private enum Decision {
        case positive, negative, closing

        /// A reply's severity decides (RFC 5321 §4.2.1). 354 is for DATA alone; 421 is the end. Even a last word
        /// decides, but none can let content come.
        init(_ answer: Answer, to question: Question) {
            let reply: Reply
            switch answer {
            case .accept, .offer:
                self = .positive
                return
            case .close(let last):
                let letsContentCome =
                    switch question {
                    case .data, .content: true
                    default: false
                    }
                self = last.code.severity == .completion && !letsContentCome ? .positive : .closing
                return
            case .reply(let only): reply = only
            case .identity, .key:
                self = .negative
                return
            case .replies(let each):
                guard each.count == 1 else {
                    self = .negative
                    return
                }
                reply = each[0]
            }
            switch (reply.code.severity, question) {
            case (.completion, _), (.intermediate, .data): self = .positive
            case (.transient, _): self = reply.code == 421 ? .closing : .negative
            case (.intermediate, _), (.permanent, _): self = .negative
            }
        }
    }
}
