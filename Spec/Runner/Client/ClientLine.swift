import SMTPProtocol

/// A line that only `given role client` knows.
enum ClientLine: Hashable, Sendable {
    /// `H: deliver …`, `H: quit`: what the host program wants.
    case request(Wish)
    /// `H? delivered …`: what it is told.
    case told(ClientFact.Pattern)
    /// `C.`: the client has nothing more to say now.
    case silence
    /// `S resets`.
    case resets

    /// What the host program can want.
    enum Wish: Hashable, Sendable {
        /// A message; without content it follows in `H: content` lines and is not known before.
        case deliver(Envelope, [UInt8]?)
        case simple(ClientRequest)
        case content([UInt8])
        case end
        case cancel
    }

    /// What `text` means here; nil if it means the same in both roles.
    static func parse(_ text: String) throws(LineProblem) -> ClientLine? {
        let octets = Octets.trimmed(text.utf8)
        switch String(decoding: octets, as: UTF8.self) {
        case "C.": return .silence
        case "S resets": return .resets
        default: break
        }
        let rest = String(decoding: Octets.trimmed(octets.dropFirst(3)), as: UTF8.self)
        switch String(decoding: octets.prefix(3), as: UTF8.self) {
        case "H? ": return .told(ClientFact.Pattern(words(rest)))
        case "H: ": return .request(try wish(rest))
        default: return nil
        }
    }

    private static func wish(_ text: String) throws(LineProblem) -> Wish {
        let (word, rest) = Octets.cut(text)
        do {
            switch word {
            case "deliver": return try deliver(words(rest))
            case "content": return .content(try quoted(rest))
            case "end" where rest.isEmpty: return .end
            case "cancel" where rest.isEmpty: return .cancel
            case "quit" where rest.isEmpty: return .simple(.quit)
            case "reset" where rest.isEmpty: return .simple(.reset)
            case "noop" where rest.isEmpty: return .simple(.noOperation)
            case "authenticate": return try authenticate(Octets.words(rest.utf8))
            case "verify": return .simple(.verify(try CommandArgument(rest)))
            case "expand": return .simple(.expand(try CommandArgument(rest)))
            case "help": return .simple(.help(rest.isEmpty ? nil : try CommandArgument(rest)))
            default: break
            }
        } catch let error as LineProblem {
            throw error
        } catch {
            throw LineProblem("`\(text)`: \(error)")
        }
        throw LineProblem(
            "`H:` is followed by `deliver <from> … to <path> … \"content\"`, `content \"…\"`, `end`, `cancel`, `quit`, "
                + "`reset`, `noop`, `verify …`, `expand …` or `help`")
    }

    /// `name password`, or `token name token`; `clear` allows it without TLS, `scram` wants no less.
    private static func authenticate(_ words: [String]) throws(LineProblem) -> Wish {
        var rest = words.filter { $0 != "clear" && $0 != "scram" }
        let isToken = rest.first == "token"
        if isToken { rest.removeFirst() }
        guard rest.count == 2 else {
            throw LineProblem("`authenticate` is followed by a name and a password")
        }
        var wanted = Authentication(
            isToken ? .token(name: rest[0], Secret(rest[1])) : .password(name: rest[0], Secret(rest[1])))
        wanted.allowsClear = words.contains("clear")
        if words.contains("scram") { wanted.minimum = .scram }
        return .simple(.authenticate(wanted))
    }

    /// `<from> PARAMETER… to <path> PARAMETER… "content"`; the content may be left out.
    private static func deliver(_ words: [String]) throws -> Wish {
        var words = words[...]
        guard let from = words.popFirst(), from.hasPrefix("<") else {
            throw LineProblem("`deliver` is followed by `<from>`")
        }
        var parameters = MailParameters()
        while let word = words.first, word != "to" {
            try read(word, into: &parameters)
            words.removeFirst()
        }
        guard words.popFirst() == "to" else { throw LineProblem("the recipients stand after `to`") }
        var recipients: [Envelope.Recipient] = []
        var content: [UInt8]?
        while let word = words.popFirst() {
            if word.hasPrefix("\"") {
                content = try quoted(word)
            } else if word.hasPrefix("<") {
                let inner = String(word.dropFirst().dropLast())
                recipients.append(
                    .init(
                        Octets.folded(inner) == Array("postmaster".utf8)
                            ? .postmaster : .mailbox(try Mailbox(inner))))
            } else if let last = recipients.popLast() {
                var changed = last.parameters
                try read(word, into: &changed)
                recipients.append(.init(last.path, changed))
            }
        }
        let sender: ReversePath =
            from == "<>" ? .null : .mailbox(try Mailbox(String(from.dropFirst().dropLast())))
        return .deliver(Envelope(from: sender, parameters, to: recipients), content)
    }

