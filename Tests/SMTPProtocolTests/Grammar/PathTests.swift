import SMTPProtocol
import Testing

/// The strict syntax.
@Suite struct PathTests {
    static let accepted: [(String, String)] = [
        ("FROM:<>", "<>"), ("from:<>", "<>"), ("FrOm:<a@b>", "a@b"), ("TO:<a@b>", "a@b"), ("tO:<a@b>", "a@b"),
        ("FROM:<user@example.com>", "user@example.com"), ("FROM:<a@b.c.d.e>", "a@b.c.d.e"),
        ("FROM:<a.b.c@d>", "a.b.c@d"), ("FROM:<!#$%&'*+-/=?^_`{|}~@d>", "!#$%&'*+-/=?^_`{|}~@d"),
        ("FROM:<Smith@X>", "Smith@X"), ("FROM:<postmaster@x>", "postmaster@x"), ("FROM:<1@2>", "1@2"),
        ("FROM:<a@a--b.x-1.2-y>", "a@a--b.x-1.2-y"),
        ("FROM:<a@xn--bcher-kva.example>", "a@xn--bcher-kva.example"),
        ("FROM:<\"\"@d>", "\"\"@d"), ("FROM:<\"a b\"@d>", "\"a b\"@d"),
        ("FROM:<\"a\\\"b\"@d>", "\"a\\\"b\"@d"),
        ("FROM:<\"a\\\\\"@d>", "\"a\\\\\"@d"), ("FROM:<\"<>@,:;()[].\\ \"@d>", "\"<>@,:;()[].\\ \"@d"),
        ("FROM:<\".a..b.\"@d>", "\".a..b.\"@d"), ("FROM:<\"@\"@d>", "\"@\"@d"),
        ("FROM:<a@[192.0.2.1]>", "a@[192.0.2.1]"), ("FROM:<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]"),
        ("FROM:<a@[tag:x]>", "a@[tag:x]"), ("FROM:<@a.example:c@d.example>", "c@d.example"),
        ("FROM:<@a.example,@b.example:c@d.example>", "c@d.example"),
        ("TO:<@a,@b,@c:\"d\"@[1.2.3.4]>", "\"d\"@[1.2.3.4]"),
        ("TO:<postmaster>", "<postmaster>"), ("TO:<Postmaster>", "<Postmaster>"),
        ("TO:<POSTMASTER>", "<POSTMASTER>"),
        ("TO:<postMaster@d>", "postMaster@d"), ("FROM:<björn@example.com>", "björn@example.com"),
        ("FROM:<\"é \"@d>", "\"é \"@d"), ("FROM:<a@bücher.example>", "a@bücher.example"),
        ("FROM:<用户@例子.广告>", "用户@例子.广告"), ("FROM:<a.é.b@d>", "a.é.b@d"), ("FROM:<😀@d>", "😀@d"),
        ("TO:<@bücher.example:a@b>", "a@b"), ("FROM:<a＠b@c>", "a＠b@c"),
    ]

    @Test(arguments: accepted) func accept(_ argument: String, _ path: String) {
        #expect(Parse.path(argument) == .path(path))
        #expect(Parse.path(argument + " ") == .path(path))
        #expect(Parse.path(argument + " SIZE=1 X") == .path(path, rest: "SIZE=1 X"))
        // Whatever is right to the letter is right for the lenient syntax too.
        #expect(Parse.path(argument + " SIZE=1 X", .lenient) == .path(path, rest: "SIZE=1 X"))
    }

