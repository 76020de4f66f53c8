import SMTPConnection
import SMTPProtocol

/// Something the host program was asked or told.
struct HostFact: Hashable, Sendable, CustomStringConvertible {
    let word: HostWord
    /// The path, the name, the content, the cause: what the word is about.
    var argument: [UInt8] = []
    /// The parameters of MAIL and RCPT, sorted.
    var parameters: [[UInt8]] = []

    /// As the `H?` line that asks for exactly this.
    var description: String {
        var text = "H? \(word.rawValue)"
        if word == .message {
            text += " \"\(Octets.escaped(argument))\""
        } else if let cause = word.causes.first(where: isNamed) {
            text += " \(cause)" + String(decoding: argument.drop { $0 != 32 }, as: UTF8.self)
        } else if !argument.isEmpty {
            text += " " + String(decoding: argument, as: UTF8.self)
        }
        for parameter in parameters { text += " " + String(decoding: parameter, as: UTF8.self) }
        return text
    }
}

extension HostFact {
    /// Whether `cause` is what the argument names.
    private func isNamed(_ cause: String) -> Bool {
        argument.prefix { $0 != 32 }.elementsEqual(Octets.folded(cause))
    }
}

/// What `H?` can name.
enum HostWord: String, Hashable, Sendable, CaseIterable {
    case connect, hello, key, authenticate, mail, rcpt, data, message, verify, expand, help, noop, command
    case quit, secured, authenticated, unanswered, reset, closed, error

    /// Whether an answer is wanted.
    var isQuestion: Bool {
        switch self {
        case .connect, .hello, .key, .authenticate, .mail, .rcpt, .data, .message, .verify, .expand, .help,
            .noop, .command:
            true
        case .quit, .secured, .authenticated, .unanswered, .reset, .closed, .error: false
        }
    }

    /// The causes and kinds that it may be followed by.
    var causes: [String] {
        switch self {
        case .reset: ["rset", "hello", "delivered", "refused", "aborted"]
        case .closed:
            [
                "quit", "refused", "shut-down", "too-many-errors", "peer-closed", "timed-out",
                "transport-failed",
                "layer-failed",
            ]
        case .error:
            [
                "syntax", "bad-sequence", "unknown-command", "line-too-long", "content-line-too-long",
                "size-exceeded", "bare-line-feed", "bare-carriage-return", "illegal-octet", "limit-reached",
                "injected-before-TLS", "authentication-failed", "authentication-cancelled",
            ]
        case .connect, .hello, .key, .authenticate, .mail, .rcpt, .data, .message, .verify, .expand, .help,
            .noop, .command, .quit, .secured, .authenticated, .unanswered:
            []
        }
    }
}

/// What an `H?` line asks for. What it does not say may be anything.
struct HostPattern: Hashable, Sendable {
    let word: HostWord
    let argument: [UInt8]?
    let parameters: [[UInt8]]

    /// Reads what follows `H?`.
    init(_ text: String) throws(LineProblem) {
        let (first, rest) = Octets.cut(text)
        guard let word = HostWord(rawValue: first) else {
            let words = HostWord.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            throw LineProblem("`H? \(first)` names nothing; there are \(words)")
        }
        self.word = word
        let octets = Array(rest.utf8)
        switch word {
        case .mail, .rcpt:
            let end = Self.pathEnd(octets)
            guard octets.isEmpty || end != nil else {
                throw LineProblem("`H? \(first)` is followed by `<address>`")
            }
            argument = octets.isEmpty ? nil : Array(octets[..<(end ?? 0)])
            parameters = octets[(end ?? 0)...].split(separator: 32).map { Array($0) }.sorted(
                by: HostFact.precedes)
        case .message:
            argument = octets.isEmpty ? nil : try Self.quoted(octets)
            parameters = []
        case .reset, .closed, .error:
            argument = octets.isEmpty ? nil : try Self.cause(rest, of: word)
            parameters = []
        case .authenticate:
            (argument, parameters) = Self.credentials(octets)
        case .connect, .hello, .key, .data, .verify, .expand, .help, .noop, .command, .quit, .secured,
            .authenticated, .unanswered:
            argument = octets.isEmpty ? nil : octets
            parameters = []
        }
    }

