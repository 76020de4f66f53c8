extension ClientSession {
    /// A mail transaction: everything that belongs to it, and to nothing else.
    struct Transaction: Sendable {
        let id: RequestID
        let envelope: Envelope
        let mailCommand: String
        /// RCPT for each recipient; `nil` for one that is decided.
        let recipientCommands: [String?]
        var encoder: ContentEncoder
        /// One for each recipient, as far as they are decided.
        var outcomes: [RecipientOutcome?]
        /// Which recipients the server has accepted, in order.
        var accepted: [Int] = []
        var isMailRefused = false
        /// The next RCPT to say; `nil` before MAIL.
        var nextRecipient: Int?
        var isDataSaid = false
        /// The end mark is in the output, or beyond.
        var isEndSent = false
    }

    /// Begins a transaction, as far as it can be begun at all.
    mutating func begin(_ envelope: Envelope, _ summary: ContentSummary?, _ id: RequestID) {
        let plan = CommandPlan(envelope, summary, self)
        guard let mail = plan.mail else {
            note(.finished(plan.outcomes.compactMap { $0 }, id))
            return
        }
        messages += 1
        transaction = Transaction(
            id: id, envelope: envelope, mailCommand: mail, recipientCommands: plan.recipients,
            encoder: ContentEncoder(
                refusing: plan.refusedContent, longestLine: configuration.longestLine),
            outcomes: plan.outcomes)
        change(to: .transaction)
    }

    private var pipelines: Bool { extensions.hasPipelining && configuration.usesPipelining }

    /// Says what can be said now: everything up to DATA where the server takes it at once, else one command.
    mutating func speak() {
        while state == .transaction, expected.isEmpty || pipelines, output.count < configuration.pipelinedSize
        {
            guard let open = transaction else { return }
            if needsReset {
                needsReset = false
                say("RSET", expecting: .reset(nil))
            } else if open.nextRecipient == nil {
                transaction?.nextRecipient = 0
                say(open.mailCommand, expecting: .mail)
            } else if open.isDataSaid || !sayNextRecipient() {
                return
            }
        }
    }

    /// The next RCPT, or DATA, or nothing if there is no use in it; then false.
    private mutating func sayNextRecipient() -> Bool {
        guard let open = transaction, !open.isMailRefused, var index = open.nextRecipient else {
            if expected.isEmpty { conclude() }
            return false
        }
        while index < open.recipientCommands.count {
            if let command = open.recipientCommands[index] {
                transaction?.nextRecipient = index + 1
                say(command, expecting: .recipient(index))
                return true
            }
            index += 1
        }
        transaction?.nextRecipient = index
        // All have been answered, and nobody was accepted.
        if expected.isEmpty, open.accepted.isEmpty {
            needsReset = true
            conclude()
            return false
        }
        transaction?.isDataSaid = true
        say("DATA", expecting: .data)
        return true
    }

    mutating func takeMail(_ reply: Reply) {
        guard reply.code.severity != .completion else { return }
        transaction?.isMailRefused = true
        decideRest(reply, in: .mail)
    }

    mutating func takeRecipient(_ index: Int, _ reply: Reply) {
        // What is said to recipients of no transaction means nothing, but it has to be read.
        guard let path = transaction?.envelope.recipients[index].path, transaction?.isMailRefused == false
        else {
            return
        }
        if reply.code.severity == .completion {
            transaction?.accepted.append(index)
        } else {
            transaction?.outcomes[index] = RecipientOutcome(path, reply, in: .recipient)
        }
    }

    mutating func takeData(_ reply: Reply) {
        guard let open = transaction else { return }
        guard reply.code.severity == .intermediate else {
            decideRest(reply, in: .data)
            needsReset = !open.isMailRefused
            return conclude()
        }
        guard open.accepted.isEmpty else { return change(to: .content) }
        // Nobody would get the content, so it is not sent; the transaction has to be ended all the same
        // (RFC 2920 §3.1). An LMTP server, which has nobody to answer for, may not say this (RFC 2033 §4.2).
        guard configuration.dialect == .smtp else { return fail(.unexpectedReply(reply), in: .data) }
        output += [46, 13, 10]
        expected.append(.final(nil))
        change(to: .finalReply)
    }

    /// The end mark is in the output.
    mutating func endContent() {
        guard let open = transaction else { return }
        transaction?.isEndSent = true
        switch configuration.dialect {
        case .smtp: expected.append(.final(nil))
        // One reply for each accepted recipient (RFC 2033 §4.2).
        case .lmtp: for index in open.accepted { expected.append(.final(index)) }
        }
        change(to: .finalReply)
    }

    mutating func takeFinal(_ index: Int?, _ reply: Reply) {
        if let index, let path = transaction?.envelope.recipients[index].path {
            transaction?.outcomes[index] = RecipientOutcome(path, reply, in: .finalReply)
        } else {
            decideRest(reply, in: .finalReply)
        }
        if expected.isEmpty { conclude() }
    }

    /// The reply is that of everybody who has none yet.
    mutating func decideRest(_ reply: Reply, in phase: Phase) {
        guard let open = transaction else { return }
        for index in open.outcomes.indices where open.outcomes[index] == nil {
            transaction?.outcomes[index] = RecipientOutcome(
                open.envelope.recipients[index].path, reply, in: phase)
        }
    }

    /// The transaction is over, the session goes on.
    private mutating func conclude() {
        reportTransaction(ClientFailure(.cancelled, in: phase))
        change(to: .ready)
    }

    /// Reports the transaction and drops it, whole; whoever is undecided shares the failure.
    mutating func reportTransaction(_ failure: ClientFailure) {
        guard let open = transaction else { return }
        transaction = nil
        let hasEndLeft = open.isEndSent && output.isEmpty && !hasUnsentRecords
        let outcomes = zip(open.outcomes, open.envelope.recipients).map { outcome, recipient in
            outcome ?? RecipientOutcome(recipient.path, failure, mayBeDelivered: hasEndLeft)
        }
        note(.finished(outcomes, open.id))
    }
}
