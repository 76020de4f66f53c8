import SMTPProtocol

/// One text as a path, as a mailbox, as a domain and as a local part: strict against an oracle, both syntaxes there and
/// back again.
func fuzzAddress(_ text: [UInt8]) throws(BrokenInvariant) {
    let strict = try readPath(text, .strict)
    let lenient = try readPath(text, .lenient)
    let expected = AddressOracle.path(text[...])
    try require((strict != nil) == (expected != nil), "\(shown(text)) is a path or not")
    if let strict, let expected {
        try require(strict.localPart == expected.localPart, "the local part of \(shown(text))")
        try require(strict == lenient, "what strict accepts, lenient reads the same: \(shown(text))")
    }
    if expected != nil || lenient != nil || text.contains(64) { try checkText(text) }
    try checkDomain(text)
    try checkLocalPart(text)
}

private let unlimited = AddressLimits(localPart: .max, domain: .max, path: .max)

/// `<text>` as a reverse-path, and as a forward-path, which must be the same if it is a mailbox.
private func readPath(_ text: [UInt8], _ syntax: AddressSyntax) throws(BrokenInvariant) -> Mailbox? {
    let line = [70, 82, 79, 77, 58, 60] + text + [62]
    let reverse = path(line, syntax, isForward: false)
    var forwardLine = line
    (forwardLine[2], forwardLine[3]) = (84, 79)
    let forward = path(forwardLine, syntax, isForward: true)
    try require(
        reverse == forward || reverse?.kind == .null || forward?.kind == .postmaster,
        "a path in both directions: \(shown(text))")
    guard let reverse, reverse.kind == .mailbox else { return nil }
    // The lenient syntax may find the end of the path before the end of the text, and parameters after it.
    let mailbox = Mailbox(line.span, reverse)
    try require(mailbox.isASCII || !reverse.isASCII, "a path is as ASCII as its mailbox")
    try checkMailbox(mailbox, syntax)
    return mailbox
}

private func path(_ line: [UInt8], _ syntax: AddressSyntax, isForward: Bool) -> ParsedPath? {
    let argument = ByteRange(isForward ? 2 : 0, line.count)
    let parsed =
        isForward
        ? try? CommandParser.recipient(line.span, argument, syntax, unlimited)
        : try? CommandParser.mail(line.span, argument, syntax, unlimited)
    guard let parsed, syntax == .lenient || parsed.parameters.isEmpty else { return nil }
    return parsed.path
}

/// The text by itself. Without brackets there is no source route.
private func checkText(_ text: [UInt8]) throws(BrokenInvariant) {
    guard let string = String(validating: text, as: UTF8.self) else { return }
    let strict = try? Mailbox(string)
    let expected = AddressOracle.mailbox(text[...])
    try require((strict != nil) == (expected != nil), "\(shown(text)) is a mailbox or not")
    let lenient = try? Mailbox(string, syntax: .lenient)
    if let strict {
        try require(strict == lenient, "what strict accepts, lenient reads the same: \(shown(text))")
    }
    if let lenient { try checkMailbox(lenient, .lenient) }
}

/// A mailbox survives being written and read, and being taken apart and put together.
private func checkMailbox(_ mailbox: Mailbox, _ syntax: AddressSyntax) throws(BrokenInvariant) {
    let text = mailbox.description
    let isClean = text.utf8.allSatisfy { $0 > 31 && $0 != 127 }
    try require(isClean && mailbox.localPart.allSatisfy { $0 > 31 && $0 != 127 }, "no controls in \(text)")
    if syntax == .strict {
        let canonical = AddressOracle.mailbox(Array(text.utf8)[...])
        try require(canonical?.localPart == mailbox.localPart, "the canonical form is one: \(text)")
    }
    do throws(SyntaxError) {
        try compare(mailbox, try Mailbox(text, syntax: syntax))
        try compare(mailbox, try Mailbox(localPart: mailbox.localPart, domain: mailbox.domain))
    } catch {
        throw BrokenInvariant("\(text) is not read back: \(error)")
    }
}

private func compare(_ a: Mailbox, _ b: Mailbox) throws(SyntaxError) {
    let isSame =
        a == b && a.hashValue == b.hashValue && a.description == b.description && a.isASCII == b.isASCII
    if !isSame { throw SyntaxError(.mailbox, at: 0) }
}

/// What HELO and EHLO take.
private func checkDomain(_ text: [UInt8]) throws(BrokenInvariant) {
    let domain = try? CommandParser.helloDomain(text.span, ByteRange(0, text.count))
    try require((domain != nil) == AddressOracle.isDomain(text[...]), "\(shown(text)) is a domain or not")
    guard let domain else { return }
    let written = domain.description
    let again = try? MailDomain(written)
    try require(again == domain && again?.hashValue == domain.hashValue, "a domain is read back: \(domain)")
    try require(again?.description == written, "a domain is written the same: \(domain)")
    guard case .name(let name) = domain else { return }
    try require(name.bytes == text, "a name as it was sent")
    let copy = try? DomainName(name.description)
    try require(copy == name && copy?.hashValue == name.hashValue, "a name is read back: \(name)")
    try require(name.isASCII == UTF8Check.isASCII(name.bytes.span), "a name is as ASCII as its octets")
}

/// Whatever octets may stand in a local part can be quoted so that they are read back.
private func checkLocalPart(_ octets: [UInt8]) throws(BrokenInvariant) {
    let isText = octets.allSatisfy { $0 < 128 } || String(validating: octets, as: UTF8.self) != nil
    let isAllowed = isText && octets.allSatisfy { $0 > 31 && $0 != 127 }
    let mailbox = try? Mailbox(localPart: octets, domain: anyDomain)
    try require((mailbox != nil) == isAllowed, "a local part or not: \(shown(octets))")
    guard let mailbox else { return }
    try require(mailbox.localPart == octets, "a local part as it was given")
    let again = try? Mailbox(mailbox.description)
    try require(again == mailbox, "a local part is read back: \(mailbox)")
}

private let anyDomain = MailDomain.name("example.com")
