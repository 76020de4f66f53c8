import SMTPConnection
import SMTPProtocol

/// Drives a `ClientConnection` by hand: the time, the server's octets; and keeps what came of them.
final class ClientWire {
    var connection: ClientConnection
    var seconds = 0.0
    private(set) var output: [UInt8] = []
    private(set) var notices: [ClientNotice] = []
    private(set) var last = Wait(until: nil, input: true, output: false, wants: .nothing)
    private(set) var isClosed = false
    /// How often the adapter was asked to write.
    private(set) var sends = 0
    /// How many octets the transport takes at once; `nil` for all.
    var room: Int?
    private var held: [UInt8] = []

    struct Wait: Equatable {
        var until: Double?
        var input: Bool
        var output: Bool
        var wants: ClientConnection.Wish
    }

    init(
        _ dialect: ClientSession.Dialect = .smtp,
        _ change: (inout ClientConnection.Configuration) -> Void = { _ in }
    ) throws {
        var configuration = ClientConnection.Configuration(
            try .init(name: MailDomain("client.example.com"), dialect: dialect))
        change(&configuration)
        connection = ClientConnection(configuration, at: Instant(nanoseconds: 0))
        drain()
    }

    var now: Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

    /// What was written since this was last asked.
    func takeSaid() -> String {
        defer { output = [] }
        return String(decoding: output, as: UTF8.self)
    }

    func takeOctets() -> [UInt8] {
        defer { output = [] }
        return output
    }

    func hear(_ text: String) { hear(Array(text.utf8)) }

    func hear(_ octets: [UInt8]) {
        held += octets
        connection.receive(at: now)
        drain()
    }

    func end() {
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

    func submit(_ request: ClientRequest) {
        connection.submit(request, at: now)
        drain()
    }

    @discardableResult
    func send(_ content: [UInt8], isLast: Bool) -> Bool {
        let isWanted = connection.send(content: content.span, isLast: isLast, at: now)
        drain()
        return isWanted
    }

    /// The transport takes `count` octets more.
    func transportTakes(_ count: Int) {
        let taken = connection.withOutput { $0.extracting(first: count).copied }
        output += taken
        connection.sent(taken.count, at: now)
        drain()
    }

    func drain() {
        while true {
            var position = 0
            let input = held
            let action = connection.next(input.span, &position)
            held.removeFirst(position)
            switch action {
            case .note(let notice): notices.append(notice)
            case .send:
                sends += 1
                let taken = connection.withOutput { $0.extracting(first: room ?? $0.count).copied }
                output += taken
                connection.sent(taken.count, at: now)
            case .close:
                isClosed = true
                return
            case .wait(let until, let input, let output, let wants):
                last = Wait(
                    until: until.map { Double($0.nanoseconds) / 1e9 }, input: input, output: output,
                    wants: wants)
                return
            }
        }
    }

    /// Past EHLO, to a server that offers PIPELINING.
    func open() {
        hear("220 x\r\n")
        hear("250-x\r\n250 PIPELINING\r\n")
        _ = takeSaid()
    }

    /// As far as the content.
    func begin(_ recipients: Int = 1) throws {
        open()
        submit(.deliver(try Self.envelope(recipients)))
        hear(String(repeating: "250 ok\r\n", count: recipients + 1) + "354 go\r\n")
        _ = takeSaid()
    }

    static func envelope(_ recipients: Int = 1) throws -> Envelope {
        let path = ForwardPath.mailbox(try Mailbox("b@example.org"))
        return Envelope(from: .null, to: (0..<recipients).map { _ in .init(path) })
    }

    /// What became of the recipients of the last transaction.
    var outcomes: [String] {
        for case .finished(let outcomes, _) in notices.reversed() {
            return outcomes.map { "\($0.result) in \($0.phase)" }
        }
        return []
    }

    var failure: ClientFailure? {
        if case .closed(let failure)? = notices.last { failure } else { nil }
    }
}
