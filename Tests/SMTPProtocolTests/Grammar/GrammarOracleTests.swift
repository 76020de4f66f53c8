import SMTPProtocol
import Testing

/// The parser against the grammar of RFC 5321 written down a second time, as regular expressions; and against octets
/// that follow no grammar at all.
@Suite struct GrammarOracleTests {
    /// The productions of RFC 5321 §4.1.2, ASCII only and without lengths. IPv6 literals have a test of their own.
    static let patterns: (mail: String, recipient: String) = {
        let atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
        let dotString = "\(atom)(\\.\(atom))*"
        let quoted = #""([ !#-\[\]-~]|\\[ -~])*""#
        let label = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
        let domain = "\(label)(\\.\(label))*"
        let snum = "([01]?[0-9]?[0-9]|2[0-4][0-9]|25[0-5])"
        let general = #"(?![Ii][Pp][Vv]6:)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?:[!-Z^-~]+"#
        let literal = "\\[(\(snum)(\\.\(snum)){3}|\(general))\\]"
        let mailbox = "(\(dotString)|\(quoted))@(\(domain)|\(literal))"
        let path = "<(@\(domain)(,@\(domain))*:)?\(mailbox)>"
        let keyword = "[A-Za-z0-9][A-Za-z0-9-]*"
        let parameter = "\(keyword)(=[!-<>-~]+)?"
        let parameters = "( \(parameter))* ?"
        return (
            "[Ff][Rr][Oo][Mm]:(\(path)|<>)\(parameters)",
            "[Tt][Oo]:(\(path)|<[Pp][Oo][Ss][Tt][Mm][Aa][Ss][Tt][Ee][Rr]>)\(parameters)"
        )
    }()

    static let pieces = [
        "FROM:", "TO:", "<", ">", "<>", "@", ".", ":", ",", "\"", "\\", "(", ")", "[", "]", "[1.2.3.4]",
        "[IPv6:::1]", "[x:y]",
        "-", "_", " ", "a", "B", "0", "25", "postmaster", "a@b", "<a@b>", "a.b", "\"a b\"", "@a:", "@a,@b:",
        "SIZE=1", "X", "=",
        "+", "!", "\t", "\0", "\r\n", "\u{7f}", "é", "例", "\u{a0}",
    ]
    static let good = [
        "FROM:<>", "FROM:<a.b@c.d>", "FROM:<\"a b\"@c-d.e> X=1", "TO:<postmaster>", "TO:<@a,@b:c@d> X Y=2",
        "FROM:<a@[1.2.3.4]> SIZE=1", "TO:<\"\\\"\"@[x:y]>", "FROM:<a@[IPv6:1::2]>", "TO:<é@例> X=é",
    ]

    /// Either pieces in a row, or something good with a few changes.
    static func line(_ numbers: inout Numbers) -> [UInt8] {
        if numbers.below(3) == 0 {
            return (0..<(numbers.below(12) + 1)).flatMap { _ in
                Array(pieces[numbers.below(pieces.count)].utf8)
            }
        }
        var line = Array(good[numbers.below(good.count)].utf8)
        for _ in 0..<numbers.below(4) {
            let position = numbers.below(line.count + 1)
            switch numbers.below(3) {
            case 0: line.insert(contentsOf: pieces[numbers.below(pieces.count)].utf8, at: position)
            case 1 where position < line.count: line.remove(at: position)
            default: line.insert(UInt8(truncatingIfNeeded: numbers.below(256)), at: position)
            }
        }
        return line
    }

    /// Whether the whole argument, parameters included, is accepted.
    static func isAccepted(_ line: [UInt8], _ syntax: AddressSyntax) -> Bool {
        let isRecipient = line.first.map { $0 | 32 } == UInt8(ascii: "t")
        let whole = ByteRange(0, line.count)
        do throws(SyntaxError) {
            let parsed =
                isRecipient
                ? try CommandParser.recipient(line.span, whole, syntax, Parse.unlimited)
                : try CommandParser.mail(line.span, whole, syntax, Parse.unlimited)
            check(parsed, line, syntax)
            var rest = parsed.parameters
            var last = rest.start
            while let parameter = try CommandParser.nextParameter(line.span, &rest, syntax) {
                #expect(parameter.keyword.start >= last && !parameter.keyword.isEmpty && rest.start > last)
                if let value = parameter.value {
                    #expect(value.start == parameter.keyword.end + 1 && !value.isEmpty)
                }
                last = rest.start
            }
            return true
        } catch {
            #expect((0...line.count).contains(error.offset))
            return false
        }
    }

