import SMTPConnection
import SMTPProtocol
import SMTPServer

/// A handler that takes everything.
private final class TakesAll: Handler {}

/// One piece of work, ready to be done any number of times.
struct Bench {
    /// Octets of content in one unit of bulk work.
    static let bulk = 10 << 20

    private let work: Work
    private let connection: ServedConnection
    private let now = Instant(nanoseconds: 1)
    private let mail = Array("MAIL FROM:<user@example.com> SIZE=1024 BODY=8BITMIME\r\n".utf8)
    private let recipient = Array("RCPT TO:<someone.else@mail.example.org>\r\n".utf8)
    private let data = Array("DATA\r\n".utf8)
    private let end = Array(".\r\n".utf8)
    private let message: [UInt8]
    private let group: [UInt8]
    private let noops = Array(String(repeating: "NOOP\r\n", count: 100).utf8)
    private let block: [UInt8]

    init(_ work: Work) {
        self.work = work
        var session = ServerSession.Configuration(hostname: "mx.example.org")
        session.limits = .lab
        let service = Service(.init(session)) { _ in TakesAll() }
        guard
            let connection = try? ServedConnection(
                service, peer: .tcp(host: "127.0.0.1", port: 25), local: .unknown, at: now, post: { _ in })
        else { preconditionFailure("the handler is always made") }
        self.connection = connection
        let line = [UInt8](repeating: 120, count: 76) + [13, 10]
        message = Array((0..<13).map { _ in line }.joined()) + end
        group = mail + recipient + data
        var block: [UInt8] = []
        while block.count < 60 << 10 {
            block += (work == .dotted && block.count / 78 % 4 == 0 ? [46, 46] : []) + line
        }
        self.block = block
        feed(Array("EHLO client.example.com\r\n".utf8))
    }

    /// How many units make a round that is long enough to be timed.
    var unitsInARound: Int {
        switch work {
        case .parse: 100_000
        case .transaction, .pipelined: 20_000
        case .noop: 1000
        case .plain, .dotted: 3
        }
    }

    /// Does `count` units.
    mutating func run(_ count: Int) {
        switch work {
        case .parse: for _ in 0..<count { parse() }
        case .transaction:
            for _ in 0..<count {
                feed(mail)
                feed(recipient)
                feed(data)
                feed(message)
            }
        case .pipelined:
            for _ in 0..<count {
                feed(group)
                feed(message)
            }
        case .noop: for _ in 0..<count { feed(noops) }
        case .plain, .dotted:
            for _ in 0..<count {
                feed(group)
                for _ in 0..<(Self.bulk / block.count) { feed(block) }
                feed(end)
            }
        }
    }

    /// What arrives, and the drain that follows.
    private func feed(_ octets: [UInt8]) {
        connection.receive(octets.span, at: now)
        while true {
            switch connection.next() {
            case .send: connection.sent(connection.withOutput { $0.count }, at: now)
            case .wait: return
            case .close, .finishSending: preconditionFailure("the server ended the session")
            }
        }
    }

    @inline(never)
    private func parse() {
        let line = mail.span.extracting(0..<(mail.count - 2))
        let command = CommandParser.verb(line)
        guard let parsed = try? CommandParser.mail(line, command.argument) else {
            preconditionFailure("the line is right")
        }
        var rest = parsed.parameters
        var count = 0
        while let parameter = try? CommandParser.nextParameter(line, &rest) {
            if let value = parameter.value { count += CommandParser.decimal(line, value) == nil ? 1 : 2 }
        }
        precondition(count == 3)
    }
}