    static let refused: [(String, SyntaxError.Production, Int)] = [
        // The command word.
        ("", .command, 0), ("FROM", .command, 0), ("FROM<a@b>", .command, 0), ("FROM :<a@b>", .command, 0),
        (" FROM:<a@b>", .command, 0), ("\tFROM:<a@b>", .command, 0), ("<a@b>", .command, 0),
        ("TO <a@b>", .command, 0),
        ("FRO\u{17f}:<a@b>", .command, 0), ("TO", .command, 0),
        // Brackets, and what is around them.
        ("FROM:", .path, 5), ("TO:", .path, 3), ("FROM: <a@b>", .path, 5), ("TO: <a@b>", .path, 3),
        ("FROM:\t<a@b>", .path, 5), ("FROM:a@b", .path, 5), ("FROM:(x)<a@b>", .path, 5),
        ("TO:postmaster", .path, 3),
        ("FROM:<a@b", .path, 9), ("FROM:<a@[1.2.3.4]", .path, 17), ("FROM:<a@b>x", .path, 10),
        ("FROM:<a@b>SIZE=1", .path, 10), ("FROM:<a@b>\tSIZE=1", .path, 10), ("FROM:<a@b>>", .path, 10),
        ("FROM:<a@b>\0<c@d>", .path, 10), ("FROM:<a@b>\u{a0}X", .path, 10), ("FROM:<a@b>(x)", .path, 10),
        ("FROM:<>x", .path, 7), ("FROM:<a@b>\r\nRCPT TO:<c@d>", .path, 10), ("FROM:>a@b<", .path, 5),
        // Half a mailbox.
        ("FROM:<a>", .mailbox, 7), ("FROM:<a", .mailbox, 7), ("FROM:<postmaster>", .mailbox, 16),
        ("TO:<a>", .mailbox, 5), ("TO:<postmaste>", .mailbox, 13), ("TO:<\"postmaster\">", .mailbox, 16),
        ("TO:<@a:postmaster>", .mailbox, 17), ("FROM:<", .localPart, 6), ("TO:<>", .localPart, 4),
        ("FROM:<@>", .domain, 7), ("FROM:<@d>", .path, 8), ("FROM:<a@>", .domain, 8),
        ("FROM:<a@", .domain, 8),
        // Local parts.
        ("FROM:<.a@b>", .localPart, 6), ("FROM:<a.@b>", .localPart, 8), ("FROM:<a..b@c>", .localPart, 8),
        ("FROM:<.@b>", .localPart, 6), ("FROM:<a b@c>", .localPart, 7), ("FROM:< a@b>", .localPart, 6),
        ("FROM:<a @b>", .localPart, 7), ("FROM:<a\\b@c>", .localPart, 7), ("FROM:<a,b@c>", .localPart, 7),
        ("FROM:<a(x)@c>", .localPart, 7), ("FROM:<<a@b>>", .localPart, 6), ("FROM:<a\0@b>", .localPart, 7),
        ("FROM:<\"a@b>", .localPart, 11), ("FROM:<\"a\"b@c>", .localPart, 9),
        ("FROM:<a\"b\"@c>", .localPart, 7),
        ("FROM:<\"a\".b@c>", .localPart, 9), ("FROM:<\"a\tb\"@c>", .localPart, 8),
        ("FROM:<\"a\r\n\"@c>", .localPart, 8),
        ("FROM:<\"a\\\u{7f}\"@c>", .localPart, 8), ("FROM:<\"a\\é\"@c>", .localPart, 8),
        ("FROM:<\"a\\", .localPart, 8),
        ("FROM:<\"", .localPart, 7), ("FROM:<\"a\\\"@b>", .localPart, 13),
        ("FROM:<postmaster x>", .localPart, 16),
        // Domains.
        ("FROM:<a@b@c>", .domain, 9), ("FROM:<a@b.>", .domain, 10), ("FROM:<a@.b>", .domain, 8),
        ("FROM:<a@b..c>", .domain, 10), ("FROM:<a@-b>", .domain, 8), ("FROM:<a@b->", .domain, 9),
        ("FROM:<a@b.-c>", .domain, 10), ("FROM:<a@b-.c>", .domain, 9), ("FROM:<a@b_c>", .domain, 9),
        ("FROM:<a@b c>", .domain, 9), ("FROM:<a@ b>", .domain, 8), ("FROM:<a@b >", .domain, 9),
        ("FROM:<a@b(x)>", .domain, 9), ("FROM:<a@b\0>", .domain, 9), ("FROM:<a@b\r\n>", .domain, 9),
        ("FROM:<a@[1.2.3.4]x>", .domain, 17), ("FROM:<a@b[1.2.3.4]>", .domain, 9),
        ("FROM:<a@b!c>", .domain, 9),
        ("FROM:<a@b/c>", .domain, 9), ("FROM:<a@b,c@d>", .domain, 9), ("FROM:<a@\"b\">", .domain, 8),
        // Source routes.
        ("FROM:<@a>", .path, 8), ("FROM:<@a,b:c@d>", .path, 9), ("FROM:<@a@b:c@d>", .path, 8),
        ("FROM:<@a,:c@d>", .path, 9), ("FROM:<@:c@d>", .domain, 7), ("FROM:<@a:>", .localPart, 9),
        ("FROM:<@a:@b:c@d>", .localPart, 9), ("FROM:<@[1.2.3.4]:c@d>", .domain, 7),
        ("FROM:<a:c@d>", .localPart, 7),
        ("FROM:<@a, @b:c@d>", .path, 9), ("FROM:<@a: c@d>", .localPart, 9), ("FROM:<@a_b:c@d>", .path, 8),
        ("FROM:<@a", .path, 8), ("FROM:<@a:c@d", .path, 12),
        // Address literals.
        ("FROM:<a@[]>", .addressLiteral, 8), ("FROM:<a@[1.2.3.4>", .addressLiteral, 17),
        ("FROM:<a@[1.2.3.4", .addressLiteral, 16), ("FROM:<a@[300.1.1.1]>", .addressLiteral, 8),
        ("FROM:<a@[1.2.3.4\0]>", .addressLiteral, 16), ("FROM:<a@[1.2. 3.4]>", .addressLiteral, 13),
        ("FROM:<a@[é]>", .addressLiteral, 9), ("FROM:<a@[[1.2.3.4]]>", .addressLiteral, 9),
        ("FROM:<a@[IPv6:fe80::1%eth0]>", .addressLiteral, 8), ("FROM:<a@[t:\\]]>", .addressLiteral, 11),
    ]

