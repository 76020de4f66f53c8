import SMTPConnection
import SMTPOpenSSL
import SMTPProtocol
import SMTPServer
import SMTPTesting
import Testing

/// How what a client sends is cut on its way.
enum Cut: CustomTestStringConvertible, Sendable {
    /// Into pieces of at most so many octets.
    case size(Int)
    /// Once, at this octet of all that is sent.
    case once(Int)
    /// After each TLS record.
    case records

    var testDescription: String { "\(self)" }

    /// The pieces of `octets`, before which `sent` octets have been sent.
    func pieces(_ octets: [UInt8], after sent: Int) -> [[UInt8]] {
        switch self {
        case .size(let size):
            stride(from: 0, to: octets.count, by: size).map {
                Array(octets[$0..<min($0 &+ size, octets.count)])
            }
        case .once(let place):
            if place > sent, place - sent < octets.count {
                [Array(octets[..<(place - sent)]), Array(octets[(place - sent)...])]
            } else {
                [octets]
            }
        case .records: tlsRecords(octets)
        }
    }
}

/// TLS records, each for itself.
func tlsRecords(_ octets: [UInt8]) -> [[UInt8]] {
    var found: [[UInt8]] = []
    var rest = octets[...]
    while rest.count >= 5 {
        let size = 5 + Int(rest[rest.startIndex + 3]) << 8 + Int(rest[rest.startIndex + 4])
        found.append(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
    }
    return found
}

/// A client on the line to a server, in memory, in clear or under TLS.
final class Telephone {
    let connection: VirtualConnection
    let handler = Notes()
    private(set) var end: End?
    private let cut: Cut
    /// How many octets the client has sent.
    private(set) var sent = 0
    /// What the server said in clear.
    private(set) var clear = ""

    /// What the server's handler was asked and told.
    final class Notes: Handler {
        var notices: [Notice] = []
        var mails = 0
        var messages = 0
        var content: [UInt8] = []
        var info: SessionInfo?
        var answersLater = false
        var later: Responder?

        func connected(in context: Context) -> Decision {
            info = context.session
            return .accept
        }
        func mail(_ path: ReversePath, _ parameters: MailParameters, in context: Context) -> Decision {
            mails += 1
            info = context.session
            return .accept
        }
        func content(_ bytes: Span<UInt8>, in context: Context) -> Decision {
            content += bytes.copied
            return .accept
        }
        func message(_ envelope: Envelope, size: Int, in context: Context) -> Decision {
            messages += 1
            later = context.later
            return answersLater ? .later : .accept
        }
        func observe(_ notice: Notice, in context: Context) { notices.append(notice) }

        /// The end, if it has come.
        var closed: CloseCause? {
            if case .closed(let cause) = notices.last { cause } else { nil }
        }
    }

    init(_ policy: ServerConnection.TLSPolicy, _ cut: Cut = .size(1 << 20)) throws {
        var configuration = ServerConnection.Configuration(.init(hostname: "mx.example.org"))
        configuration.tls = policy
        nonisolated(unsafe) let handler = handler
        connection = try VirtualConnection(Service(configuration) { _ in unsafe handler })
        self.cut = cut
        listen()
    }

    /// What the server said under TLS.
    var heard: String { end?.text ?? "" }
    /// The codes of the replies under TLS, one for each reply.
    var codes: [String] { Self.codes(heard) }
    /// The codes of the replies in clear.
    var clearCodes: [String] { Self.codes(clear) }

    private static func codes(_ text: String) -> [String] {
        text.split(separator: "\r\n").filter { $0.dropFirst(3).first == " " }.map { String($0.prefix(3)) }
    }

    /// The client begins TLS.
    func secure(_ client: OpenSSLContext) {
        let end = End(client.client("mx.example.org"))
        self.end = end
        end.receive([])
        talk()
    }

    /// The client says this, under TLS if that is on.
    func say(_ text: String) throws {
        guard let end else {
            put(Array(text.utf8))
            return
        }
        try end.send(text)
        talk()
    }

    /// The client announces its end.
    func sayGoodbye() {
        guard let end else { return }
        end.engine.close(output: &end.output)
        talk()
    }

    /// These octets arrive, whatever they are.
    func put(_ octets: [UInt8]) {
        for piece in cut.pieces(octets, after: sent) {
            connection.receive(piece)
            listen()
        }
        sent += octets.count
    }

    /// Passes on what the client has to send, and what the server says to it.
    func talk() {
        while let end, !end.output.isEmpty {
            let octets = end.output
            end.output = []
            put(octets)
        }
    }

    private func listen() {
        let octets = connection.takeOutput()
        guard let end else {
            clear += String(decoding: octets, as: UTF8.self)
            return
        }
        if !octets.isEmpty { end.receive(octets) }
    }
}
