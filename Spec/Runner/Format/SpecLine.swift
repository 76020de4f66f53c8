import SMTPProtocol

/// One line of a case: one act.
public struct SpecLine: Hashable, Sendable {
    /// Where it stands in its page.
    public let number: Int
    /// As it is written.
    public let text: String
    let kind: Kind

    /// What a line can be.
    enum Kind: Hashable, Sendable {
        case client(Octets.Escaped)
        case clientCloses
        case clientResets
        case reply(CodePattern)
        case line([UInt8])
        case pattern([UInt8])
        case has([UInt8])
        case lacks([UInt8])
        case serverBytes(Octets.Escaped)
        case silence
        case serverCloses
        case asked(HostPattern)
        case answer(HostAnswer)
        case shutDown
        case tls(succeeds: Bool)
        case wait(Duration)
        case given(key: String, value: String)
        /// Of the client's role only.
        case clientRole(ClientLine)
    }

    var isGiven: Bool {
        if case .given = kind { true } else { false }
    }

    /// What `text` means; nil for empty lines and remarks.
    static func parse(_ text: String) throws(LineProblem) -> Kind? {
        let octets = Array(text.utf8)
        let trimmed = Octets.trimmed(octets)
        if trimmed.isEmpty || trimmed[0] == UInt8(ascii: "#") { return nil }
        switch String(decoding: trimmed, as: UTF8.self) {
        case "C closes": return .clientCloses
        case "C resets": return .clientResets
        case "S closes": return .serverCloses
        case "S.": return .silence
        case "TLS": return .tls(succeeds: true)
        case "TLS fails": return .tls(succeeds: false)
        case "C:": return .client(.init(octets: Octets.crlf))
        default: break
        }
        let head = octets.prefix(3)
        let rest = octets.dropFirst(3)
        switch String(decoding: head, as: UTF8.self) {
        case "C: ": return .client(.init(octets: rest + Octets.crlf))
        case "C= ": return .client(try Octets.unescaped(rest))
        case "S: ": return try parseReply(Array(rest))
        case "S~ ": return .pattern(Array(rest))
        case "S+ ": return .has(Array(rest))
        case "S- ": return .lacks(Array(rest))
        case "S= ": return .serverBytes(try Octets.unescaped(rest))
        case "H? ": return .asked(try HostPattern(String(decoding: Octets.trimmed(rest), as: UTF8.self)))
        case "H: ": return try parseAnswer(String(decoding: Octets.trimmed(rest), as: UTF8.self))
        default: break
        }
        let (word, argument) = Octets.cut(String(decoding: trimmed, as: UTF8.self))
        switch word {
        case "wait": return .wait(try duration(argument))
        case "given":
            let (key, value) = Octets.cut(argument)
            guard !key.isEmpty else { throw LineProblem("`given` is followed by a key and its value") }
            return .given(key: key, value: value)
        default:
            throw LineProblem(
                "`\(text)` is no line of a dialogue; one begins with `C:`, `C=`, `C closes`, `C resets`, `S:`, `S~`, "
                    + "`S+`, `S-`, `S=`, `S.`, `S closes`, `H?`, `H:`, `TLS`, `wait`, `given` or `#`")
        }
    }

    private static func parseReply(_ text: [UInt8]) throws(LineProblem) -> Kind {
        if let codes = CodePattern(Octets.trimmed(text)) { return .reply(codes) }
        let isLine = text.count >= 4 && Octets.number(text[..<3]) != nil && (text[3] == 32 || text[3] == 45)
        guard isLine else {
            throw LineProblem(
                "`S:` is followed by a code (250), codes (250/550, 5yz) or a whole line (250 text)")
        }
        return .line(text)
    }

