import SMTPConnection
import SMTPProtocol

extension Settings {
    /// The profiles of limits, by name.
    enum Profile: String, Hashable, Sendable, CaseIterable {
        case mx, submission, lmtp, strict, stress, lab

        var limits: Limits {
            switch self {
            case .mx: .mx
            case .submission: .submission
            case .lmtp: .lmtp
            case .strict: .strict
            case .stress: .stress
            case .lab: .lab
            }
        }
    }

    /// The limits that are numbers, by name.
    enum Limit: String, Hashable, Sendable {
        case size, lines, command, recipients, errors, junk, messages, refused
        case softErrors = "soft-errors"
        case authenticationFailures = "auth-failures"

        /// Whether it can be taken off.
        var mayBeNone: Bool { self != .command && self != .recipients }

        func set(_ count: Int?, in limits: inout Limits) {
            switch self {
            case .size: limits.messageSize = count
            case .lines: limits.contentLine = count
            case .command: limits.commandSize.base = count ?? limits.commandSize.base
            case .recipients: limits.recipients = count ?? limits.recipients
            case .errors: limits.errors = count
            case .softErrors: limits.softErrors = count
            case .authenticationFailures: limits.authenticationFailures = count
            case .junk: limits.junkCommands = count
            case .messages: limits.messages = count
            case .refused: limits.refusedRecipients = count
            }
        }
    }

    /// The time limits, by name.
    enum TimeoutName: String, Hashable, Sendable, CaseIterable {
        case command, authentication, content, answer, session, handshake, writing, linger, delay, grace

        func set(_ duration: Duration, in timeouts: inout Timeouts) {
            switch self {
            case .command: timeouts.command = duration
            case .authentication: timeouts.authentication = duration
            case .content: timeouts.content = duration
            case .answer: timeouts.answer = duration
            case .session: timeouts.session = duration
            case .handshake: timeouts.handshake = duration
            case .writing: timeouts.writing = duration
            case .linger: timeouts.linger = duration
            case .delay: timeouts.errorDelay = duration
            case .grace: timeouts.contentGrace = duration
            }
        }
    }
}

extension Timeouts {
    /// Makes all times shorter, and the rate that much higher.
    mutating func divide(by divisor: Int) {
        proxyHeader /= divisor
        handshake /= divisor
        command /= divisor
        authentication /= divisor
        content /= divisor
        contentGrace /= divisor
        answer /= divisor
        writing /= divisor
        errorDelay /= divisor
        linger /= divisor
        session /= divisor
        contentRate *= divisor
    }
}

extension Settings {
    /// The configuration for a clock that really runs: where the case lets time pass, all times are shorter by
    /// `divisor`; elsewhere only the pauses before replies to errors are.
    func configuration(forClock divisor: Int?) -> ServerConnection.Configuration {
        if let divisor { return configuration(divisor: divisor) }
        var configuration = configuration()
        configuration.timeouts.errorDelay /= 1000
        return configuration
    }
}
