import SMTPConnection
import SMTPProtocol
import SMTPTesting
import Testing

/// However and whenever a connection ends, it ends once, whole, and in order.
@Suite struct PhaseTests {
    /// Where a connection can stand, and why it closes if there the client ends its side, the server is told to end,
    /// or nothing happens any more.
    struct Phase: Sendable, CustomTestStringConvertible {
        let name: String
        var later: Set<String> = []
        var sends = ""
        var answer: Answer?
        var isBlocked = false
        var end = CloseCause.peerClosed
        var failure = CloseCause.transportFailed
        var shutDown = CloseCause.shutDown
        var silence = CloseCause.timedOut(.command)
        var testDescription: String { name }
    }

    static let hello = "EHLO c.example.com\r\n"
    static let mail = hello + "MAIL FROM:<a@example.com>\r\n"
    static let recipient = mail + "RCPT TO:<b@example.org>\r\n"
    static let data = recipient + "DATA\r\n"
    static let message = data + "x\r\n.\r\n"

    static let phases: [Phase] = [
        Phase(name: "connect asked", later: ["connect"], shutDown: .shutDown, silence: .timedOut(.command)),
        Phase(name: "greeted"),
        Phase(name: "refused", answer: .reply(Reply(554))),
        Phase(name: "in a command line", sends: "EH"),
        Phase(name: "between CR and LF", sends: "NOOP\r"),
        Phase(name: "in a line that is too long", sends: String(repeating: "x", count: 3000)),
        Phase(name: "EHLO asked", later: ["hello"], sends: hello),
        Phase(name: "introduced", sends: hello),
        Phase(name: "NOOP asked, more behind it", later: ["noop"], sends: hello + "NOOP\r\nRSET\r\n"),
        Phase(name: "MAIL asked", later: ["mail"], sends: mail),
        Phase(name: "MAIL accepted", sends: mail),
        Phase(name: "RCPT asked", later: ["recipient"], sends: recipient),
        Phase(name: "RCPT accepted", sends: recipient),
        Phase(name: "DATA asked", later: ["data"], sends: data),
        Phase(
            name: "DATA accepted", sends: data, shutDown: .timedOut(.content), silence: .timedOut(.content)),
        Phase(
            name: "in content", sends: data + "x\r\n..y", shutDown: .timedOut(.content),
            silence: .timedOut(.content)),
        Phase(
            name: "content asked", later: ["content"], sends: data + "x", shutDown: .timedOut(.content),
            silence: .timedOut(.content)),
        Phase(
            name: "in the end mark", sends: data + "x\r\n.\r", shutDown: .timedOut(.content),
            silence: .timedOut(.content)),
        Phase(name: "message asked", later: ["message"], sends: message),
        Phase(name: "message accepted", sends: message),
        Phase(name: "an error answered late", sends: String(repeating: "WHAT\r\n", count: 7)),
        Phase(
            name: "output waiting", sends: recipient, isBlocked: true, failure: .transportFailed,
            silence: .timedOut(.writing)),
        Phase(
            name: "lingering after QUIT", sends: mail + "QUIT\r\n", end: .quit, failure: .quit,
            shutDown: .quit,
            silence: .quit),
        Phase(
            name: "too many errors", sends: mail + String(repeating: "WHAT\r\n", count: 30),
            end: .tooManyErrors, failure: .transportFailed),
    ]

    private func open(_ phase: Phase) throws -> Client {
        let client = try Client(later: phase.later, answer: phase.answer)
        if phase.isBlocked { client.connection.room = 0 }
        if !phase.sends.isEmpty { client.connection.receive(phase.sends) }
        return client
    }

