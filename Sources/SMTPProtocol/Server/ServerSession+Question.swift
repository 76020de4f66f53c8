/// The open question: which it is, and what it is about. The first is looked at all the time and is one octet; the
/// second is looked at where it matters, and never copied on the way.
extension ServerSession {
    /// Which question is open.
    package enum OpenQuestion: BitwiseCopyable, Sendable {
        case connect, hello, mail, recipient, data, content, message
        case verify, expand, help, noOperation, command
        case authenticate, authenticationKey
    }

    /// What a question is about, where the session does not hold it already.
    package enum Subject: Sendable {
        case none
        case hello(Hello)
        case sender(ReversePath, MailParameters)
        case recipient(Envelope.Recipient)
        case content(ContentPiece)
        case argument(String)
        case command(Keyword, String)
        indirect case credentials(Credentials)
        indirect case key(SASLKeyRequest)

        /// The argument of the command that is asked about, if it had one.
        package var argument: String? {
            guard case .argument(let text) = self else { return nil }
            return text
        }
    }

    /// The open question, if there is one.
    public var question: Question? {
        switch (open, subject) {
        case (nil, _): nil
        case (.hello?, .hello(let hello)): .hello(hello, offering: terms.configuration.extensions)
        case (.mail?, .sender(let path, let parameters)): .mail(path, parameters)
        case (.recipient?, .recipient(let recipient)): .recipient(recipient.path, recipient.parameters)
        case (.content?, .content(let piece)): .content(piece)
        case (.verify?, .argument(let text)): .verify(text)
        case (.expand?, .argument(let text)): .expand(text)
        case (.help?, _): .help(subject.argument)
        case (.noOperation?, _): .noOperation(subject.argument)
        case (.command?, .command(let verb, let text)): .command(verb, argument: text)
        case (.authenticate?, .credentials(let credentials)): .authenticate(credentials)
        case (.authenticationKey?, .key(let request)): .authenticationKey(request)
        case (.connect?, .none): .connect
        case (.data?, _): .data
        case (.message?, _): envelope.map { .message($0, size: contentSize) }
        case (.connect?, _), (.hello?, _), (.mail?, _), (.recipient?, _), (.content?, _), (.verify?, _),
            (.expand?, _), (.command?, _), (.authenticate?, _), (.authenticationKey?, _):
            nil
        }
    }
}
