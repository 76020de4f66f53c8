/// A reply whose text is ours, as it goes on the wire but for CRLF: code, enhanced code, text.
package struct StandardReply: ExpressibleByStringLiteral, Sendable {
    package let text: StaticString

    package init(stringLiteral text: StaticString) { self.text = text }

    /// The basic code.
    package var code: ReplyCode {
        text.withUTF8Buffer { bytes in
            guard bytes.count >= 3 else { return 451 }
            let digits = unsafe (UInt16(bytes[0]) - 48, UInt16(bytes[1]) - 48, UInt16(bytes[2]) - 48)
            return ReplyCode(rawValue: digits.0 * 100 + digits.1 * 10 + digits.2) ?? 451
        }
    }
}

/// Every reply the server gives of its own accord (RFC 5321 §4.2.2, RFC 3463, RFC 5248).
package enum StandardReplies {
    // 2yz
    package static let closing: StandardReply = "221 2.0.0 Goodbye"
    package static let authenticated: StandardReply = "235 2.7.0 Authentication successful"
    package static let ok: StandardReply = "250 2.0.0 OK"
    package static let senderAccepted: StandardReply = "250 2.1.0 Sender accepted"
    package static let recipientAccepted: StandardReply = "250 2.1.5 Recipient accepted"
    package static let messageAccepted: StandardReply = "250 2.0.0 Message accepted"
    package static let notVerified: StandardReply = "252 2.5.0 Not verified; mail will be taken and tried"
    // 3yz: no enhanced code (RFC 2034 §4)
    package static let startContent: StandardReply = "354 Send the message; end with <CRLF>.<CRLF>"
    package static let startTLS: StandardReply = "220 2.0.0 Ready to start TLS"
    // 4yz
    package static let shuttingDown: StandardReply = "421 4.3.2 Service shutting down, try again later"
    package static let idleTooLong: StandardReply = "421 4.4.2 Timed out, closing connection"
    package static let tooManyErrors: StandardReply = "421 4.7.0 Too many errors, closing connection"
    package static let tooManyCommands: StandardReply =
        "421 4.7.0 Too many commands without mail, closing connection"
    package static let tooManyMessages: StandardReply =
        "421 4.7.0 Too many messages in one session, connect again"
    package static let tooManyRefused: StandardReply =
        "421 4.7.0 Too many refused recipients, closing connection"
    package static let tooManyFailures: StandardReply =
        "421 4.7.0 Too many failed authentications, closing connection"
    package static let lineWithoutEnd: StandardReply = "421 4.7.0 Line without end, closing connection"
    package static let localError: StandardReply = "451 4.3.0 Local error, try again later"
    package static let tooManyRecipients: StandardReply = "452 4.5.3 Too many recipients, send the rest later"
    package static let authenticationUnavailable: StandardReply =
        "454 4.7.0 Temporary authentication failure"
    // 5yz
    package static let unknownCommand: StandardReply = "500 5.5.1 Command not recognized"
    package static let badSyntax: StandardReply = "500 5.5.2 Syntax error"
    package static let lineTooLong: StandardReply = "500 5.5.2 Line too long"
    package static let bareNewlineInCommand: StandardReply =
        "500 5.5.2 CR or LF alone in a command; lines end with CRLF"
    package static let responseTooLong: StandardReply = "500 5.5.6 Authentication response too long"
    package static let exchangeTooLong: StandardReply = "500 5.5.6 Authentication exchange too long"
    package static let illegalOctet: StandardReply = "500 5.5.2 Illegal octet in command"
    package static let contentLineTooLong: StandardReply =
        "500 5.6.0 Line of content too long (RFC 5321 4.5.3.1.6)"
    package static let badHello: StandardReply = "501 5.5.4 Give a domain name or address literal"
    package static let noArguments: StandardReply = "501 5.5.4 No argument allowed"
    package static let argumentNeeded: StandardReply = "501 5.5.4 Argument needed"
    package static let mailSyntax: StandardReply = "501 5.5.4 Say MAIL FROM:<address> [parameters]"
    package static let recipientSyntax: StandardReply = "501 5.5.4 Say RCPT TO:<address> [parameters]"
    package static let badParameter: StandardReply = "501 5.5.4 Malformed or repeated parameter"
    package static let authSyntax: StandardReply = "501 5.5.4 Say AUTH mechanism [initial-response]"
    package static let badBase64: StandardReply = "501 5.5.2 Cannot decode base64"
    package static let malformedResponse: StandardReply = "501 5.5.2 Malformed authentication response"
    package static let authenticationCancelled: StandardReply = "501 5.7.0 Authentication cancelled"
    package static let badSender: StandardReply = "501 5.1.7 Malformed sender address"
    package static let badRecipient: StandardReply = "501 5.1.3 Malformed recipient address"
    package static let disabledCommand: StandardReply = "502 5.5.1 Command not implemented"
    package static let helloFirst: StandardReply = "503 5.5.1 Say EHLO first"
    package static let mailFirst: StandardReply = "503 5.5.1 Say MAIL first"
    package static let recipientFirst: StandardReply = "503 5.5.1 No valid recipient"
    package static let transactionOpen: StandardReply = "503 5.5.1 A mail transaction is open"
    package static let alreadySecured: StandardReply = "503 5.5.1 TLS is already on"
    package static let alreadyAuthenticated: StandardReply = "503 5.5.1 Already authenticated"
    package static let onlyQuit: StandardReply = "503 5.5.1 No service here; say QUIT"
    package static let unknownMechanism: StandardReply = "504 5.5.4 Unrecognized authentication type"
    package static let tlsNeeded: StandardReply = "530 5.7.0 Say STARTTLS first"
    package static let authenticationNeeded: StandardReply = "530 5.7.0 Authentication required"
    package static let authenticationFailed: StandardReply = "535 5.7.8 Authentication credentials invalid"
    package static let mechanismNeedsTLS: StandardReply =
        "538 5.7.11 Encryption required for requested authentication mechanism"
    package static let bareNewlines: StandardReply =
        "550 5.5.2 CR or LF alone in the message; lines end with CRLF"
    package static let utf8Sender: StandardReply = "550 5.6.7 Address needs SMTPUTF8"
    package static let utf8Recipient: StandardReply = "553 5.6.7 Address needs SMTPUTF8"
    package static let messageTooLarge: StandardReply = "552 5.3.4 Message too large"
    package static let injected: StandardReply = "554 5.5.0 Input after STARTTLS, closing connection"
    package static let noService: StandardReply = "554 5.3.2 No service here"
    package static let unknownParameter: StandardReply = "555 5.5.4 Parameter not recognized"

    /// All of them, for the test that checks each pair of codes.
    package static let all: [StandardReply] = [
        closing, ok, senderAccepted, recipientAccepted, messageAccepted, notVerified, startContent, startTLS,
        shuttingDown, idleTooLong, tooManyErrors, tooManyCommands, tooManyMessages, tooManyRefused,
        lineWithoutEnd,
        localError, tooManyRecipients, unknownCommand, badSyntax, lineTooLong, bareNewlineInCommand,
        illegalOctet,
        contentLineTooLong, badHello, noArguments, argumentNeeded, mailSyntax, recipientSyntax, badParameter,
        badSender, badRecipient, disabledCommand, helloFirst, mailFirst, recipientFirst, transactionOpen,
        alreadySecured, onlyQuit, tlsNeeded, authenticationNeeded, bareNewlines, utf8Sender, utf8Recipient,
        messageTooLarge, injected, noService, unknownParameter, authenticated, tooManyFailures,
        authenticationUnavailable, responseTooLong, exchangeTooLong, authSyntax, badBase64, malformedResponse,
        authenticationCancelled, alreadyAuthenticated, unknownMechanism, authenticationFailed,
        mechanismNeedsTLS,
    ]
}