    /// What must hold once it is all over.
    private func check(_ client: Client, _ cause: CloseCause?, _ phase: Phase, isCut: Bool = false) {
        let notices = client.diary.notices
        #expect(client.connection.isClosed, "\(phase.name)")
        #expect(!client.connection.spokeAfterEnd)
        let closes = notices.compactMap { if case .closed(let cause) = $0 { cause } else { nil } }
        let resets = notices.compactMap { if case .reset(let cause) = $0 { cause } else { nil } }
        #expect(closes.count == 1 && (cause == nil || closes == [cause]), "\(phase.name): \(notices)")
        if case .closed? = notices.last {} else { Issue.record("\(phase.name): \(notices) goes on") }
        #expect(resets.count == client.diary.begun, "\(phase.name): \(notices)")
        let wasAccepted = phase.sends.hasPrefix(Self.message) && phase.later.isEmpty
        #expect(client.diary.delivered == (wasAccepted ? 1 : 0), "\(phase.name)")
        // What is said is whole, and nothing but 421 is the server's own last word.
        let said = client.connection.output
        #expect(isCut || said.isEmpty || said.suffix(2) == [13, 10], "\(phase.name)")
        let before = (client.connection.output.count, notices.count)
        for owed in client.diary.owed { owed.answer(.accept) }
        client.connection.deliverAnswers()
        client.connection.receive("NOOP\r\n")
        client.connection.receiveEnd()
        client.connection.shutDown()
        client.connection.fail()
        client.waitForever()
        client.connection.deliverAnswers()
        #expect(
            before == (client.connection.output.count, client.diary.notices.count), "\(phase.name) lives on")
    }

    private func endsWith421(_ client: Client) -> Bool {
        let lines = String(decoding: client.connection.output, as: UTF8.self).split(separator: "\r\n")
        return lines.last?.hasPrefix("421") ?? false
    }

    @Test(arguments: phases) func `the client ends its side`(_ phase: Phase) throws {
        let client = try open(phase)
        client.connection.receiveEnd()
        client.waitForever()
        check(client, phase.end, phase, isCut: phase.isBlocked)
    }

    @Test(arguments: phases) func `the transport fails`(_ phase: Phase) throws {
        let client = try open(phase)
        let said = client.connection.output
        client.connection.fail()
        #expect(client.connection.isClosed && client.connection.output == said)
        check(client, phase.failure, phase, isCut: true)
    }

    @Test(arguments: phases) func `the server is told to end`(_ phase: Phase) throws {
        let client = try open(phase)
        client.connection.shutDown()
        client.waitForever()
        let cause = phase.isBlocked ? nil : phase.end == .tooManyErrors ? nil : phase.shutDown
        check(client, cause, phase, isCut: phase.isBlocked)
        if !phase.isBlocked, phase.shutDown != .quit { #expect(endsWith421(client), "\(phase.name)") }
    }

    @Test(arguments: phases) func `nothing happens any more`(_ phase: Phase) throws {
        let client = try open(phase)
        client.waitForever()
        check(
            client, phase.end == .tooManyErrors ? .tooManyErrors : phase.silence, phase,
            isCut: phase.isBlocked)
        if !phase.isBlocked, phase.silence != .quit { #expect(endsWith421(client), "\(phase.name)") }
    }

    /// Each deadline in turn, and at each of them the transport fails, the client ends or the server is told to.
    @Test(arguments: phases) func `something happens just when a deadline falls`(_ phase: Phase) throws {
        for event in 0..<4 {
            var steps = 0
            var isOver = false
            while !isOver, steps < 40 {
                let client = try open(phase)
                for _ in 0..<steps {
                    guard let next = client.connection.waitsUntil, !client.connection.isClosed else { break }
                    client.connection.advance(by: client.connection.now.duration(to: next))
                }
                isOver = client.connection.isClosed
                switch event {
                case 0: client.connection.receiveEnd()
                case 1: client.connection.fail()
                case 2: client.connection.shutDown()
                default:
                    client.connection.shutDown()
                    client.connection.receiveEnd()
                }
                client.waitForever()
                check(client, nil, phase, isCut: true)
                steps += 1
            }
            #expect(isOver, "\(phase.name) never ends")
        }
    }

    /// What was asked is answered after the client has ended its side, and the answer still reaches it.
    @Test(arguments: phases.filter { !$0.later.isEmpty }) func `an answer after the client's end is sent`(
        _ phase: Phase
    ) throws {
        let client = try open(phase)
        client.connection.receiveEnd()
        #expect(!client.connection.isClosed && client.connection.waitsUntil != nil)
        let said = client.connection.output.count
        client.connection.advance(by: .seconds(300))
        if !phase.later.contains("content") { #expect(client.connection.output.count > said) }
        #expect(client.connection.isClosed)
        check(client, .peerClosed, phase)
    }
}