    /// Whether `fact` is what is asked for.
    func allows(_ fact: HostFact) -> Bool {
        guard fact.word == word else { return false }
        guard let argument else { return true }
        guard parameters.isEmpty || parameters == fact.parameters else { return false }
        if fact.argument == argument { return true }
        switch word {
        // The name alone will do, and a deadline may be left open.
        case .hello: return fact.argument.drop { $0 != 32 }.dropFirst().elementsEqual(argument)
        case .closed: return fact.argument.prefix { $0 != 32 }.elementsEqual(argument)
        case .connect, .key, .authenticate, .mail, .rcpt, .data, .message, .verify, .expand, .help, .noop,
            .command, .quit, .secured, .authenticated, .unanswered, .reset, .error:
            return false
        }
    }

    /// Where `<address>` ends; `>` inside quotes is part of it.
    private static func pathEnd(_ octets: [UInt8]) -> Int? {
        guard octets.first == UInt8(ascii: "<") else { return nil }
        var isQuoted = false
        var index = 1
        while index < octets.count {
            switch octets[index] {
            case UInt8(ascii: "\\") where isQuoted: index += 1
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ">") where !isQuoted: return index + 1
            default: break
            }
            index += 1
        }
        return nil
    }

    /// `MECHANISM name`, then what is `word=value`; a value may have spaces.
    private static func credentials(_ octets: [UInt8]) -> ([UInt8]?, [[UInt8]]) {
        guard !octets.isEmpty else { return (nil, []) }
        var words: [[UInt8]] = []
        for word in octets.split(separator: 32).map(Array.init) {
            let isNew = HostFact.proofs.contains { word.starts(with: $0.utf8) }
            if let last = words.last, !isNew, HostFact.proofs.contains(where: { last.starts(with: $0.utf8) })
            {
                words[words.count - 1] = last + [32] + word
            } else {
                words.append(word)
            }
        }
        let named = words.prefix { word in !HostFact.proofs.contains { word.starts(with: $0.utf8) } }
        return (
            Array(named.joined(separator: [32])),
            words.dropFirst(named.count).sorted(by: HostFact.precedes)
        )
    }

    private static func quoted(_ octets: [UInt8]) throws(LineProblem) -> [UInt8] {
        guard octets.count >= 2, octets.first == UInt8(ascii: "\""), octets.last == UInt8(ascii: "\"") else {
            throw LineProblem("the content stands in quotation marks: `H? message \"text\\r\\n\"`")
        }
        let read = try Octets.unescaped(octets[1..<(octets.count - 1)])
        guard read.cuts.isEmpty else {
            throw LineProblem("`\\|` has no meaning here: content is never shown in pieces")
        }
        return read.octets
    }

    private static func cause(_ text: String, of word: HostWord) throws(LineProblem) -> [UInt8] {
        let (name, more) = Octets.cut(text)
        let isKnown = word.causes.contains { Octets.folded($0) == Octets.folded(name) }
        let isDeadline =
            Octets.folded(name) == Octets.folded("timed-out")
            && Deadline.allCases.contains { Octets.folded("\($0)") == Octets.folded(more) }
        guard isKnown, more.isEmpty || isDeadline else {
            let causes = word.causes.map { "`\($0)`" }.joined(separator: ", ")
            throw LineProblem("`H? \(word.rawValue) \(text)` names no cause; there are \(causes)")
        }
        return Octets.folded(name) + (more.isEmpty ? [] : [32] + Octets.folded(more))
    }
}

/// What an `H:` line says.
enum HostAnswer: Hashable, Sendable, CustomStringConvertible {
    case accept, later, `throws`
    case reply(Reply)
    /// A line of a reply that goes on with the next `H:`.
    case begin(Reply)
    /// One for each recipient (LMTP).
    case replies([Reply])
    case close(Reply)
    case offer([ServiceExtension])
    case identity(String)
    case key(SASLKey)

