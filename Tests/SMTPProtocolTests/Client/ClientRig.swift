@testable import SMTPProtocol

/// A session with a server that says what a test has it say.
struct ClientRig {
    var session: ClientSession
    /// What the client has said and no test has read yet.
    private var said: [UInt8] = []
    private(set) var notices: [ClientNotice] = []
    private(set) var wait = ClientSession.Wait.input
    private let pieceSize: Int

    init(
        lmtp: Bool = false, pieceSize: Int = .max,
        _ change: (inout ClientSession.Configuration) -> Void = { _ in }
    ) throws {
        var configuration = try ClientSession.Configuration(
            name: MailDomain("client.example.com"), dialect: lmtp ? .lmtp : .smtp)
        change(&configuration)
        session = ClientSession(configuration)
        self.pieceSize = pieceSize
        drain([])
    }

    /// The server says `text`, in pieces.
    mutating func hear(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            drain(Array(rest.prefix(pieceSize)))
            rest = rest.dropFirst(pieceSize)
        }
    }

    /// What the client has said since this was last asked.
    mutating func takeSaid() -> String {
        drain([])
        defer { said = [] }
        return String(decoding: said, as: UTF8.self)
    }

    mutating func end() {
        session.receiveEnd()
        drain([])
    }

    mutating func drain(_ input: [UInt8]) {
        var position = 0
        while true {
            switch session.next(input.span, &position) {
            case .note(let notice): notices.append(notice)
            case .wait(let reason):
                wait = reason
                session.takeOutput(into: &said)
                return
            }
        }
    }

    /// The client sends `content` whole.
    mutating func send(_ content: String) {
        let octets = Array(content.utf8)
        session.send(content: octets.span, isLast: true)
        drain([])
    }

    /// Past the greeting and EHLO, to a server that offers `keywords`; what was said is forgotten.
    mutating func open(_ keywords: String...) {
        hear("220 mx.example.org\r\n")
        let lines = ["mx.example.org"] + keywords
        hear(lines.dropLast().map { "250-\($0)\r\n" }.joined() + "250 \(lines[lines.count - 1])\r\n")
        _ = takeSaid()
    }

    /// The outcomes of the transactions that are over, a line each.
    var outcomes: [[String]] {
        notices.compactMap { notice in
            guard case .finished(let outcomes, _) = notice else { return nil }
            return outcomes.map { "\($0.result) in \($0.phase)" }
        }
    }

    /// Why the session is over; nil if it is not.
    var closed: ClientFailure?? {
        guard case .closed(let failure)? = notices.last else { return nil }
        return .some(failure)
    }
}

func envelope(
    from sender: String = "a@example.com", to recipients: String..., parameters: MailParameters = .init()
) throws -> Envelope {
    Envelope(
        from: sender.isEmpty ? .null : .mailbox(try Mailbox(sender)), parameters,
        to: try recipients.map { .init(.mailbox(try Mailbox($0))) })
}
