import SMTPProtocol
import Testing

@Suite struct DomainNameTests {
    @Test(arguments: [
        "a", "1", "a.b", "example.com", "EXAMPLE.com", "a-b.c--d", "1.2.3.4", "xn--bcher-kva.example",
        "bücher.example",
        "例子.测试", "a.é", "é.a", "-é".replacing("-", with: "x-"), "localhost",
    ]) func accept(_ text: String) throws {
        let name = try DomainName(text)
        #expect(name.description.utf8.elementsEqual(text.utf8) && name.bytes == Array(text.utf8))
        #expect(name.isASCII == text.utf8.allSatisfy { $0 < 128 })
        #expect(try MailDomain(text) == .name(name))
        #expect(MailDomain.name(name).description == text)
    }

    @Test(arguments: [
        ("", 0), (".", 0), ("a.", 2), (".a", 0), ("a..b", 2), ("-a", 0), ("a-", 1), ("-", 0), ("a.-b", 2),
        ("a.b-.c", 3),
        ("-é", 0), ("é-", 2), ("a_b", 1), ("a b", 1), (" a", 0), ("a ", 1), ("a\0", 1), ("a\r\n", 1),
        ("a@b", 1),
        ("a\t", 1), ("a\u{7f}", 1), ("a/b", 1), ("a:25", 1), ("*", 0), ("a\"", 1), ("[1.2.3.4]", 0),
        ("a(x)", 1),
    ]) func refuse(_ text: String, _ offset: Int) {
        let found = Parse.error { () throws(SyntaxError) in _ = try DomainName(text) }
        #expect(found == .error(.domain, offset))
    }

    @Test func `every octet in a label`() {
        for octet in UInt8.min...127 {
            let isLetterDigit =
                (48...57).contains(octet) || (65...90).contains(octet) || (97...122).contains(octet)
            func isAccepted(_ start: String, _ end: String, _ syntax: AddressSyntax = .strict) -> Bool {
                (try? Parse.mailbox(Parse.octets("FROM:<a@" + start, [octet], end + ">"), syntax)) != nil
            }
            #expect(isAccepted("x", "y") == (isLetterDigit || octet == 45 || octet == 46), "\(octet)")
            #expect(isAccepted("", "y") == isLetterDigit, "\(octet)")
            #expect(isAccepted("x", "") == isLetterDigit, "\(octet)")
            #expect(isAccepted("x.", ".y") == isLetterDigit, "\(octet)")
            #expect(
                isAccepted("x.", ".y", .lenient) == (isLetterDigit || octet == 45 || octet == 95), "\(octet)")
        }
    }

    static func name(_ labels: [Int], _ letter: String = "a") -> String {
        labels.map { String(repeating: letter, count: $0) }.joined(separator: ".")
    }

    @Test func `the longest label and the longest name`() throws {
        for syntax in [AddressSyntax.strict, .lenient] {
            func isAccepted(_ name: String) -> Bool { (try? Mailbox("a@" + name, syntax: syntax)) != nil }
            #expect(isAccepted(Self.name([63])) && !isAccepted(Self.name([64])))
            #expect(isAccepted(Self.name([1, 63, 1])) && !isAccepted(Self.name([1, 64, 1])))
            #expect(Self.name([63, 63, 63, 63]).utf8.count == 255)
            #expect(isAccepted(Self.name([63, 63, 63, 63])) && !isAccepted(Self.name([63, 63, 63, 61, 2])))
            // A U-label is as long as its A-label: a character is an octet or more of it.
            #expect(isAccepted(Self.name([59], "例")) && !isAccepted(Self.name([60], "例")))
            #expect(!isAccepted(Self.name([43, 43], "例")))
        }
        let longest = try DomainName(Self.name([63, 63, 63, 63]))
        #expect(longest.bytes.count == 255)
        #expect(
            Parse.error { () throws(SyntaxError) in _ = try DomainName(Self.name([63, 63, 63, 61, 2])) }
                == .error(.domain, 0))
        #expect(
            Parse.error { () throws(SyntaxError) in _ = try DomainName("ab." + Self.name([64])) }
                == .error(.domain, 3))
    }

    @Test func `equal but for the case of ASCII letters`() throws {
        let names: [DomainName] = ["example.com", "EXAMPLE.COM", "eXaMpLe.CoM"]
        #expect(Set(names).count == 1 && Set(names.map(\.hashValue)).count == 1)
        #expect(DomainName("example.com") != "example.org" && DomainName("a") != "a.b")
        #expect(DomainName("BÜCHER.example") != DomainName("bücher.example"))
        #expect(DomainName("Bücher.example") == DomainName("bücher.EXAMPLE"))
        #expect(DomainName("e\u{301}.x") != DomainName("\u{e9}.x"))
        #expect(DomainName("\u{212a}.x") != DomainName("k.x"))
        #expect(DomainName("xn--bcher-kva.x") != DomainName("bücher.x"))
        for octet in UInt8.min...127 where octet | 32 != octet {
            // Only letters have two cases: `@` is not a backquote.
            let pair = [octet, octet | 32].map {
                try? Mailbox(localPart: [97], domain: .literal(.general(tag: "t", content: [$0])))
            }
            if let first = pair[0], let second = pair[1] { #expect(first != second) }
        }
    }

    @Test(arguments: [
        ("client.example", AddressSyntax.strict, "client.example"), ("[192.0.2.1]", .strict, "[192.0.2.1]"),
        ("[ipv6:2001:DB8::1]", .strict, "[IPv6:2001:db8::1]"), ("my_pc", .lenient, "my_pc"),
        (" a (x)", .lenient, "a"),
        ("-a-", .lenient, "-a-"), ("bücher", .strict, "bücher"),
    ]) func `hello`(_ argument: String, _ syntax: AddressSyntax, _ domain: String) throws {
        let line = Parse.octets("EHLO ", Array(argument.utf8))
        let found = try CommandParser.helloDomain(line.span, ByteRange(5, line.count), syntax)
        #expect(found.description == domain)
    }

    @Test(arguments: [
        ("", AddressSyntax.strict, 5), ("my_pc", .strict, 7), ("a b", .strict, 6), ("a b", .lenient, 7),
        ("", .lenient, 5),
        ("a\0b", .lenient, 6), ("a.", .strict, 7), ("a@b", .lenient, 6), ("<a>", .lenient, 5),
        ("a\r\nb", .lenient, 6),
    ]) func `no hello`(_ argument: String, _ syntax: AddressSyntax, _ offset: Int) {
        let line = Parse.octets("EHLO ", Array(argument.utf8))
        let found = Parse.error { () throws(SyntaxError) in
            _ = try CommandParser.helloDomain(line.span, ByteRange(5, line.count), syntax)
        }
        #expect(found == .error(.domain, offset))
    }
}