    @Test(arguments: refused) func refuse(
        _ argument: String, _ production: SyntaxError.Production, _ offset: Int
    ) {
        #expect(Parse.path(argument) == .error(production, offset), "\(argument)")
    }

    @Test(arguments: UTF8CheckTests.malformed) func `malformed UTF-8`(_ malformed: [UInt8]) {
        #expect(Parse.path(Parse.octets("FROM:<a", malformed, "@b>")) == .error(.localPart, 7))
        #expect(Parse.path(Parse.octets("FROM:<\"", malformed, "\"@b>")) == .error(.localPart, 7))
        #expect(Parse.path(Parse.octets("FROM:<a@b", malformed, ".c>")) == .error(.domain, 9))
        #expect(Parse.path(Parse.octets("FROM:<@a", malformed, ":b@c>")) == .error(.domain, 8))
        #expect(Parse.path(Parse.octets("FROM:<a@b", malformed)) == .error(.domain, 9))
        #expect(Parse.path(Parse.octets("FROM:(", malformed, ")<a@b>"), .lenient) == .error(.path, 6))
        #expect(Parse.path(Parse.octets("FROM:<a@b", malformed, ".c>"), .lenient) == .error(.domain, 9))
    }

    @Test(arguments: [
        ("FROM:<a@b>", true), ("FROM:<>", true), ("FROM:<é@b>", false), ("FROM:<\"é\"@b>", false),
        ("FROM:<a@é>", false), ("FROM:<@é:a@b>", false), ("FROM:<a@b> X=é", true), ("FROM:<a@b> (é)", false),
        ("FROM:(é)<a@b>", false),
        ("FROM:é@b", false),
    ]) func `whether SMTPUTF8 is needed`(_ argument: String, _ isASCII: Bool) throws {
        let octets = Array(argument.utf8)
        let parsed = try CommandParser.mail(octets.span, ByteRange(0, octets.count), .lenient)
        #expect(parsed.path.isASCII == isASCII)
    }

    @Test(arguments: [
        ("FROM:<>", 2), ("FROM:<a@b>", 5), ("FROM:<a@b> X=1", 5), ("FROM:<@a,@b:a@b>", 11),
        ("FROM:<\"\\a\"@[1.2.3.4]>", 16),
        ("FROM: < a@b > ", 7), ("FROM:a@b X", 3),
    ]) func `the length of the path`(_ argument: String, _ count: Int) throws {
        let octets = Array(argument.utf8)
        let parsed = try CommandParser.mail(octets.span, ByteRange(0, octets.count), .lenient)
        #expect(parsed.path.octets == count)
    }
}
