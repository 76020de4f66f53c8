import ArgumentParser
import Glibc
import SMTPClient
import SMTPHandlers
import SMTPProtocol

/// How it went, worst last: the numbers of sysexits.h.
private enum Status: Int32, Comparable {
    case delivered = 0
    case forNow = 75
    case forGood = 69

    static func < (a: Status, b: Status) -> Bool {
        let order: [Status] = [.delivered, .forNow, .forGood]
        return (order.firstIndex(of: a) ?? 0) < (order.firstIndex(of: b) ?? 0)
    }
}

/// Sends each message, tells what became of each recipient, and ends with the worst of it.
func send(_ settings: SendSettings) throws {
    var configuration = settings.client
    if settings.traces { configuration.trace = { StandardError.write(line: "\($0)") } }
    let client = Client(configuration)
    var worst = Status.delivered
    for file in settings.files {
        let content: [UInt8]
        do {
            content = try read(file)
        } catch {
            complain("\(file): \(error)")
            throw ExitCode(66)
        }
        do {
            for outcome in try client.send(content, settings.envelope) {
                worst = max(worst, tell(outcome, file, settings))
            }
        } catch {
            complain("\(error)")
            throw ExitCode(Status.forNow.rawValue)
        }
    }
    client.close()
    if worst != .delivered { throw ExitCode(worst.rawValue) }
}

/// One line for one recipient.
private func tell(_ outcome: RecipientOutcome, _ file: String, _ settings: SendSettings) -> Status {
    let name = settings.files.count > 1 ? "\(file): " : ""
    let line = "\(name)\(text(outcome.recipient)): \(text(outcome))"
    switch outcome.result {
    case .delivered:
        if !settings.isQuiet {
            var output: [UInt8] = []
            VisibleText.appendLine(Array(line.utf8).span, limit: 8192, to: &output)
            _ = writeAll(output + [10], to: STDOUT_FILENO)
        }
        return .delivered
    case .refusedForNow, .unknown:
        complain(line)
        return .forNow
    case .refusedForGood:
        complain(line)
        return .forGood
    }
}

private func text(_ path: ForwardPath) -> String {
    switch path {
    case .postmaster: "<postmaster>"
    case .mailbox(let mailbox): "<\(mailbox)>"
    }
}

private func text(_ outcome: RecipientOutcome) -> String {
    let result =
        switch outcome.result {
        case .delivered: "delivered"
        case .refusedForNow: "refused for now"
        case .refusedForGood: "refused for good"
        case .unknown: "perhaps delivered: the server went away before it said so"
        }
    switch outcome.reason {
    case .reply(let reply): return "\(result): \(text(reply))"
    case .failure(let failure): return "\(result): \(text(failure.cause)) (\(name(failure.phase)))"
    case .local(let refusal): return "\(result): \(text(refusal))"
    }
}

private func text(_ reply: Reply) -> String {
    let words = ["\(reply.code.rawValue)"] + (reply.status.map { ["\($0)"] } ?? []) + reply.lines
    return words.filter { !$0.isEmpty }.joined(separator: " ")
}

private func text(_ cause: ClientFailure.Cause) -> String {
    switch cause {
    case .refused(let reply), .shutDown(let reply): text(reply)
    case .malformedReply: "the server said what is no reply"
    case .unexpectedReply(let reply): "the server's reply has no place here: \(text(reply))"
    case .injectedBeforeTLS: "something came in clear with the reply to STARTTLS"
    case .notOffered(let keyword): "the server does not offer \(keyword)"
    case .connectionLost: "the server closed the connection"
    case .timedOut: "the server did not answer in time"
    case .transportFailed: "the connection broke"
    case .layerFailed: "TLS failed"
    case .noMechanism: "the server offers no way to log in that may be used here"
    case .authentication: "logging in failed"
    case .contentRefused(let traits): text(.content(traits))
    case .cancelled: "broken off"
    case .ended: "the session had been ended"
    }
}

private func text(_ refusal: LocalRefusal) -> String {
    switch refusal {
    case .needsSMTPUTF8: return "the address needs SMTPUTF8, which the server does not offer"
    case .needsEightBitMIME: return "the message has octets above 127, and the server does not offer 8BITMIME"
    case .tooLarge(let limit): return "the message is larger than the \(limit) octets that the server takes"
    case .content(let traits):
        var faults: [String] = []
        if traits.contains(.nul) { faults.append("NUL") }
        if traits.contains(.longLine) {
            faults.append("a line of more than \(ContentTraits.longestLine) octets")
        }
        if traits.contains(.bareNewline) { faults.append("a CR or LF alone") }
        if traits.contains(.eightBit) { faults.append("octets above 127") }
        return "the message has \(faults.joined(separator: " and "))"
    case .notOffered(let keyword): return "the server does not offer what \(keyword) needs"
    case .pathTooLong: return "the address is too long"
    case .recipientLimit: return "the server takes no more recipients"
    case .messageLimit: return "the server takes no more messages"
    }
}

private func name(_ phase: ClientSession.Phase) -> String {
    switch phase {
    case .connecting: "while connecting"
    case .greeting: "before the greeting"
    case .hello: "after EHLO"
    case .startTLS: "after STARTTLS"
    case .handshake: "in the TLS handshake"
    case .authentication: "after AUTH"
    case .ready: "between commands"
    case .reset: "after RSET"
    case .mail: "after MAIL"
    case .recipient: "after RCPT"
    case .data: "after DATA"
    case .content: "while the message was being sent"
    case .finalReply: "after the message"
    case .command: "after a command"
    case .quit: "after QUIT"
    case .closed: "after the end"
    }
}

/// A file that cannot be read.
private struct Unreadable: Error, CustomStringConvertible {
    let code: Int32
    var description: String { systemText(code) }
}

/// The whole file, or standard input.
private func read(_ path: String) throws(Unreadable) -> [UInt8] {
    let descriptor = unsafe path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Unreadable(code: errno) }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
        if count == 0 { return content }
        guard count > 0 else {
            if errno == EINTR { continue }
            throw Unreadable(code: errno)
        }
        content += buffer[..<count]
    }
}
