import Glibc
public import SMTPConnection
public import SMTPProtocol

/// Shows each message to people: who, to whom, from where, and the content, with nothing that could hurt a terminal.
///
/// It holds the message until it is complete, so that each is written at once.
public final class Printer: Handler {
    private let write: @Sendable ([UInt8]) -> Void
    private let sizeLimit: Int
    private var content: [UInt8] = []
    private var isTooLarge = false

    /// Calls `write` once for each message with all of its text in UTF-8, LF at the ends of lines.
    ///
    /// `write` is called by the threads of all connections that have a printer with it. A message above
    /// `sizeLimit` octets is refused with 552.
    public init(sizeLimit: Int = 35 << 20, _ write: @escaping @Sendable ([UInt8]) -> Void) {
        self.sizeLimit = sizeLimit
        self.write = write
    }

    /// For `init`: writes to a descriptor, all of one text before any of the next, from whatever threads.
    ///
    /// The descriptor stays open; what cannot be written is dropped.
    public static func output(to descriptor: Int32) -> @Sendable ([UInt8]) -> Void {
        let output = Monitor(descriptor)
        return { text in output.withState { writeAll(text, to: $0) } }
    }

    public func data(in context: Context) throws -> Decision {
        forget()
        return .accept
    }

    public func content(_ bytes: Span<UInt8>, in context: Context) throws -> Decision {
        guard !isTooLarge, bytes.count <= sizeLimit - content.count else {
            forget()
            isTooLarge = true
            return Self.tooLarge
        }
        unsafe bytes.withUnsafeBufferPointer { unsafe content.append(contentsOf: $0) }
        return .accept
    }

    public func message(_ envelope: Envelope, size: Int, in context: Context) throws -> Decision {
        guard !isTooLarge else { return Self.tooLarge }
        write(text(of: envelope, in: context.session))
        forget()
        return .accept
    }

    public func observe(_ notice: Notice, in context: Context) {
        switch notice {
        case .reset, .closed: forget()
        case .secured, .authenticated, .quit, .peerError, .answerTimedOut: break
        }
    }

    private static let tooLarge = Decision.reply(
        552, EnhancedStatusCode(5, 3, 4), "Message is too large to print")

    private func forget() {
        content = []
        isTooLarge = false
    }

    private func text(of envelope: Envelope, in session: SessionInfo) -> [UInt8] {
        var text: [UInt8] = []
        func line(_ label: String, _ value: String) {
            text.append(contentsOf: "\(label): ".utf8)
            VisibleText.appendLine(Array(value.utf8).span, to: &text)
            text.append(10)
        }
        text.append(contentsOf: "=== message ===\n".utf8)
        line("from", envelope.reversePath.text)
        for recipient in envelope.recipients { line("to", recipient.path.text) }
        line("peer", session.peer.description)
        if let hello = session.hello { line("hello", "\(hello.verb.text) \(hello.client.description)") }
        if let security = session.security { line("security", "\(security.version) \(security.cipher)") }
        line("size", "\(self.content.count) octets")
        text.append(contentsOf: "=== content ===\n".utf8)
        let content = content
        VisibleText.appendLines(content.span, fence: Array("===".utf8), to: &text)
        text.append(contentsOf: "=== end ===\n".utf8)
        return text
    }

    private static func writeAll(_ text: [UInt8], to descriptor: Int32) {
        unsafe text.withUnsafeBytes { bytes in
            var position = 0
            while position < bytes.count {
                let count = unsafe Glibc.write(
                    descriptor, bytes.baseAddress?.advanced(by: position), bytes.count - position)
                if count > 0 {
                    position += count
                } else if errno == EAGAIN {
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = unsafe poll(&waiting, 1, -1)
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}

extension ReversePath {
    /// As in MAIL, with its brackets.
    var text: String {
        switch self {
        case .null: "<>"
        case .mailbox(let mailbox): "<\(mailbox.description)>"
        }
    }
}

extension ForwardPath {
    /// As in RCPT, with its brackets.
    var text: String {
        switch self {
        case .postmaster: "<Postmaster>"
        case .mailbox(let mailbox): "<\(mailbox.description)>"
        }
    }
}

extension Hello.Verb {
    fileprivate var text: String {
        switch self {
        case .helo: "HELO"
        case .ehlo: "EHLO"
        case .lhlo: "LHLO"
        }
    }
}
