import SMTPConnection
import SMTPProtocol

/// Drives a `ServerConnection` like an adapter does, and checks at each step what must hold.
///
/// It obeys the wait: it reads only when told to, writes what it is given, and tells the time. What a run cost decides
/// how many there will be, so it allocates little, and keeps the transcript only where two are to be compared.
final class Driver {
    let setup: Setup
    var connection: ServerConnection
    var policies = Driver.accepting
    var ledger = Ledger()
    var reader = ReplyReader()
    var transcript: Transcript?
    private(set) var lastNotice: Notice?
    /// What was taken of the input since the content began; known octet for octet only without TLS.
    private var takenContent: [UInt8] = []
    var now = Instant(nanoseconds: 0)
    var room: Int?
    var last = Wait(until: nil, input: false, output: false)
    var isClosed = false
    var open: (ticket: Ticket, question: Question)?
    /// The last question that no longer stands.
    private(set) var past: Ticket?
    private var lastTicket: UInt64 = 0
    /// What has arrived and has not been read; what has been read and not been taken.
    private var arrived: [UInt8] = []
    private var held: [UInt8] = []
    private var position = 0
    private var hasEnded = false
    private var hasReadEnd = false
    private(set) var hasFinishedSending = false
    private var mostRecipients = 0
    private let isLMTP: Bool
    private let replyBacklog: Int
    static let peer = Endpoint.tcp(host: "192.0.2.1", port: 4000)
    private static let accepting = [AnswerChoice](
        repeating: .now(.accept), count: QuestionKind.allCases.count)

    /// What a run came to, for comparison with another.
    struct Transcript {
        var output: [UInt8] = []
        var notices: [Notice] = []
        /// The contents that were delivered, or at least asked about as a message.
        var messages: [[UInt8]] = []
        /// What was taken of the input.
        var taken: [UInt8] = []
        /// Where contents began in it, and how many replies each must get.
        var contents: [(start: Int, replies: Int)] = []
    }

    struct Wait {
        var until: Instant?
        var input: Bool
        var output: Bool
    }

    init(_ setup: Setup, keepsTranscript: Bool = false) {
        self.setup = setup
        if keepsTranscript { transcript = Transcript() }
        isLMTP = setup.connection.session.dialect == .lmtp
        replyBacklog = setup.connection.session.limits.replyBacklog
        connection = ServerConnection(
            setup.connection, peer: Self.peer, local: .unknown, at: now)
    }

    // MARK: Events

    func arrive(_ octets: [UInt8], joined: Bool) throws(BrokenInvariant) {
        if !hasEnded { arrived += octets }
        if !joined { try settle() }
    }

    func end() throws(BrokenInvariant) {
        hasEnded = true
        try settle()
    }

    func pass(to instant: Instant) throws(BrokenInvariant) {
        now = max(now, instant)
        connection.advance(to: now)
        try settle()
    }

    func fail() throws(BrokenInvariant) {
        connection.fail(at: now)
        arrived = []
        try drain()
        try require(isClosed, "a connection that failed is closed at once")
    }

    /// The transport takes `count` octets more.
    func write(_ count: Int) throws(BrokenInvariant) {
        guard last.output, !isClosed else { return }
        try take(count)
        try settle()
    }

    func answerLate(_ answer: Answer) throws(BrokenInvariant) {
        guard let open else { return }
        try self.answer(answer, open.ticket, open.question)
        self.open = nil
        past = open.ticket
        try settle()
    }

    func answerStale(_ answer: Answer) throws(BrokenInvariant) {
        guard let ticket = past else { return }
        let unsent = connection.withOutput { $0.count }
        let counts = connection.answer(answer, to: ticket, at: now)
        try require(!counts, "an answer to a question of the past is dropped")
        try require(connection.withOutput { $0.count } == unsent, "a dropped answer says nothing")
        try settle()
    }

    // MARK: Steps

    /// Drains, and reads what may be read, until the connection waits for something else.
    func settle() throws(BrokenInvariant) {
        try drain()
        while last.input, !isClosed {
            if !arrived.isEmpty {
                held = arrived
                position = 0
                arrived = []
                connection.receive(at: now)
            } else if hasEnded, !hasReadEnd {
                hasReadEnd = true
                connection.receiveEnd(at: now)
            } else {
                return
            }
            try drain()
        }
    }

    /// Whether something has arrived that was not read or not taken.
    var hasInput: Bool { !arrived.isEmpty || position < held.count || hasEnded && !hasReadEnd }

