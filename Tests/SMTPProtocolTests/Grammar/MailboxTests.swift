import SMTPProtocol
import Testing

@Suite struct MailboxTests {
    /// As written; the local part without quotes; as printed.
    static let forms: [(String, String, String)] = [
        ("a@b", "a", "a@b"), ("\"abc\"@x", "abc", "abc@x"), ("\"a\\bc\"@x", "abc", "abc@x"),
        ("\"\"@x", "", "\"\"@x"),
        ("\"a b\"@x", "a b", "\"a b\"@x"), ("\"a\\ b\"@x", "a b", "\"a b\"@x"),
        ("\"a\\\"b\"@x", "a\"b", "\"a\\\"b\"@x"),
        ("\"a\\\\b\"@x", "a\\b", "\"a\\\\b\"@x"), ("\"\\\\\"@x", "\\", "\"\\\\\"@x"),
        ("\"\\\"\"@x", "\"", "\"\\\"\"@x"),
        ("\"a.b\"@x", "a.b", "a.b@x"), ("\"a..b\"@x", "a..b", "\"a..b\"@x"), ("\".a\"@x", ".a", "\".a\"@x"),
        ("\"a.\"@x", "a.", "\"a.\"@x"), ("\"a@b\"@x", "a@b", "\"a@b\"@x"), ("\"é\"@x", "é", "é@x"),
        ("\"é ü\"@x", "é ü", "\"é ü\"@x"), ("Ab@X.Org", "Ab", "Ab@X.Org"), ("\"(x)\"@x", "(x)", "\"(x)\"@x"),
        ("a@[001.2.3.4]", "a", "a@[1.2.3.4]"), ("\"a\\@b\"@[ipv6:::1]", "a@b", "\"a@b\"@[IPv6:::1]"),
    ]

    @Test(arguments: forms) func `there and back`(_ text: String, _ localPart: String, _ printed: String)
        throws
    {
        let mailbox = try Mailbox(text)
        #expect(mailbox.localPart == Array(localPart.utf8))
        #expect(mailbox.localPartText == localPart)
        #expect(mailbox.description.utf8.elementsEqual(printed.utf8))
        #expect(mailbox.isASCII == text.utf8.allSatisfy { $0 < 128 })
        let again = try Mailbox(printed)
        #expect(again == mailbox && again.hashValue == mailbox.hashValue)
        #expect(try Mailbox(localPart: localPart.utf8, domain: mailbox.domain) == mailbox)
        #expect(try Parse.mailbox(Array("FROM:<\(text)> X=1".utf8)) == mailbox)
        #expect(try Mailbox(text, syntax: .lenient) == mailbox)
    }

    @Test(arguments: [
        ["\"abc\"@x", "abc@x", "\"a\\bc\"@x", "abc@X"], ["a@b.c", "a@B.C"],
        ["a@[1.2.3.4]", "\"a\"@[1.2.3.4]", "a@[01.2.3.4]"],
        ["a@[IPv6:::1]", "a@[ipv6:0:0:0:0:0:0:0:1]", "a@[IPV6:::0.0.0.1]"], ["a@[tag:X]", "a@[TAG:X]"],
    ]) func equal(_ texts: [String]) throws {
        let mailboxes = try texts.map { try Mailbox($0) }
        #expect(Set(mailboxes).count == 1 && Set(mailboxes.map(\.hashValue)).count == 1)
    }

    @Test(arguments: [
        ("Smith@x", "smith@x"), ("\u{e9}@x", "e\u{301}@x"), ("a@\u{e9}", "a@e\u{301}"), ("a@b", "a@c"),
        ("a@b", "ab@b"),
        ("a@b.c", "a@bc"), ("ab@c", "a@bc"), ("É@x", "é@x"), ("a@É", "a@é"), ("\u{212a}@x", "k@x"),
        ("\u{131}@x", "i@x"),
        ("a@[1.2.3.4]", "a@1.2.3.4"), ("a@[1.2.3.4]", "a@[1.2.3.5]"), ("a@[tag:x]", "a@[tag:X]"),
        ("a@[IPv6:::ffff:1.2.3.4]", "a@[1.2.3.4]"), ("\"a \"@x", "a@x"), ("\"\"@x", "\" \"@x"),
        ("\"@\"@x", "\"`\"@x"),
    ]) func different(_ a: String, _ b: String) throws {
        #expect(try Mailbox(a) != Mailbox(b))
        #expect(try Set([Mailbox(a), Mailbox(b)]).count == 2)
    }

    @Test(arguments: [
        "a@b>\r\nRCPT TO:<evil@x", "\"a\r\nDATA\r\n\"@b", "user@[1.2.3.4]\r\nX", "a@b SIZE=1",
        "a@b> BODY=8BITMIME <",
        "", "a", "@", "a@", "@b", "<a@b>", "a@b ", " a@b", "a@b\r", "a@b\n", "a@b\0", "\0@b", "a\u{7f}@b",
        "a@b,c@d",
        "postmaster", "<>", "@a:b@c", "a@b@c", "\"a\\\r\"@b", "\"a\\\n\"@b", "a\u{feff}@b\0",
    ]) func `nothing else makes a mailbox`(_ text: String) {
        #expect((try? Mailbox(text)) == nil)
        let isWhite = text == "a@b " || text == " a@b"
        #expect(((try? Mailbox(text, syntax: .lenient)) != nil) == isWhite)
    }