    /// `300s`, `5m`, `1h` or `250ms`.
    static func duration(_ text: String) throws(LineProblem) -> Duration {
        let digits = text.utf8.prefix { $0 &- 48 < 10 }
        if let number = Octets.number(digits), number < 1 << 40 {
            switch String(decoding: text.utf8.dropFirst(digits.count), as: UTF8.self) {
            case "ms": return .milliseconds(number)
            case "s": return .seconds(number)
            case "m": return .seconds(number * 60)
            case "h": return .seconds(number * 3600)
            default: break
            }
        }
        throw LineProblem("`\(text)` is no duration; write 250ms, 300s, 5m or 1h")
    }

    private static func parseAnswer(_ text: String) throws(LineProblem) -> Kind {
        let (word, rest) = Octets.cut(text)
        switch (word, rest) {
        case ("accept", ""): return .answer(.accept)
        case ("later", ""): return .answer(.later)
        case ("throws", ""): return .answer(.throws)
        case ("shutdown", ""): return .shutDown
        case ("close", _): return .answer(.close(try reply(rest).reply))
        case ("offer", _):
            var extensions: [ServiceExtension] = []
            for word in Octets.words(rest.utf8) { extensions.append(try Settings.known(word)) }
            return .answer(.offer(extensions))
        case ("identity", _): return .answer(.identity(rest))
        case ("key", _):
            guard let key = Settings.key(rest) else {
                throw LineProblem("`H: key` is followed by a stored SCRAM key or `{CLEAR}` and a password")
            }
            return .answer(.key(key))
        default:
            let (reply, isOpen) = try reply(text)
            return .answer(isOpen ? .begin(reply) : .reply(reply))
        }
    }

    /// A reply to be given: code, enhanced code if there is one, text. `isOpen`: more lines of it follow.
    private static func reply(_ text: String) throws(LineProblem) -> (reply: Reply, isOpen: Bool) {
        let octets = Array(text.utf8)
        guard let number = Octets.number(octets.prefix(3)), octets.count >= 3,
            octets.count == 3 || octets[3] == 32
                || octets[3] == 45, let code = ReplyCode(rawValue: UInt16(number))
        else {
            throw LineProblem(
                "`H:` is followed by a reply (550 5.1.1 text), `accept`, `later`, `close REPLY`, `throws`, "
                    + "`offer KEYWORD …`, `identity NAME`, `key KEY` or `shutdown`")
        }
        let rest = String(decoding: octets.dropFirst(4), as: UTF8.self)
        let (word, after) = Octets.cut(rest)
        let parts = word.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(
            Octets.number)
        let isOpen = octets.count > 3 && octets[3] == 45
        if parts.count == 3, let first = parts[0], [2, 4, 5].contains(first), let second = parts[1],
            let third = parts[2],
            second < 1000, third < 1000
        {
            let status = EnhancedStatusCode(UInt8(first), UInt16(second), UInt16(third))
            return (Reply(code, status, after), isOpen)
        }
        return (Reply(code, nil, rest), isOpen)
    }
}

/// Codes a reply may have: `250`, `5yz`, `250/550/554`.
struct CodePattern: Hashable, Sendable {
    let text: [UInt8]

    /// nil unless that is all there is.
    init?(_ text: [UInt8]) {
        let parts = text.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for part in parts {
            guard part.count == 3 else { return nil }
            for (octet, letter) in zip(part, "xyz".utf8) where octet &- 48 >= 10 {
                guard octet == letter, letter != UInt8(ascii: "x") else { return nil }
            }
            // What follows an open digit is open too.
            if part[part.startIndex + 1] == UInt8(ascii: "y"), part[part.startIndex + 2] != UInt8(ascii: "z")
            {
                return nil
            }
        }
        self.text = text
    }

    /// Whether `code`, three octets, is one of them.
    func allows(_ code: some Collection<UInt8>) -> Bool {
        text.split(separator: UInt8(ascii: "/")).contains { part in
            part.count == code.count && zip(part, code).allSatisfy { $0 == $1 || $0 == 121 || $0 == 122 }
        }
    }
}
