import SMTPConnection
import SMTPProtocol

/// Drives a `ServerConnection` by hand: the time, the bytes, the answers; and keeps what came of them.
final class Rig {
    var connection: ServerConnection
    var seconds = 0.0
    /// What was written, in order.
    var output: [UInt8] = []
    var notices: [Notice] = []
    var asked: [String] = []
    var content: [UInt8] = []
    /// How often the adapter was asked to write.
    var sends = 0
    var last = Wait(until: nil, input: false, output: false)
    var hasFinishedSending = false
    var isClosed = false
    /// Answers for questions by name; `nil` for later. Without an entry: accept.
    var answers: [String: Answer?] = [:]
    var openTicket: Ticket?
    /// How many octets the transport takes at once; `nil` for all.
    var room: Int?
    private var held: [UInt8] = []

    struct Wait: Equatable {
        var until: Double?
        var input: Bool
        var output: Bool
    }

    init(_ change: (inout ServerConnection.Configuration) -> Void = { _ in }) {
        var configuration = ServerConnection.Configuration(.init(hostname: "mx.example.org"))
        change(&configuration)
        connection = ServerConnection(
            configuration, peer: .tcp(host: "192.0.2.1", port: 4000), local: .unknown,
            at: Instant(nanoseconds: 0))
        drain()
    }

    var now: Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }
    var text: String { String(decoding: output, as: UTF8.self) }
    var lastLine: String { text.split(separator: "\r\n").last.map(String.init) ?? "" }

    func receive(_ text: String) { receive(Array(text.utf8)) }

    func receive(_ bytes: [UInt8]) {
        held += bytes
        connection.receive(at: now)
        drain()
    }

    func receiveEnd() {
        connection.receiveEnd(at: now)
        drain()
    }

    func wait(_ seconds: Double) {
        self.seconds += seconds
        connection.advance(to: now)
        drain()
    }

    func fail() {
        connection.fail(at: now)
        drain()
    }

    func shutDown() {
        connection.shutDown(at: now)
        drain()
    }

    @discardableResult func answerLater(_ answer: Answer, _ ticket: Ticket? = nil) -> Bool {
        guard let ticket = ticket ?? openTicket else { return false }
        let counted = connection.answer(answer, to: ticket, at: now)
        drain()
        return counted
    }

    /// The transport takes `count` octets more.
    func transportTakes(_ count: Int) {
        let taken = connection.withOutput { $0.extracting(0..<min(count, $0.count)).copied }
        output += taken
        connection.sent(taken.count, at: now)
        drain()
    }

    func drain() {
        while true {
            var position = 0
            let input = held
            let action = connection.next(input.span, &position)
            switch action {
            case .ask(let ticket):
                if let question = connection.question { put(question, ticket, input) }
            case .note(let notice): notices.append(notice)
            case .send:
                sends += 1
                let taken = connection.withOutput {
                    $0.extracting(0..<min(room ?? $0.count, $0.count)).copied
                }
                output += taken
                connection.sent(taken.count, at: now)
            case .finishSending: hasFinishedSending = true
            case .close:
                isClosed = true
                return
            case .wait(let until, let mayRead, let output):
                last = Wait(until: until.map { Double($0.nanoseconds) / 1e9 }, input: mayRead, output: output)
                held.removeFirst(position)
                return
            }
            held.removeFirst(position)
        }
    }

    private func put(_ question: Question, _ ticket: Ticket, _ input: [UInt8]) {
        let name: String
        switch question {
        case .connect: name = "connect"
        case .hello: name = "hello"
        case .mail: name = "mail"
        case .recipient: name = "rcpt"
        case .data: name = "data"
        case .content(let piece):
            name = "content"
            content += connection.withContent(piece, in: input.span) { $0.copied }
        case .message: name = "message"
        case .verify: name = "verify"
        case .expand: name = "expand"
        case .help: name = "help"
        case .noOperation: name = "noop"
        case .command: name = "command"
        case .authenticationKey: name = "key"
        case .authenticate: name = "authenticate"
        }
        asked.append(name)
        if let answer = answers[name, default: .accept] {
            connection.answer(answer, to: ticket, at: now)
        } else {
            openTicket = ticket
        }
    }
}

extension Rig {
    /// As far as the first RCPT.
    func begin() {
        receive("EHLO client.example.com\r\n")
        receive("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\n")
    }
}