    @Test(arguments: [
        (".a@b", "\".a\"@b"), ("a..b@c", "\"a..b\"@c"), ("a.@b", "\"a.\"@b"), ("a b@c", "\"a b\"@c"),
        (" (x) a (y) @ (z) b_c (w) ", "a@b_c"), ("(a)(b)\"c\"@d", "c@d"),
    ]) func `lenient forms are printed so that they can be sent`(_ text: String, _ printed: String) throws {
        let mailbox = try Mailbox(text, syntax: .lenient)
        #expect(mailbox.description == printed)
        #expect(try Mailbox(printed, syntax: .lenient) == mailbox)
    }

    @Test func `every octet in a local part`() throws {
        let atext = Set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~".utf8)
        for octet in UInt8.min...255 {
            func isAccepted(_ start: String, _ end: String) -> Bool {
                (try? Parse.mailbox(Parse.octets("FROM:<" + start, [octet], end + "@b>"))) != nil
            }
            #expect(isAccepted("", "") == atext.contains(octet), "\(octet)")
            #expect(isAccepted("x", "y") == (atext.contains(octet) || octet == 46), "\(octet)")
            let isPrintable = (32...126).contains(octet)
            #expect(
                isAccepted("\"x", "y\"") == (isPrintable && octet != 34 && octet != 92 || octet == 92),
                "\(octet)")
            #expect(isAccepted("\"x\\", "y\"") == isPrintable, "\(octet)")
            // Put together from its halves, whatever is not a control octet can be quoted.
            let whole = try? Mailbox(localPart: [120, octet, 121], domain: .name("b"))
            #expect((whole != nil) == isPrintable, "\(octet)")
            if let whole {
                let needsQuotes = !atext.contains(octet) && octet != 46
                let backslash: [UInt8] = octet == 34 || octet == 92 ? [92] : []
                let expected = needsQuotes ? [34, 120] + backslash + [octet, 121, 34] : [120, octet, 121]
                #expect(Array(whole.description.utf8) == expected + [64, 98], "\(octet)")
                #expect(try Mailbox(whole.description) == whole)
            }
        }
    }

    @Test(arguments: UTF8CheckTests.malformed) func `malformed local parts`(_ malformed: [UInt8]) {
        #expect((try? Mailbox(localPart: malformed, domain: .name("b"))) == nil)
        #expect(
            Parse.error { () throws(SyntaxError) in
                _ = try Mailbox(localPart: [97] + malformed, domain: .name("b"))
            }
                == .error(.localPart, 1))
    }

    @Test func `no length is too long for a mailbox of our own`() throws {
        let text = String(repeating: "a", count: 10_000) + "@b"
        #expect(try Mailbox(text).localPart.count == 10_000)
    }

    @Test func `the limits at their boundaries`() {
        let limits = AddressLimits(localPart: 64, domain: 20, path: 40)
        func outcome(_ text: String) -> SyntaxError.Production? {
            guard case .error(let production, _) = Parse.path(Array("FROM:<\(text)>".utf8), .strict, limits)
            else {
                return nil
            }
            return production
        }
        func a(_ count: Int) -> String { String(repeating: "a", count: count) }
        #expect(outcome(a(20) + "@" + a(17)) == nil && outcome(a(20) + "@" + a(18)) == .path)
        #expect(outcome("a@" + a(20)) == nil && outcome("a@" + a(21)) == .domain)
        #expect(outcome("a@[IPv6:2001:db8::100]") == nil && outcome("a@[IPv6:2001:db8::1000]") == .domain)
        #expect(outcome("@" + a(20) + ":a@b") == nil && outcome("@" + a(21) + ":a@b") == .domain)
        #expect(outcome("@" + a(17) + "," + "@" + a(14) + ":a@b") == nil)
        #expect(outcome("@" + a(17) + "," + "@" + a(15) + ":a@b") == .path)
        #expect(outcome(a(64) + "@b") == .path && outcome(a(65) + "@b") == .localPart)
        #expect(outcome("\"" + a(64) + "\"@b") == .path && outcome("\"" + a(65) + "\"@b") == .localPart)
        // Quotes and backslashes are no part of a local part.
        let escaped = String(repeating: "\\a", count: 64)
        #expect(outcome("\"" + escaped + "\"@b") == .path && outcome("\"" + escaped + "a\"@b") == .localPart)
        #expect(outcome(String(repeating: "é", count: 32) + "@b") == .path)
        #expect(outcome(String(repeating: "é", count: 32) + "a@b") == .localPart)
        #expect(Parse.path(Array("FROM:\(a(20))@\(a(19))".utf8), .lenient, limits) != .error(.path, 5))
        #expect(Parse.path(Array("FROM:\(a(21))@\(a(19))".utf8), .lenient, limits) == .error(.path, 5))
    }

    @Test func `the sizes that every server must take`() {
        // RFC 5321 §4.5.3.1.1 to §4.5.3.1.3
        let domain = String(repeating: "b.", count: 127) + "c"
        #expect(domain.utf8.count == 255)
        let rfc = Limits.strict.address
        #expect(
            Parse.path(
                Array("FROM:<\(String(repeating: "a", count: 64))@\(domain.dropFirst(66))>".utf8), .strict,
                rfc) == .path("\(String(repeating: "a", count: 64))@\(domain.dropFirst(66))"))
        let longest = String(repeating: "a", count: 255) + "@" + domain
        #expect(Parse.path("FROM:<\(longest.dropFirst(1))>") == .path(String(longest.dropFirst(1))))
        #expect(Parse.path("FROM:<\(longest)>") == .error(.path, 5))
        #expect(Parse.path(Array("FROM:<\(longest)>".utf8), .strict, Parse.unlimited) == .path(longest))
        #expect(Parse.path(Array("FROM:<a@b\(domain)>".utf8), .strict, Parse.unlimited) == .error(.domain, 8))
    }
}
