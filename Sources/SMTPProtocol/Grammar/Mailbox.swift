/// `Local-part "@" ( Domain / address-literal )` (RFC 5321 §4.1.2).
///
/// The local part is kept without its quotes, as octets: `"abc"@x`, `"a\bc"@x` and `abc@x` are equal, while `Abc@x`,
/// and the composed and decomposed forms of one character, are not. Domains that differ only in the case of ASCII
/// letters are equal; so are different spellings of one IP address.
public struct Mailbox: Hashable, Sendable, CustomStringConvertible {
    /// The local part without quotes, then the domain: as sent if a name, in canonical form if a literal.
    private let octets: [UInt8]
    /// Where the domain begins.
    private let split: Int

    /// Throws unless the whole text is a mailbox, without angle brackets. A local part of any length is taken.
    public init(_ text: String, syntax: AddressSyntax = .strict) throws(SyntaxError) {
        let bytes = Array(text.utf8)
        let line = bytes.span
        var cursor = AddressCursor(ByteRange(0, bytes.count), syntax)
        try cursor.foldingSpace(line)
        let unlimited = AddressLimits(localPart: .max, domain: AddressCursor.longestDomain, path: .max)
        let path = try cursor.mailbox(line, unlimited, isBracketed: true, allowsPostmaster: false)
        try cursor.foldingSpace(line)
        guard cursor.isAtEnd else { throw SyntaxError(.domain, at: cursor.position) }
        self.init(line, path)
    }

    /// Puts the two halves together; the local part comes without quotes, and whatever has to be quoted will be.
    ///
    /// Throws if it holds control octets or malformed UTF-8, or if a general address literal holds what none may.
    public init(localPart: some Sequence<UInt8>, domain: MailDomain) throws(SyntaxError) {
        var octets = Array(localPart)
        split = octets.count
        var index = 0
        while index < octets.count {
            let length = UTF8Check.scalarLength(octets.span, at: index, end: octets.count)
            guard length > 1 || OctetSet.printable.contains(octets[index]) else {
                throw SyntaxError(.localPart, at: index)
            }
            index += length
        }
        switch domain {
        case .name(let name): octets += name.bytes
        case .literal(let literal):
            if case .general(_, let content) = literal {
                guard !content.isEmpty, content.allSatisfy({ OctetSet.literalContent.contains($0) }) else {
                    throw SyntaxError(.addressLiteral, at: split)
                }
            }
            octets += literal.text
        }
        self.octets = octets
    }

    /// The mailbox that `CommandParser` found in `line`, copied out of it and unquoted: one allocation if there is
    /// neither a quoted string nor an address literal in it. Traps if the path is no mailbox.
    public init(_ line: Span<UInt8>, _ path: ParsedPath) {
        precondition(path.kind == .mailbox, "the path has no mailbox")
        let literal = line[path.domain.start] == UInt8(ascii: "[") ? AddressLiteral(line, path.domain) : nil
        guard literal == nil, !path.isQuoted else {
            var octets = path.isQuoted ? Self.unquoted(line, path.localPart) : Self.copy(line, path.localPart)
            split = octets.count
            octets += literal?.text ?? Self.copy(line, path.domain)
            self.octets = octets
            return
        }
        split = path.localPart.count
        var octets: [UInt8] = []
        octets.reserveCapacity(path.localPart.count + path.domain.count)
        Self.append(line, path.localPart, to: &octets)
        Self.append(line, path.domain, to: &octets)
        self.octets = octets
    }

    @inline(__always)
    private static func append(_ line: Span<UInt8>, _ range: ByteRange, to octets: inout [UInt8]) {
        unsafe line.extracting(range.start..<range.end).withUnsafeBufferPointer {
            unsafe octets.append(contentsOf: $0)
        }
    }

    private static func copy(_ line: Span<UInt8>, _ range: ByteRange) -> [UInt8] {
        (range.start..<range.end).map { line[$0] }
    }

    /// A backslash stands for the octet after it (RFC 5321 §4.1.2 quoted-pairSMTP).
    private static func unquoted(_ line: Span<UInt8>, _ range: ByteRange) -> [UInt8] {
        var octets: [UInt8] = []
        var index = range.start + 1
        while index < range.end - 1 {
            if line[index] == UInt8(ascii: "\\"), index + 1 < range.end - 1 { index += 1 }
            octets.append(line[index])
            index += 1
        }
        return octets
    }

    /// Without quotes; ASCII or well-formed UTF-8, no control octets.
    public var localPart: [UInt8] { Array(octets[..<split]) }

    /// The local part without quotes, for people: compare mailboxes or octets, not this.
    public var localPartText: String { String(decoding: octets[..<split], as: UTF8.self) }

    /// The right-hand side.
    public var domain: MailDomain { MailDomain(octets.span, parsed: ByteRange(split, octets.count)) }

    /// Whether it can be sent without SMTPUTF8.
    public var isASCII: Bool { UTF8Check.isASCII(octets.span) }

    /// As it is sent, without angle brackets; quoted only if it must be (RFC 5321 §4.1.2).
    public var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(octets.count + 3)
        if isDotString {
            text += octets[..<split]
        } else {
            text.append(UInt8(ascii: "\""))
            for octet in octets[..<split] {
                if !OctetSet.quotedText.contains(octet), octet < 128 { text.append(UInt8(ascii: "\\")) }
                text.append(octet)
            }
            text.append(UInt8(ascii: "\""))
        }
        text.append(UInt8(ascii: "@"))
        text += octets[split...]
        return String(decoding: text, as: UTF8.self)
    }

    private var isDotString: Bool {
        var afterDot = true
        for octet in octets[..<split] {
            if octet == UInt8(ascii: ".") {
                if afterDot { return false }
                afterDot = true
            } else {
                guard octet > 127 || OctetSet.atext.contains(octet) else { return false }
                afterDot = false
            }
        }
        return !afterDot
    }

    /// The local parts are the same octets; the domains differ at most in the case of letters (RFC 5321 §2.4).
    public static func == (a: Self, b: Self) -> Bool {
        guard a.split == b.split, a.octets.count == b.octets.count else { return false }
        let exact = a.exactCount
        for index in a.octets.indices where a.octets[index] != b.octets[index] {
            guard index >= exact, a.octets[index].lowercasedASCII == b.octets[index].lowercasedASCII else {
                return false
            }
        }
        return true
    }

    /// Consistent with `==`.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(split)
        hasher.combine(octets.count)
        let exact = exactCount
        for index in octets.indices {
            hasher.combine(index < exact ? octets[index] : octets[index].lowercasedASCII)
        }
    }

    /// How many octets must be the same: a literal is canonical already, and its content is not ours to judge.
    private var exactCount: Int {
        split < octets.count && octets[split] == UInt8(ascii: "[") ? octets.count : split
    }
}
