import SMTPProtocol

/// A command line through every parser of the grammar, in both syntaxes.
func fuzzCommand(_ line: [UInt8]) throws(BrokenInvariant) {
    let verb = CommandParser.verb(line.span)
    try checkVerb(line, verb)
    try checkText(line)
    // A line without a verb of its own is all argument, so that short inputs reach the parsers.
    let argument = verb.verb == .other ? ByteRange(0, line.count) : verb.argument
    for isForward in [false, true] {
        let strict = try readPath(line, argument, .strict, isForward)
        let lenient = try readPath(line, argument, .lenient, isForward)
        // In the strict syntax the parameters may still fail; only what is accepted as a whole counts.
        if let strict, strict.parameters != nil {
            try require(strict == lenient, "what strict accepts, lenient reads the same: \(shown(line))")
        }
    }
    try checkHello(line, argument)
    try checkNumber(line, argument)
}

/// What was read from the argument of MAIL or RCPT.
private struct PathRead: Equatable {
    var kind: ParsedPath.Kind
    var mailbox: Mailbox?
    var isASCII: Bool
    /// `nil` if they are malformed.
    var parameters: [Parameter]?
}

private func readPath(
    _ line: [UInt8], _ argument: ByteRange, _ syntax: AddressSyntax, _ isForward: Bool
) throws(BrokenInvariant) -> PathRead? {
    let parsed: ParsedMail
    do throws(SyntaxError) {
        parsed =
            isForward
            ? try CommandParser.recipient(line.span, argument, syntax)
            : try CommandParser.mail(line.span, argument, syntax)
    } catch {
        let isInside = error.offset >= argument.start && error.offset <= argument.end
        try require(isInside, "an error in the argument, not at \(error.offset): \(shown(line))")
        return nil
    }
    let path = parsed.path
    try require(path.octets <= AddressLimits().path, "a path within its limit")
    try require(parsed.parameters.end == argument.end, "parameters up to the end")
    try require(isForward ? path.kind != .null : path.kind != .postmaster, "a path of the right kind")
    var read = PathRead(kind: path.kind, mailbox: nil, isASCII: path.isASCII)
    if path.kind == .mailbox {
        let mailbox = Mailbox(line.span, path)
        try checkMailbox(mailbox, syntax)
        try require(mailbox.isASCII || !path.isASCII, "a path is as ASCII as its mailbox")
        try require(mailbox.localPart.count <= AddressLimits().localPart, "a local part within its limit")
        read.mailbox = mailbox
    }
    read.parameters = try readParameters(line, parsed.parameters, syntax)
    return read
}

private func readParameters(
    _ line: [UInt8], _ range: ByteRange, _ syntax: AddressSyntax
) throws(BrokenInvariant) -> [Parameter]? {
    var parameters: [Parameter] = []
    var rest = range
    while true {
        let old = rest
        let next: ParsedParameter?
        do throws(SyntaxError) {
            next = try CommandParser.nextParameter(line.span, &rest, syntax)
        } catch {
            let isInside = error.offset >= range.start && error.offset <= range.end
            try require(isInside && error.production == .parameter, "a parameter's error: \(error)")
            return nil
        }
        guard let next else {
            try require(rest.isEmpty, "all parameters taken")
            return parameters
        }
        try require(rest.start > old.start && rest.end == old.end, "each parameter is taken")
        guard let keyword = Keyword(line.span.extracting(next.keyword.start..<next.keyword.end)) else {
            throw BrokenInvariant("a parameter's name is a keyword: \(shown(line))")
        }
        let value = next.value.map { Array(line[$0.start..<$0.end]) }
        do throws(SyntaxError) {
            let text = value.map { String(decoding: $0, as: UTF8.self) }
            try parameters.append(Parameter(keyword, value: text))
            let isExact = text.map { Array($0.utf8) } == value
            if !isExact { throw SyntaxError(.parameter, at: 0) }
        } catch {
            throw BrokenInvariant("a value that was accepted is one: \(shown(value ?? []))")
        }
    }
}

