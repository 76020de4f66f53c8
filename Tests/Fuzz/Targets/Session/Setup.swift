import SMTPConnection
import SMTPProtocol

/// The configuration that a script runs with, and what of it the checks need to know.
struct Setup {
    var connection: ServerConnection.Configuration

    static let extensions: [ServiceExtension] =
        ServiceExtension.standard + [
            .expand,
            ServiceExtension(
                "XTHING", "one \u{fc} two", mail: [ParameterRule("XMAIL", value: .optional)],
                recipient: [ParameterRule("XPARAM"), ParameterRule("XFLAG", value: .none)], mailAllowance: 30),
        ]

    init(_ first: UInt8, _ second: UInt8, _ third: UInt8) {
        connection = Self.base
        connection.session.dialect = first & 1 != 0 ? .lmtp : .smtp
        connection.session.addressSyntax = first & 2 != 0 ? .lenient : .strict
        connection.session.acceptsBareLineFeedInCommands = first & 4 != 0
        connection.session.bareNewlines =
            switch first >> 3 & 3 {
            case 1: .normalize
            case 2: .preserve
            default: .reject
            }
        switch first >> 5 {
        case 4: connection.tls = .offered(PlainTLS.context)
        case 5: connection.tls = .required(PlainTLS.context)
        case 6: connection.tls = .implicit(PlainTLS.context)
        case 7: connection.session.startTLS = .offered
        default: break
        }
        connection.session.limits = Self.limits[Int(second & 7)]
        if second & 8 != 0 { connection.session.limits.replyBacklog = 200 }
        if second & 16 != 0 { connection.session.extensions = Self.extensions }
        if second & 32 != 0 { connection.session.verbs = Self.verbs }
        if second & 64 != 0 { connection.session.literalTags = Self.tags }
        if second & 128 != 0 { connection.session.limits.contentLine = 30 }
        switch third & 3 {
        case 2: connection.session.authentication = .offered(inClear: .everything)
        case 3: connection.session.authentication = .required()
        default: break
        }
        if third & 4 != 0 { connection.timeouts = .stress }
        if third & 8 != 0 { connection.timeouts.contentRate = 0 }
        if third & 16 != 0 { connection.session.extensions = [] }
        if third & 32 != 0 { connection.session.banner = "\u{fc}" }
        if third & 64 != 0 { connection.session.hostname = "\u{fc}" }
    }

    // Made once: what a run needs of them is copied without an allocation.
    private static let base = ServerConnection.Configuration(
        ServerSession.Configuration(hostname: "mx.example.org"))
    private static let verbs: [Keyword] = ["XAPP"]
    private static let tags: [Keyword] = ["XTAG"]
    private static let limits: [Limits] = [
        .mx, .strict, .stress, .lab, .lmtp, narrow(.lab), narrow(.mx), narrow(.mx),
    ]

    private static func narrow(_ limits: Limits) -> Limits {
        var limits = limits
        limits.commandSize = CommandSizeLimits(base: 60)
        limits.commandSize[.noop] = 100
        limits.commandSize[.rcpt] = 50
        limits.messageSize = 40
        limits.recipients = 2
        limits.refusedRecipients = 2
        limits.messages = 2
        limits.junkCommands = 4
        limits.softErrors = 1
        limits.address = AddressLimits(localPart: 10, domain: 20, path: 30)
        limits.overlongLine = 600
        return limits
    }

    /// Whether input is cleartext that the connection takes octet for octet.
    var isClear: Bool {
        switch connection.tls {
        case .none: true
        case .offered, .required, .implicit: false
        }
    }

    /// Whether how the octets arrive can change what is said: only at STARTTLS, where nothing may follow.
    var dependsOnChunks: Bool {
        switch connection.tls {
        case .offered, .required: true
        case .none, .implicit: connection.session.startTLS != .none
        }
    }

    /// The most that one reply of ours or of the answers may have, all lines of it.
    static let longestReply = 2500
}

/// A layer that looks like TLS to the connection and leaves the octets as they are, so that both sides can be read.
///
/// The handshake is any one octet. 0xff ends the stream; one octet is a record that cannot be read, which fails the
/// connection at once, whatever was read before it and not acted upon.
final class PlainTLS: TLSContext {
    static let context = PlainTLS()

    func makeServer() -> any TLSEngine { Engine() }
    func makeClient(serverName: String?) -> any TLSEngine { Engine() }

    /// A record that cannot be read.
    static let unreadable: UInt8 = 0xfe

    private static let security = Security(version: "none", cipher: "none")

    /// What the engine says when it closes.
    static let goodbye: UInt8 = 21

    final class Engine: TLSEngine {
        private(set) var security: Security?
        private(set) var peerHasClosed = false

        func receive(_ records: Span<UInt8>, plaintext: inout [UInt8], output: inout [UInt8]) throws(TLSError)
        {
            for index in records.indices where !peerHasClosed {
                let octet = records[index]
                if octet == PlainTLS.unreadable {
                    throw security == nil ? .handshake("refused") : .record("unreadable")
                }
                if security == nil {
                    security = PlainTLS.security
                } else if octet == 0xff {
                    peerHasClosed = true
                } else {
                    plaintext.append(octet)
                }
            }
        }

        func send(_ plaintext: Span<UInt8>, output: inout [UInt8]) throws(TLSError) {
            for index in plaintext.indices { output.append(plaintext[index]) }
        }

        func close(output: inout [UInt8]) { output.append(PlainTLS.goodbye) }
    }
}
