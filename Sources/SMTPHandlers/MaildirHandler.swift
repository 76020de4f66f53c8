import SMTPConnection
import SMTPProtocol

/// Stores the messages of one connection, each in one file that is made when its content is about to come.
final class MaildirHandler: Handler {
    private let maildir: Maildir
    private var phase = Phase.idle

    private enum Phase {
        case idle
        case writing(MaildirFile)
        /// This transaction failed and was told so; nothing more is written for it.
        case failed(Decision)
    }

    init(_ maildir: Maildir) { self.maildir = maildir }

    func data(in context: Context) throws -> Decision {
        abandon()
        return begin(context.session.envelope, in: context)
    }

    func content(_ bytes: Span<UInt8>, in context: Context) throws -> Decision {
        if case .idle = phase { _ = begin(context.session.envelope, in: context) }
        switch phase {
        case .idle: return .accept
        case .failed(let decision): return decision
        case .writing(let file):
            do {
                try file.append(bytes)
                return .accept
            } catch {
                return fail(error)
            }
        }
    }

    func message(_ envelope: Envelope, size: Int, in context: Context) throws -> Decision {
        if case .idle = phase { _ = begin(envelope, in: context) }
        switch phase {
        case .idle: return Self.notStored
        case .failed(let decision): return decision
        case .writing(let file):
            do {
                try file.deliver()
                phase = .idle
                return .accept
            } catch {
                return fail(error)
            }
        }
    }

    func observe(_ notice: Notice, in context: Context) {
        switch notice {
        case .reset, .closed: abandon()
        case .secured, .authenticated, .quit, .peerError, .answerTimedOut: break
        }
    }

    /// Makes the file and writes the trace fields that final delivery adds (RFC 5321 §4.4).
    private func begin(_ envelope: Envelope?, in context: Context) -> Decision {
        guard let envelope else { return .accept }
        do {
            let file = try MaildirFile(in: maildir)
            let date = MailDate(secondsSince1970: maildir.fileSystem.time().seconds)
            let received = TraceHeaders.received(
                session: context.session, envelope: envelope, id: file.name.identifier, date: date)
            try file.append(TraceHeaders.returnPath(envelope.reversePath).span)
            try file.append(received.span)
            phase = .writing(file)
            return .accept
        } catch {
            return fail(error)
        }
    }

    private func fail(_ error: MaildirError) -> Decision {
        let decision = error.isStorageFull ? Self.storageFull : Self.notStored
        phase = .failed(decision)
        maildir.report(error)
        return decision
    }

    private func abandon() {
        if case .writing(let file) = phase { file.abandon() }
        phase = .idle
    }

    private static let notStored = Decision.reply(
        451, EnhancedStatusCode(4, 3, 0), "Message could not be stored; try again later")
    private static let storageFull = Decision.reply(
        452, EnhancedStatusCode(4, 3, 1), "Storage is full; try again later")
}