    private static func read(_ word: String, into parameters: inout MailParameters) throws {
        let (name, value) = try split(word)
        switch (name, value) {
        case ("SMTPUTF8", nil): parameters.isInternationalized = true
        case ("BODY", "8BITMIME"): parameters.body = .eightBitMIME
        case ("BODY", "7BIT"): parameters.body = .sevenBit
        case ("RET", "FULL"): parameters.returnedContent = .full
        case ("RET", "HDRS"): parameters.returnedContent = .headers
        case ("ENVID", let value?): parameters.envelopeID = try EnvelopeID(value)
        case ("SIZE", let value?): parameters.size = Octets.number(value.utf8)
        default: parameters.other.append(try Parameter(name, value: value))
        }
    }

    private static func read(_ word: String, into parameters: inout RecipientParameters) throws {
        let (name, value) = try split(word)
        switch (name, value) {
        case ("NOTIFY", "NEVER"): parameters.notification = .never
        case ("NOTIFY", let value?):
            let names: [(String, DeliveryNotification.Cases)] = [
                ("SUCCESS", .success), ("FAILURE", .failure), ("DELAY", .delay),
            ]
            let parts = value.utf8.split(separator: UInt8(ascii: ",")).map { Array($0) }
            parameters.notification = .on(
                names.reduce(into: []) { if parts.contains(Array($1.0.utf8)) { $0.insert($1.1) } })
        case ("ORCPT", let value?):
            let end = value.utf8.firstIndex(of: UInt8(ascii: ";")) ?? value.utf8.endIndex
            guard let type = Keyword(String(value[..<end])) else { throw LineProblem("ORCPT=type;address") }
            parameters.originalRecipient = try OriginalRecipient(type, Array(value[end...].utf8.dropFirst()))
        default: parameters.other.append(try Parameter(name, value: value))
        }
    }

    private static func split(_ word: String) throws(LineProblem) -> (Keyword, String?) {
        let end = word.utf8.firstIndex(of: UInt8(ascii: "=")) ?? word.utf8.endIndex
        guard let name = Keyword(String(word[..<end])) else { throw LineProblem("`\(word)` is no parameter") }
        return (name, end == word.utf8.endIndex ? nil : String(word[word.utf8.index(after: end)...]))
    }

    private static func quoted(_ text: String) throws(LineProblem) -> [UInt8] {
        let octets = Array(text.utf8)
        guard octets.count >= 2, octets.first == UInt8(ascii: "\""), octets.last == UInt8(ascii: "\"") else {
            throw LineProblem("the content stands in quotation marks: `\"text\\r\\n\"`")
        }
        return try Octets.unescaped(octets[1..<(octets.count - 1)]).octets
    }

    /// What spaces part; what stands in `<…>` or at last in `"…"` is one word.
    static func words(_ text: String) -> [String] {
        var words: [[UInt8]] = []
        var rest = Octets.trimmed(text.utf8)[...]
        while let first = rest.first {
            var word: [UInt8] = []
            if first == UInt8(ascii: "\"") {
                word = Array(rest)
                rest = []
            } else {
                var (isPath, isQuoted) = (first == UInt8(ascii: "<"), false)
                while let octet = rest.popFirst() {
                    if octet == 32, !isPath { break }
                    word.append(octet)
                    if octet == UInt8(ascii: "\""), isPath { isQuoted.toggle() }
                    if octet == UInt8(ascii: ">"), !isQuoted { isPath = false }
                }
            }
            words.append(word)
            rest = rest.drop { $0 == 32 }
        }
        return words.map { String(decoding: $0, as: UTF8.self) }
    }
}
