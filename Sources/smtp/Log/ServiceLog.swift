import Logging
import SMTPConnection
import SMTPProtocol
import SMTPServer

/// Turns what a service tells into events of a log. Content never comes here; addresses do, at `info`.
struct ServiceLog: Sendable {
    /// Where the events go.
    let logger: Logger

    /// Logs one event of the service.
    func record(_ event: ServiceEvent) {
        switch event {
        case .warning(let warning): logger.warning("\(warning)")
        case .connected(let id, let peer):
            logger.info("connected", metadata: metadata(id, ["peer": "\(peer)"]))
        case .turnedAway(let peer, let reason):
            logger.notice("turned away", metadata: ["peer": "\(peer)", "reason": "\(text(reason))"])
        case .noticed(let id, let notice): record(notice, id)
        case .accepted(let id, let envelope, let size):
            logger.info("accepted", metadata: metadata(id, summary(envelope, size)))
        case .handlerFailed(let id, let error):
            logger.error("the handler failed", metadata: metadata(id, ["error": "\(error)"]))
        case .handlerMissing(let peer, let error):
            logger.error("no handler could be made", metadata: ["peer": "\(peer)", "error": "\(error)"])
        case .acceptFailed(let code):
            logger.error(
                "a connection could not be accepted",
                metadata: ["errno": "\(code)", "reason": "\(systemText(code))"])
        }
    }

    private func record(_ notice: Notice, _ id: ConnectionID) {
        switch notice {
        case .secured(let security):
            logger.info(
                "secured",
                metadata: metadata(id, ["version": "\(security.version)", "cipher": "\(security.cipher)"]))
        case .authenticated(let identity):
            logger.info(
                "authenticated",
                metadata: metadata(
                    id, ["name": "\(identity.name)", "mechanism": "\(identity.mechanism)"]))
        case .reset(let cause):
            logger.debug("transaction over", metadata: metadata(id, ["cause": "\(text(cause))"]))
        case .quit: logger.debug("quit", metadata: metadata(id))
        case .peerError(let error):
            var details: Logger.Metadata = ["error": "\(text(error))"]
            if let remedy = remedy(error) { details["remedy"] = "\(remedy)" }
            logger.log(
                level: details["remedy"] == nil ? .info : .notice, "peer error",
                metadata: metadata(id, details))
        case .answerTimedOut: logger.warning("the handler took too long", metadata: metadata(id))
        case .closed(let cause): logger.info("closed", metadata: metadata(id, ["cause": "\(text(cause))"]))
        }
    }

    private func metadata(_ id: ConnectionID, _ more: Logger.Metadata = [:]) -> Logger.Metadata {
        var metadata = more
        metadata["connection"] = .stringConvertible(id.number)
        return metadata
    }

    /// Who, to whom and how much: at most ten recipients by name.
    private func summary(_ envelope: Envelope, _ size: Int) -> Logger.Metadata {
        let named = envelope.recipients.prefix(10).map { Logger.MetadataValue.string(text($0.path)) }
        return [
            "from": .string(text(envelope.reversePath)), "to": .array(named),
            "recipients": .stringConvertible(envelope.recipients.count), "size": .stringConvertible(size),
        ]
    }
}

private func text(_ path: ReversePath) -> String {
    switch path {
    case .null: "<>"
    case .mailbox(let mailbox): "<\(mailbox)>"
    }
}

private func text(_ path: ForwardPath) -> String {
    switch path {
    case .postmaster: "<Postmaster>"
    case .mailbox(let mailbox): "<\(mailbox)>"
    }
}

private func text(_ reason: TurnAwayReason) -> String {
    switch reason {
    case .tooManyConnections: "too many connections"
    case .tooManyFromPeer: "too many from this peer"
    case .noResources: "no resources"
    }
}

private func text(_ cause: ResetCause) -> String {
    switch cause {
    case .rset: "RSET"
    case .hello: "hello"
    case .delivered: "delivered"
    case .refused: "refused"
    case .aborted: "aborted"
    }
}

private func text(_ cause: CloseCause) -> String {
    switch cause {
    case .quit: "QUIT"
    case .refused: "refused"
    case .shutDown: "shutting down"
    case .tooManyErrors: "too many errors"
    case .peerClosed: "closed by the peer"
    case .timedOut(let deadline): "timed out: \(text(deadline))"
    case .transportFailed: "transport failed"
    case .layerFailed: "layer failed"
    }
}

private func text(_ deadline: Deadline) -> String {
    switch deadline {
    case .proxyHeader: "PROXY header"
    case .handshake: "TLS handshake"
    case .command: "command"
    case .authentication: "authentication"
    case .content: "content"
    case .answer: "answer"
    case .writing: "writing"
    case .delay: "delay"
    case .linger: "linger"
    case .session: "session"
    }
}

/// What helps against an error that loses a message which the client may have meant well.
private func remedy(_ error: PeerError) -> String? {
    switch error {
    case .bareLineFeed, .bareCarriageReturn:
        "the message was refused: send lines that end with CRLF (curl --crlf), or serve with --bare-newlines normalize"
    case .sizeExceeded: "the message was refused: serve with a larger --max-size"
    case .syntax, .badSequence, .unknownCommand, .lineTooLong, .contentLineTooLong, .illegalOctet,
        .limitReached,
        .injectedBeforeTLS, .authenticationFailed, .authenticationCancelled:
        nil
    }
}

private func text(_ error: PeerError) -> String {
    switch error {
    case .syntax(let error): "syntax error in \(error.production) at \(error.offset)"
    case .badSequence: "bad sequence"
    case .unknownCommand: "unknown command"
    case .lineTooLong: "line too long"
    case .contentLineTooLong: "content line too long"
    case .sizeExceeded: "size exceeded"
    case .bareLineFeed: "LF alone"
    case .bareCarriageReturn: "CR alone"
    case .illegalOctet: "illegal octet"
    case .limitReached: "limit reached"
    case .injectedBeforeTLS: "input after STARTTLS"
    case .authenticationFailed: "authentication failed"
    case .authenticationCancelled: "authentication cancelled"
    }
}