    /// As the `H:` lines that say it.
    var description: String {
        switch self {
        case .accept: "H: accept"
        case .later: "H: later"
        case .throws: "H: throws"
        case .reply(let reply), .begin(let reply): Self.lines(reply)
        case .replies(let replies): replies.map(Self.lines).joined(separator: "\n")
        case .close(let reply): "H: close " + Self.lines(reply).dropFirst(3)
        case .identity(let name): "H: identity \(name)"
        case .key(.scram(let key)): "H: key \(key.text)"
        case .key(.password(let password)):
            "H: key {CLEAR}" + String(decoding: password.octets, as: UTF8.self)
        case .offer(let extensions): "H: offer " + extensions.map { "\($0.keyword)" }.joined(separator: " ")
        }
    }

    private static func lines(_ reply: Reply) -> String {
        let status = reply.status.map { "\($0) " } ?? ""
        let last = reply.lines.count - 1
        return reply.lines.enumerated().map { index, text in
            "H: \(reply.code.rawValue)\(index == last ? " " : "-")\(status)\(text)"
        }.joined(separator: "\n")
    }

    /// As the session takes it; nil if there is none now.
    var answer: Answer? {
        switch self {
        case .accept: .accept
        case .later, .throws: nil
        case .reply(let reply), .begin(let reply): .reply(reply)
        case .replies(let replies): .replies(replies)
        case .close(let reply): .close(reply)
        case .offer(let extensions): .offer(extensions)
        case .identity(let name): .identity(name)
        case .key(let key): .key(key)
        }
    }
}

extension HostFact {
    static func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool { a.lexicographicallyPrecedes(b) }

    init(connect peer: Endpoint) { self.init(word: .connect, argument: Array(peer.description.utf8)) }

    init(_ hello: Hello) {
        let verb =
            switch hello.verb {
            case .helo: "HELO"
            case .ehlo: "EHLO"
            case .lhlo: "LHLO"
            }
        self.init(word: .hello, argument: Array("\(verb) \(hello.client)".utf8))
    }

    init(_ path: ReversePath, _ parameters: MailParameters) {
        var words: [[UInt8]] = parameters.other.map(Self.word)
        if let size = parameters.size { words.append(Array("SIZE=\(size)".utf8)) }
        switch parameters.body {
        case .sevenBit: words.append(Array("BODY=7BIT".utf8))
        case .eightBitMIME: words.append(Array("BODY=8BITMIME".utf8))
        case nil: break
        }
        switch parameters.originator {
        case .null?: words.append(Array("AUTH=<>".utf8))
        case .mailbox(let mailbox)?: words.append(Array("AUTH=<\(mailbox)>".utf8))
        case nil: break
        }
        if parameters.isInternationalized { words.append(Array("SMTPUTF8".utf8)) }
        let text =
            switch path {
            case .null: "<>"
            case .mailbox(let mailbox): "<\(mailbox)>"
            }
        self.init(word: .mail, argument: Array(text.utf8), parameters: words.sorted(by: Self.precedes))
    }

    init(_ path: ForwardPath, _ parameters: RecipientParameters) {
        let text =
            switch path {
            case .postmaster: "<postmaster>"
            case .mailbox(let mailbox): "<\(mailbox)>"
            }
        self.init(
            word: .rcpt, argument: Array(text.utf8),
            parameters: parameters.other.map(Self.word).sorted(by: Self.precedes))
    }

    private static func word(_ parameter: Parameter) -> [UInt8] {
        parameter.keyword.bytes + (parameter.value.map { Array("=\($0)".utf8) } ?? [])
    }

    init(_ notice: Notice) {
        switch notice {
        case .secured: self.init(word: .secured)
        case .authenticated(let identity):
            self.init(word: .authenticated, argument: Array(identity.name.utf8))
        case .quit: self.init(word: .quit)
        case .answerTimedOut: self.init(word: .unanswered)
        case .reset(let cause): self.init(word: .reset, argument: Octets.folded("\(cause)"))
        case .closed(.timedOut(let deadline)):
            self.init(word: .closed, argument: Octets.folded("timedout \(deadline)"))
        case .closed(let cause): self.init(word: .closed, argument: Octets.folded("\(cause)"))
        case .peerError(.syntax): self.init(word: .error, argument: Array("syntax".utf8))
        case .peerError(let error): self.init(word: .error, argument: Octets.folded("\(error)"))
        }
    }
}