    /// What must be true of every path that any syntax accepts.
    static func check(_ parsed: ParsedMail, _ line: [UInt8], _ syntax: AddressSyntax) {
        let path = parsed.path
        #expect(path.octets >= 2 && path.octets <= line.count)
        #expect((0...line.count).contains(parsed.parameters.start) && parsed.parameters.end == line.count)
        guard path.kind == .mailbox else { return }
        let mailbox = Mailbox(line.span, path)
        #expect(mailbox.localPart.allSatisfy { $0 >= 32 && $0 != 127 }, "\(line)")
        #expect(mailbox.description.utf8.allSatisfy { $0 >= 32 && $0 != 127 }, "\(line)")
        #expect(mailbox.isASCII || !path.isASCII, "\(line)")
        #expect((try? Mailbox(mailbox.description, syntax: syntax)) == mailbox, "\(line)")
        #expect((try? Mailbox(localPart: mailbox.localPart, domain: mailbox.domain)) == mailbox, "\(line)")
    }

    @Test(arguments: 0..<8) func `the same language as the regular expressions`(_ seed: Int) throws {
        let mail = try Regex(Self.patterns.mail).matchingSemantics(.unicodeScalar)
        let recipient = try Regex(Self.patterns.recipient).matchingSemantics(.unicodeScalar)
        var numbers = Numbers(state: UInt64(seed))
        var accepted = 0
        for _ in 0..<2_000 {
            let line = Self.line(&numbers)
            let isAccepted = Self.isAccepted(line, .strict)
            if isAccepted { #expect(Self.isAccepted(line, .lenient), "\(line)") }
            accepted += isAccepted ? 1 : 0
            let text = String(decoding: line, as: UTF8.self)
            guard line.allSatisfy({ $0 < 128 }), !text.contains("v6:") else { continue }
            let isMatch =
                try (line[0] | 32 == UInt8(ascii: "t") ? recipient : mail).wholeMatch(in: text) != nil
            #expect(isAccepted == isMatch, "\(text.debugDescription)")
        }
        #expect(accepted > 100 && accepted < 1_500)
    }

    @Test(arguments: 0..<8) func `no octets make a parser trap`(_ seed: Int) {
        var numbers = Numbers(state: UInt64(seed) << 32)
        for round in 0..<4_000 {
            let isRaw = round % 2 == 0
            let line =
                isRaw ? (0..<numbers.below(40)).map { _ in UInt8(numbers.below(256)) } : Self.line(&numbers)
            for syntax in [AddressSyntax.strict, .lenient] {
                _ = Self.isAccepted(line, syntax)
                _ = Self.isAccepted(Array("FROM:<".utf8) + line, syntax)
                _ = Self.isAccepted(Array("TO:".utf8) + line, syntax)
                _ = try? CommandParser.helloDomain(line.span, ByteRange(0, line.count), syntax)
                _ = try? Mailbox(String(decoding: line, as: UTF8.self), syntax: syntax)
            }
            let parsed = CommandParser.verb(line.span)
            #expect(parsed.name.end <= parsed.argument.start && parsed.argument.end <= line.count)
            _ = CommandParser.decimal(line.span, ByteRange(0, line.count))
            _ = try? MailDomain("[" + String(decoding: line, as: UTF8.self) + "]")
            _ = try? XText.decode(line.span)
            _ = try? Base64.decode(line.span)
            _ = Keyword(line.span)
            #expect(XTextTests.isRoundTrip(line))
            let isText = String(validating: line, as: UTF8.self) != nil
            #expect(UTF8CheckTests.isValid(line) == isText)
        }
    }

    /// A line in the middle of others, cut out as a span and given as a range.
    @Test func `positions are positions in the line`() throws {
        let before = Array("MAIL FROM:<x@y>\r\n".utf8)
        let line = Array("MAIL FROM:<\"a\\ b\"@[1.2.3.4]> SIZE=7 X".utf8)
        let all = before + line + Array("\r\nRCPT TO:<c@d>".utf8)
        let slice = all[before.count..<(before.count + line.count)]
        for count in 0...line.count {
            let cut = slice.span.extracting(0..<count)
            let verb = CommandParser.verb(cut)
            let parsed = try? CommandParser.mail(cut, verb.argument)
            #expect((parsed != nil) == (count >= 28), "\(count)")
        }
        let verb = CommandParser.verb(slice.span)
        #expect(verb.argument == ByteRange(5, line.count))
        let parsed = try CommandParser.mail(slice.span, verb.argument)
        let mailbox = Mailbox(slice.span, parsed.path)
        #expect(try mailbox == Mailbox("\"a b\"@[1.2.3.4]"))
        var rest = parsed.parameters
        let size = try CommandParser.nextParameter(slice.span, &rest)
        #expect(size?.keyword == ByteRange(29, 33) && size?.value == ByteRange(34, 35))
        // The same as a range of the whole, with text on both sides that must not be read.
        let argument = ByteRange(before.count + 5, before.count + line.count)
        let inWhole = try CommandParser.mail(all.span, argument)
        #expect(inWhole.path.domain.start == parsed.path.domain.start + before.count)
        let same = Mailbox(all.span, inWhole.path)
        #expect(same == mailbox)
        let short = ByteRange(argument.start, argument.start + 22)
        #expect(Parse.error { () throws(SyntaxError) in _ = try CommandParser.mail(all.span, short) } != nil)
    }
}