    private func drain() throws(BrokenInvariant) {
        let input = held
        var steps = 0
        while true {
            let old = position
            let action = connection.next(input.span, &position)
            try require(
                position >= old && position <= input.count, "a position that moves forward in the input")
            if position > old { record(input[old..<position]) }
            steps += 1
            try require(steps < 10_000 + 4 * input.count, "a drain that ends")
            if isClosed {
                guard case .wait(nil, false, false) = action else {
                    throw BrokenInvariant("nothing after the close, but \(action)")
                }
                return try require(connection.withOutput { $0.isEmpty }, "no output after the close")
            }
            switch action {
            case .ask(let ticket):
                guard let question = connection.question else { throw BrokenInvariant("nothing is asked") }
                try put(question, ticket)
            case .note(let notice): try note(notice)
            case .send:
                try require(!hasFinishedSending, "no output after the end of it")
                try take(room ?? .max)
            case .finishSending:
                try require(!hasFinishedSending, "the end of output once")
                try require(connection.withOutput { $0.isEmpty }, "all output sent before its end")
                try require(reader.isAtEnd, "whole replies")
                hasFinishedSending = true
            case .close:
                try require(ledger.closed != nil, ".closed is noted before the close")
                isClosed = true
            case .wait(let until, let input, let output):
                last = Wait(until: until, input: input, output: output)
                return try checkWait()
            }
        }
    }

    private func checkWait() throws(BrokenInvariant) {
        let unsent = connection.withOutput { $0.count }
        try checkBacklog(unsent)
        try require(last.until != nil, "a wait that ends")
        try require(!last.input || position == held.count, "all input taken before more is wanted")
        try require(!last.input || open == nil, "no reading past an open question")
        try require(!last.output || unsent > 0, "something to send")
        if last.input { try ledger.compare(connection.info.envelope) }
        if unsent == 0 { try require(reader.isAtEnd, "whole replies") }
    }

    /// The backlog may be exceeded by the replies to one command, and no more.
    private func checkBacklog(_ unsent: Int) throws(BrokenInvariant) {
        let bound = replyBacklog + (mostRecipients + 1) * Setup.longestReply
        try require(unsent <= bound, "\(unsent) octets of output wait, of at most \(bound)")
    }

    private func put(_ question: Question, _ ticket: Ticket) throws(BrokenInvariant) {
        try require(open == nil, "one question at a time")
        try ledger.compare(connection.info.envelope)
        try require(ticket.number > lastTicket, "each question has its own ticket")
        lastTicket = ticket.number
        try ledger.asked(question)
        if case .content(let piece) = question {
            let input = held
            let count = ledger.contentSize
            connection.withContent(piece, in: input.span) { ledger.received($0) }
            try require(ledger.contentSize > count, "a run of content that is not empty")
        }
        if case .message = question { try checkMessage() }
        switch policies[QuestionKind(question).rawValue] {
        case .now(let answer):
            try self.answer(answer, ticket, question)
            past = ticket
        case .later: open = (ticket, question)
        }
    }

    private func answer(_ answer: Answer, _ ticket: Ticket, _ question: Question) throws(BrokenInvariant) {
        try require(connection.answer(answer, to: ticket, at: now), "an answer to the open question counts")
        settled(question, answer)
    }

    private func settled(_ question: Question, _ answer: Answer) {
        ledger.answered(question, answer, isLMTP: isLMTP)
        if case .data = question, ledger.content != nil {
            takenContent.removeAll(keepingCapacity: true)
            let replies = isLMTP ? ledger.envelope?.recipients.count ?? 0 : 1
            if let taken = transcript?.taken.count { transcript?.contents.append((taken, replies)) }
        }
        mostRecipients = max(mostRecipients, ledger.envelope?.recipients.count ?? 0)
    }

    private func note(_ notice: Notice) throws(BrokenInvariant) {
        lastNotice = notice
        transcript?.notices.append(notice)
        if notice == .answerTimedOut {
            guard let open else { throw BrokenInvariant("a question that was not answered in time") }
            settled(open.question, .reply(Reply(451, nil, "")))
            past = open.ticket
            self.open = nil
        }
        try ledger.noted(notice)
        if ledger.closed != nil, let open {
            past = open.ticket
            self.open = nil
        }
    }

    private func take(_ count: Int) throws(BrokenInvariant) {
        let unsent = connection.withOutput { $0.count }
        try checkBacklog(unsent)
        try require(unsent > 0, "something to send")
        var octets = connection.withOutput { $0.extracting(0..<min(count, $0.count)).copied }
        connection.sent(octets.count, at: now)
        if !setup.isClear { octets.removeAll { $0 == PlainTLS.goodbye } }
        transcript?.output += octets
        try reader.read(octets.span)
    }

    private func record(_ taken: ArraySlice<UInt8>) {
        transcript?.taken += taken
        if ledger.content != nil { takenContent += taken }
    }

    /// At the question about the message, everything up to the end mark has been taken, and nothing more.
    private func checkMessage() throws(BrokenInvariant) {
        let content = ledger.content ?? []
        transcript?.messages.append(content)
        let session = setup.connection.session
        if let limit = session.limits.messageSize {
            try require(content.count <= limit, "a message within its limit")
        }
        guard setup.isClear else { return }
        let expected = decodeByOctets(
            takenContent, session.bareNewlines, lineLimit: session.limits.contentLine)
        try require(
            expected.end == takenContent.count, "a message ends with CRLF.CRLF: \(shown(takenContent))")
        try require(expected.content == content, "the message that was sent: \(shown(content))")
        try require(!expected.faults.contains(.lineTooLong), "no line over the limit")
        try require(session.bareNewlines != .reject || expected.faults.isEmpty, "no bare CR or LF")
    }
}
