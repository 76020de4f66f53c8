import SMTPProtocol

/// The parameters of MAIL and RCPT: cut at blanks by an oracle, in both syntaxes; and what a session makes of them.
func fuzzParameter(_ text: [UInt8]) throws(BrokenInvariant) {
    try compare(text, .strict)
    try compare(text, .lenient)
    try checkKeyword(text)
    if !text.contains(10), text.count < 1000 { try checkSession(text) }
}

private struct Found: Equatable {
    struct Parameter: Equatable {
        var keyword: ByteRange
        var value: ByteRange?
    }
    var parameters: [Parameter] = []
    var isComplete = false
}

private func compare(_ text: [UInt8], _ syntax: AddressSyntax) throws(BrokenInvariant) {
    // What lies around the range may not be looked at.
    let line = [61, 65] + text + [61]
    let range = ByteRange(2, 2 + text.count)
    var rest = range
    var found = Found()
    do throws(SyntaxError) {
        while let next = try CommandParser.nextParameter(line.span, &rest, syntax) {
            found.parameters.append(.init(keyword: next.keyword, value: next.value))
        }
        found.isComplete = true
    } catch {
        let isInside = error.offset >= range.start && error.offset <= range.end
        try require(isInside && error.production == .parameter, "a parameter's error: \(error)")
    }
    try require(rest.isEmpty || !found.isComplete, "all parameters taken")
    let expected = cutAtBlanks(line, range, isLenient: syntax == .lenient)
    try require(found == expected, "\(found), not \(expected): \(shown(text))")
    for parameter in found.parameters { try checkParameter(line, parameter) }
}

/// The oracle. In the strict syntax there is one space between two parameters, and one may follow the last.
private func cutAtBlanks(_ line: [UInt8], _ range: ByteRange, isLenient: Bool) -> Found {
    var found = Found()
    var start = range.start
    while start < range.end {
        var end = start
        while end < range.end, line[end] != 32, !(isLenient && line[end] == 9) { end += 1 }
        if !isLenient || end > start {
            guard let parameter = parameter(line, start, end) else { return found }
            found.parameters.append(parameter)
        }
        start = end + 1
    }
    found.isComplete = true
    return found
}

private func parameter(_ line: [UInt8], _ start: Int, _ end: Int) -> Found.Parameter? {
    let equals = line[start..<end].firstIndex(of: 61)
    let name = ByteRange(start, equals ?? end)
    guard isKeyword(line[name.start..<name.end]) else { return nil }
    guard let equals else { return Found.Parameter(keyword: name, value: nil) }
    guard isValue(line[(equals + 1)..<end]) else { return nil }
    return Found.Parameter(keyword: name, value: ByteRange(equals + 1, end))
}

/// RFC 5321 §4.1.2 esmtp-keyword.
private func isKeyword(_ text: ArraySlice<UInt8>) -> Bool {
    guard let first = text.first, first != 45 else { return false }
    return text.allSatisfy { octet in
        octet == 45 || (48...57).contains(octet) || (65...90).contains(octet & 0xdf) && octet < 128
    }
}

/// RFC 5321 §4.1.2 esmtp-value, with what RFC 6531 §3.3 adds.
private func isValue(_ text: ArraySlice<UInt8>) -> Bool {
    guard text.allSatisfy({ $0 > 32 && $0 != 61 && $0 != 127 }) else { return false }
    return !text.isEmpty && (text.allSatisfy { $0 < 128 } || String(validating: text, as: UTF8.self) != nil)
}

private func checkParameter(_ line: [UInt8], _ parsed: Found.Parameter) throws(BrokenInvariant) {
    guard let keyword = Keyword(line.span.extracting(parsed.keyword.start..<parsed.keyword.end)) else {
        throw BrokenInvariant("a parameter's name is a keyword: \(shown(line))")
    }
    let value = parsed.value.map { String(decoding: line[$0.start..<$0.end], as: UTF8.self) }
    let parameter = try? Parameter(keyword, value: value)
    let isSame = parameter?.value == value && parameter?.keyword == keyword
    try require(isSame, "a value that was accepted is one: \(shown(line))")
}

private func checkKeyword(_ text: [UInt8]) throws(BrokenInvariant) {
    let keyword = Keyword(text.span)
    try require((keyword != nil) == isKeyword(text[...]), "a keyword or not: \(shown(text))")
    guard let keyword else { return }
    try require(keyword.matches(text.span) && Keyword(keyword.description) == keyword, "the same keyword")
}

// MARK: In a session

private let terms: ServerSession.Terms = {
    var configuration = ServerSession.Configuration(hostname: "mx.example.org")
    configuration.extensions = Setup.extensions
    configuration.limits.messageSize = 1000
    return ServerSession.Terms(configuration)
}()

