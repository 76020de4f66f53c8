import SMTPConnection
import SMTPProtocol

/// A whole session: a script of what the client, the application, the transport and the clock do.
func fuzzSession(_ octets: [UInt8]) throws(BrokenInvariant) {
    var script = Script(octets)
    let driver = Driver(script.setup)
    try driver.settle()
    while let event = script.next() { try driver.perform(event) }
    try driver.finish()
}

/// What the client of a script sends, with answers at once: cut as the script says, and merged or octet by octet. Both
/// must come to the same.
func fuzzChunking(_ octets: [UInt8]) throws(BrokenInvariant) {
    let script = Script(octets)
    guard !script.setup.dependsOnChunks, script.setup.isClear || !octets.contains(PlainTLS.unreadable) else {
        return
    }
    let asSent = try plainRun(script, .asScripted)
    let isByOctet = script.isOdd && (asSent.transcript?.taken.count ?? 0) <= 200
    if isByOctet {
        try asSent.compare(plainRun(script, .byOctet), "octet by octet")
    } else {
        try asSent.compare(plainRun(script, .merged), "merged")
    }
}

private enum Cut { case asScripted, merged, byOctet }

/// Runs what the client of `script` sends, with the answers that the script begins with, at once.
private func plainRun(_ script: Script, _ cut: Cut) throws(BrokenInvariant) -> Driver {
    var script = script
    let driver = Driver(script.setup, keepsTranscript: true)
    var isBegun = false
    while let event = script.next() {
        switch event {
        case .policy(let kind, let choice):
            if !isBegun { driver.policies[kind.rawValue] = choice.plain(for: kind) }
        case .arrive(let octets, let joined):
            if !isBegun { try driver.settle() }
            isBegun = true
            switch cut {
            case .asScripted: try driver.arrive(octets, joined: joined)
            case .merged: try driver.arrive(octets, joined: true)
            case .byOctet: for octet in octets { try driver.arrive([octet], joined: false) }
            }
        case .pass, .passToDeadline, .end, .shutDown, .fail, .room, .drained, .answerLate, .answerStale: break
        }
    }
    try driver.finish()
    return driver
}

extension AnswerChoice {
    /// An answer at once; and the same one however content is cut into runs, so it may not end the session.
    fileprivate func plain(for kind: QuestionKind) -> AnswerChoice {
        guard case .now(let answer) = self else { return .now(.accept) }
        guard kind == .content else { return self }
        switch answer {
        case .close: return .now(.reply(Reply(554, nil, "No more")))
        case .reply(let reply): return reply.code == 421 ? .now(.reply(Reply(554, nil, "No more"))) : self
        case .accept, .offer, .replies, .identity, .key: return self
        }
    }
}

extension Driver {
    func perform(_ event: Script.Event) throws(BrokenInvariant) {
        switch event {
        case .arrive(let octets, let joined): try arrive(octets, joined: joined)
        case .policy(let kind, let choice): policies[kind.rawValue] = choice
        case .pass(let milliseconds):
            try pass(to: now.advanced(by: .milliseconds(milliseconds)))
        case .passToDeadline: if let until = last.until { try pass(to: until) }
        case .end: try end()
        case .shutDown:
            connection.shutDown(at: now)
            try settle()
        case .fail: try fail()
        case .room(let count): room = count
        case .drained(let count): try write(count)
        case .answerLate(.now(let answer), let milliseconds):
            if open != nil { now = now.advanced(by: .milliseconds(milliseconds)) }
            try answerLate(answer)
        case .answerStale(.now(let answer)): try answerStale(answer)
        case .answerLate(.later, _), .answerStale(.later): try settle()
        }
    }

    /// Ends the session like a client that goes away; it must come to its end.
    func finish() throws(BrokenInvariant) {
        room = nil
        for index in policies.indices {
            if case .later = policies[index] { policies[index] = .now(.accept) }
        }
        try settle()
        var turns = 0
        while !isClosed {
            turns += 1
            try require(turns < 20_000, "a session that ends")
            if open != nil {
                try answerLate(.accept)
            } else if last.output {
                try write(.max)
            } else if !last.input, let until = last.until {
                try pass(to: until)
            } else if hasInput {
                try settle()
            } else {
                try end()
                if !isClosed, last.input, let until = last.until { try pass(to: until) }
            }
        }
        try settle()
        try pass(to: now.advanced(by: .seconds(100_000)))
        try checkEnd()
    }

    private func checkEnd() throws(BrokenInvariant) {
        guard let cause = ledger.closed else { throw BrokenInvariant("a session notes its end") }
        try require(lastNotice == .closed(cause), ".closed is the last notice")
        let info = connection.info
        let isSame =
            info.peer == Driver.peer && info.local == .unknown
            && info.dialect == setup.connection.session.dialect
        try require(isSame && info.envelope == nil, "a view of this session")
        try require(info.security == nil || !setup.isClear, "no TLS where there is none")
    }

    /// The same octets, cut otherwise, have the same result.
    func compare(_ other: Driver, _ how: String) throws(BrokenInvariant) {
        guard let own = transcript, let other = other.transcript else { return }
        try require(reader.isAtEnd, "\(how): whole replies")
        let same = zip(own.output, other.output).prefix { $0 == $1 }.count
        let (shownOther, shownOwn) = (shown(other.output[same...]), shown(own.output[same...]))
        try require(own.output == other.output, "\(how): after \(same) octets \(shownOther), not \(shownOwn)")
        try require(own.notices == other.notices, "\(how): \(other.notices), not \(own.notices)")
        try require(own.messages == other.messages, "\(how): other messages")
        try countReplies(own)
    }

    /// One reply for each command, for each content one, or in LMTP one for each recipient (RFC 2033 §4.2). Not
    /// counted where the server ended the session, for then it read no further.
    private func countReplies(_ own: Transcript) throws(BrokenInvariant) {
        guard setup.isClear, ledger.closed == .peerClosed else { return }
        var expected = 1
        var from = 0
        for (start, replies) in own.contents {
            expected += countLines(own.taken[from..<start])
            from = own.taken.count
            guard let end = endOfContent(own.taken[start...]) else { break }
            expected += replies
            from = end
        }
        expected += countLines(own.taken[from...])
        try require(
            reader.replies == expected, "\(reader.replies) replies, not \(expected): \(shown(own.taken))")
    }

    private func countLines(_ octets: ArraySlice<UInt8>) -> Int {
        let acceptsBareLF = setup.connection.session.acceptsBareLineFeedInCommands
        var count = 0
        var previous: UInt8 = 0
        for octet in octets {
            if octet == 10, acceptsBareLF || previous == 13 { count += 1 }
            previous = octet
        }
        return count
    }
}
