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
        var session = ServerSession.Configuration(hostname: "mx.example.org")
        session.dialect = first & 1 != 0 ? .lmtp : .smtp
        session.addressSyntax = first & 2 != 0 ? .lenient : .strict
        session.acceptsBareLineFeedInCommands = first & 4 != 0
        session.bareNewlines = [.reject, .normalize, .preserve, .reject][Int(first >> 3) & 3]
        session.limits = Self.limits(Int(second & 7))
        if second & 8 != 0 { session.limits.replyBacklog = 200 }
        if second & 16 != 0 { session.extensions = Self.extensions }
        if second & 32 != 0 { session.verbs = ["XAPP"] }
        if second & 64 != 0 { session.literalTags = ["XTAG"] }
        if second & 128 != 0 { session.limits.contentLine = 30 }
        session.authentication =
            [.off, .off, .offered(inClear: true), .required(inClear: false)][Int(third & 3)]
        connection = ServerConnection.Configuration(session)
        connection.tls =
            switch Int(first >> 5) {
            case 0...3: .none
            case 4: .offered(PlainTLS())
            case 5: .required(PlainTLS())
            case 6: .implicit(PlainTLS())
            default: .none
            }
        if first >> 5 == 7 { connection.session.startTLS = .offered }
        if third & 4 != 0 { connection.timeouts = .stress }
        if third & 8 != 0 { connection.timeouts.contentRate = 0 }
    }

    private static func limits(_ number: Int) -> Limits {
        switch number {
        case 0: return .mx
        case 1: return .strict
        case 2: return .stress
        case 3: return .lab
        case 4: return .lmtp
        default:
            var limits: Limits = number == 5 ? .lab : .mx
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
    func makeServer() -> any TLSEngine { Engine() }

    /// A record that cannot be read.
    static let unreadable: UInt8 = 0xfe

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
                    security = Security(version: "none", cipher: "none")
                } else if octet == 0xff {
                    peerHasClosed = true
                } else {
                    plaintext.append(octet)
                }
            }
        }

        func send(_ plaintext: Span<UInt8>, output: inout [UInt8]) throws(TLSError) {
            output += plaintext.copied
        }

        func close(output: inout [UInt8]) { output.append(PlainTLS.goodbye) }
    }
}
