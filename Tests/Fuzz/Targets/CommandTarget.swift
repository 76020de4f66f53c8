import SMTPProtocol

/// A command line through the parsers of the grammar, in both syntaxes, as positions in the line.
func fuzzCommand(_ line: [UInt8]) throws(BrokenInvariant) {
    let verb = CommandParser.verb(line.span)
    try checkVerb(line, verb)
    try checkText(line)
    // A line without a verb of its own is all argument, so that short inputs reach the parsers.
    let argument = verb.verb == .other ? ByteRange(0, line.count) : verb.argument
    try checkPath(line, argument, isForward: false)
    try checkPath(line, argument, isForward: true)
    try checkHello(line, argument)
    try checkNumber(line, argument)
}

/// The argument of MAIL or RCPT. What strict accepts as a whole, lenient reads the same.
private func checkPath(_ line: [UInt8], _ argument: ByteRange, isForward: Bool) throws(BrokenInvariant) {
    let strict = try path(line, argument, .strict, isForward)
    let lenient = try path(line, argument, .lenient, isForward)
    let read = try lenient.map { parsed throws(BrokenInvariant) in
        try readsParameters(line, parsed.parameters, .lenient)
    }
    guard let strict, try readsParameters(line, strict.parameters, .strict) else { return }
    try require(
        strict == lenient && read == true, "what strict accepts, lenient reads the same: \(shown(line))")
}

private func path(
    _ line: [UInt8], _ argument: ByteRange, _ syntax: AddressSyntax, _ isForward: Bool
) throws(BrokenInvariant) -> ParsedMail? {
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
    let limits = AddressLimits()
    try require(path.octets <= limits.path, "a path within its limit")
    try require(parsed.parameters.start <= argument.end, "parameters in the argument")
    try require(parsed.parameters.end == argument.end, "parameters up to the end")
    try require(isForward ? path.kind != .null : path.kind != .postmaster, "a path of the right kind")
    guard path.kind == .mailbox else { return parsed }
    try require(
        path.localPart.start >= argument.start && path.localPart.end < path.domain.start
            && path.domain.start < path.domain.end && path.domain.end <= parsed.parameters.start,
        "local part, then domain, then parameters")
    try require(path.domain.count <= limits.domain, "a domain within its limit")
    return parsed
}

/// Whether the parameters are well-formed; either way each is taken once.
private func readsParameters(
    _ line: [UInt8], _ range: ByteRange, _ syntax: AddressSyntax
) throws(BrokenInvariant) -> Bool {
    var rest = range
    while true {
        let old = rest
        do throws(SyntaxError) {
            guard try CommandParser.nextParameter(line.span, &rest, syntax) != nil else { break }
        } catch {
            let isInside = error.offset >= range.start && error.offset <= range.end
            try require(isInside && error.production == .parameter, "a parameter's error: \(error)")
            return false
        }
        try require(rest.start > old.start && rest.end == old.end, "each parameter is taken")
    }
    try require(rest.isEmpty, "all parameters taken")
    return true
}

private func checkVerb(_ line: [UInt8], _ parsed: ParsedVerb) throws(BrokenInvariant) {
    var count = 0
    while count < line.count, line[count] != 32, line[count] != 9 { count += 1 }
    try require(parsed.name == ByteRange(0, count), "the word up to the first blank")
    let argument = parsed.argument
    try require(
        argument.start >= count && argument.start <= argument.end && argument.end <= line.count,
        "an argument in the line")
    let isTrimmed = argument.isEmpty || line[argument.end - 1] != 32 && line[argument.end - 1] != 9
    try require(isTrimmed, "an argument without blanks at its end")
    var known = Verb.other
    for (verb, name) in verbs where name.count == count {
        var isSame = true
        for index in name.indices where line[index] != name[index] && line[index] != name[index] + 32 {
            isSame = false
        }
        if isSame { known = verb }
    }
    try require(parsed.verb == known, "the verb that is spelt: \(shown(line[..<count]))")
}

/// In upper case.
private let verbs: [(verb: Verb, name: [UInt8])] = Verb.allCases.filter { $0 != .other }.map { verb in
    (verb, "\(verb)".utf8.map { $0 & 0xdf })
}

/// The checks of UTF-8 against the standard library's.
private func checkText(_ line: [UInt8]) throws(BrokenInvariant) {
    let isASCII = line.allSatisfy { $0 < 128 }
    try require(UTF8Check.isASCII(line.span) == isASCII, "ASCII")
    let isValid = isASCII || String(validating: line, as: UTF8.self) != nil
    try require(
        UTF8Check.isValid(line.span) == isValid, "UTF-8 as the standard library sees it: \(shown(line))")
}

private func checkHello(_ line: [UInt8], _ argument: ByteRange) throws(BrokenInvariant) {
    guard let strict = try? CommandParser.helloDomain(line.span, argument, .strict) else {
        _ = try? CommandParser.helloDomain(line.span, argument, .lenient)
        return
    }
    let lenient = try? CommandParser.helloDomain(line.span, argument, .lenient)
    try require(strict == lenient, "what strict accepts, lenient reads the same: \(shown(line))")
}

private func checkNumber(_ line: [UInt8], _ range: ByteRange) throws(BrokenInvariant) {
    let text = line[range.start..<range.end]
    var expected: Int?
    if text.count <= 20, text.allSatisfy({ $0 > 47 && $0 < 58 }) {
        expected = Int(String(decoding: text, as: UTF8.self))
    }
    try require(CommandParser.decimal(line.span, range) == expected, "a number: \(shown(text))")
}