private let greeting = Array("EHLO client.example.com\r\n".utf8)
private let plainMail = Array("MAIL FROM:<> SMTPUTF8\r\n".utf8)
private let mailPrefix = Array("MAIL FROM:<> ".utf8)
private let recipientPrefix = Array("RCPT TO:<b@c> ".utf8)

private func checkSession(_ text: [UInt8]) throws(BrokenInvariant) {
    var session = ServerSession(terms)
    for line in [[], greeting] {
        _ = question(&session, line)
        session.answer(.accept)
    }
    let mail = mailPrefix + text + [13, 10]
    let expected = mailParameters(mail)
    switch question(&session, mail) {
    case .mail(_, let found):
        try require(found == expected, "\(found), not \(expected as Any): \(shown(text))")
    case nil:
        try require(expected == nil, "refused, not \(expected as Any): \(shown(text))")
        _ = question(&session, plainMail)
    default: throw BrokenInvariant("MAIL is asked as such")
    }
    session.answer(.accept)
    let recipient = recipientPrefix + text + [13, 10]
    let others = recipientParameters(recipient)
    switch question(&session, recipient) {
    case .recipient(_, let found):
        try require(found.other == others, "\(found), not \(others as Any): \(shown(text))")
    case nil: try require(others == nil, "refused, not \(others as Any): \(shown(text))")
    default: throw BrokenInvariant("RCPT is asked as such")
    }
}

/// What the session asks about the line; `nil` if it refuses it.
private func question(_ session: inout ServerSession, _ line: [UInt8]) -> Question? {
    var position = 0
    while true {
        switch session.next(line.span, &position) {
        case .ask: return session.question
        case .note: continue
        case .wait: return nil
        }
    }
}

/// What stands in the line after the second blank; `nil` if it is malformed.
private func listed(_ line: [UInt8]) -> [Parameter]? {
    var end = line.count - 2
    while line[end - 1] == 32 || line[end - 1] == 9 { end -= 1 }
    let start = min(line.firstIndex(of: 62).map { $0 + 2 } ?? end, end)
    let found = cutAtBlanks(line, ByteRange(start, end), isLenient: false)
    guard found.isComplete else { return nil }
    return found.parameters.compactMap { parsed in
        let name = line.span.extracting(parsed.keyword.start..<parsed.keyword.end)
        let value = parsed.value.map { String(decoding: line[$0.start..<$0.end], as: UTF8.self) }
        return Keyword(name).flatMap { try? Parameter($0, value: value) }
    }
}

/// RFC 1870 §6, RFC 6152 §2, RFC 6531 §3.4, and what the extension of the configuration lets in; each once.
private func mailParameters(_ line: [UInt8]) -> MailParameters? {
    guard let listed = listed(line) else { return nil }
    var result = MailParameters()
    for parameter in listed {
        let value = parameter.value
        switch parameter.keyword {
        case names.size:
            guard result.size == nil, let value, value.utf8.count <= 20,
                value.utf8.allSatisfy({ $0 > 47 && $0 < 58 }), let size = Int(value), size <= 1000
            else { return nil }
            result.size = size
        case names.body:
            guard result.body == nil, let value, let type = bodyType(value) else { return nil }
            result.body = type
        case names.smtpUTF8:
            if value != nil || result.isInternationalized { return nil }
            result.isInternationalized = true
        case names.other:
            guard result.other.isEmpty else { return nil }
            result.other.append(parameter)
        default: return nil
        }
    }
    return result
}

private func bodyType(_ value: String) -> BodyType? {
    let keyword = Keyword(value)
    return keyword == names.eightBit ? .eightBitMIME : keyword == names.sevenBit ? .sevenBit : nil
}

private func recipientParameters(_ line: [UInt8]) -> [Parameter]? {
    guard let listed = listed(line) else { return nil }
    for (index, parameter) in listed.enumerated() {
        let isAllowed = parameter.keyword == (parameter.value == nil ? names.flag : names.valued)
        let isRepeated = listed[..<index].contains { $0.keyword == parameter.keyword }
        if !isAllowed || isRepeated { return nil }
    }
    return listed
}

private let names = Names()

private struct Names {
    let size: Keyword = "SIZE"
    let body: Keyword = "BODY"
    let smtpUTF8: Keyword = "SMTPUTF8"
    let eightBit: Keyword = "8BITMIME"
    let sevenBit: Keyword = "7BIT"
    let other: Keyword = "XMAIL"
    let flag: Keyword = "XFLAG"
    let valued: Keyword = "XPARAM"
}