/// A mailbox survives being written and read.
private func checkMailbox(_ mailbox: Mailbox, _ syntax: AddressSyntax) throws(BrokenInvariant) {
    let text = mailbox.description
    let wire = Array(text.utf8)
    try require(mailbox.localPart.allSatisfy { $0 > 31 && $0 != 127 }, "no controls in \(shown(wire))")
    try require(wire.allSatisfy { $0 > 31 && $0 != 127 }, "no controls in \(shown(wire))")
    do throws(SyntaxError) {
        let again = try Mailbox(text, syntax: syntax)
        try same(mailbox, again)
        let domain = mailbox.domain
        try same(mailbox, try Mailbox(localPart: mailbox.localPart, domain: domain))
        if syntax == .strict {
            let isSame = try MailDomain(domain.description) == domain
            if !isSame { throw SyntaxError(.domain, at: 0) }
        }
        let line = Array("FROM:<".utf8) + wire + [UInt8(ascii: ">")]
        let limits = AddressLimits(localPart: .max, domain: .max, path: .max)
        let parsed = try CommandParser.mail(line.span, ByteRange(0, line.count), syntax, limits)
        try same(mailbox, Mailbox(line.span, parsed.path))
    } catch {
        throw BrokenInvariant("\(shown(wire)) is not read back: \(error)")
    }

    func same(_ a: Mailbox, _ b: Mailbox) throws(SyntaxError) {
        guard a == b, a.hashValue == b.hashValue, a.description == b.description, a.isASCII == b.isASCII
        else {
            throw SyntaxError(.mailbox, at: 0)
        }
    }
}

private func checkVerb(_ line: [UInt8], _ parsed: ParsedVerb) throws(BrokenInvariant) {
    let name = line.prefix { $0 != 32 && $0 != 9 }
    try require(parsed.name == ByteRange(0, name.count), "the word up to the first blank")
    let argument = parsed.argument
    try require(
        argument.start >= name.count && argument.start <= argument.end && argument.end <= line.count,
        "an argument in the line")
    let isTrimmed = argument.isEmpty || line[argument.end - 1] != 32 && line[argument.end - 1] != 9
    try require(isTrimmed, "an argument without blanks at its end")
    let upper = name.map { $0 > 96 && $0 < 123 ? $0 - 32 : $0 }
    let known = Verb.allCases.first { $0 != .other && Array("\($0)".utf8).map { $0 & 0xdf } == upper }
    try require(parsed.verb == known ?? .other, "the verb that is spelt: \(shown(name))")
}

/// The checks of UTF-8 against the standard library's.
private func checkText(_ line: [UInt8]) throws(BrokenInvariant) {
    let isValid = String(validating: line, as: UTF8.self) != nil
    try require(
        UTF8Check.isValid(line.span) == isValid, "UTF-8 as the standard library sees it: \(shown(line))")
    try require(UTF8Check.isASCII(line.span) == line.allSatisfy { $0 < 128 }, "ASCII")
}

private func checkHello(_ line: [UInt8], _ argument: ByteRange) throws(BrokenInvariant) {
    guard let strict = try? CommandParser.helloDomain(line.span, argument, .strict) else { return }
    let lenient = try? CommandParser.helloDomain(line.span, argument, .lenient)
    try require(strict == lenient, "what strict accepts, lenient reads the same: \(shown(line))")
    let again = try? MailDomain(strict.description)
    try require(again == strict, "a domain is read back: \(strict)")
    try require(again?.description == strict.description, "a domain is written the same: \(strict)")
    guard case .name(let name) = strict else { return }
    let copy = try? DomainName(name.description)
    try require(copy == name && copy?.hashValue == name.hashValue, "a name is read back: \(name)")
    try require(name.isASCII == UTF8Check.isASCII(name.bytes.span), "a name is as ASCII as its octets")
}

private func checkNumber(_ line: [UInt8], _ range: ByteRange) throws(BrokenInvariant) {
    let text = line[range.start..<range.end]
    let isNumber = text.count <= 20 && text.allSatisfy { $0 > 47 && $0 < 58 }
    let expected = isNumber ? Int(String(decoding: text, as: UTF8.self)) : nil
    try require(CommandParser.decimal(line.span, range) == expected, "a number: \(shown(text))")
}
