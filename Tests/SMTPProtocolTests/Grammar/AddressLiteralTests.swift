import SMTPProtocol
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

@Suite struct AddressLiteralTests {
    static let accepted: [(String, AddressLiteral, String)] = [
        ("[192.0.2.1]", .ipv4(0xc000_0201), "[192.0.2.1]"), ("[0.0.0.0]", .ipv4(0), "[0.0.0.0]"),
        ("[255.255.255.255]", .ipv4(.max), "[255.255.255.255]"),
        ("[001.02.3.004]", .ipv4(0x0102_0304), "[1.2.3.4]"),
        ("[IPv6:2001:db8::1]", .ipv6(0x2001_0db8_0000_0000, 1), "[IPv6:2001:db8::1]"),
        ("[ipv6:2001:DB8:0:0:0:0:0:1]", .ipv6(0x2001_0db8_0000_0000, 1), "[IPv6:2001:db8::1]"),
        ("[IPV6:::]", .ipv6(0, 0), "[IPv6:::]"), ("[IPv6:::1]", .ipv6(0, 1), "[IPv6:::1]"),
        ("[IPv6:1::]", .ipv6(0x0001_0000_0000_0000, 0), "[IPv6:1::]"),
        (
            "[IPv6:1:2:3:4:5:6:7:8]", .ipv6(0x0001_0002_0003_0004, 0x0005_0006_0007_0008),
            "[IPv6:1:2:3:4:5:6:7:8]"
        ),
        ("[IPv6:1:2:3:4:5:6::]", .ipv6(0x0001_0002_0003_0004, 0x0005_0006_0000_0000), "[IPv6:1:2:3:4:5:6::]"),
        ("[IPv6:::3:4:5:6:7:8]", .ipv6(0x0000_0000_0003_0004, 0x0005_0006_0007_0008), "[IPv6:::3:4:5:6:7:8]"),
        ("[IPv6:1:2:3::6:7:8]", .ipv6(0x0001_0002_0003_0000, 0x0000_0006_0007_0008), "[IPv6:1:2:3::6:7:8]"),
        (
            "[IPv6:1:0:3:4:5:6:7:8]", .ipv6(0x0001_0000_0003_0004, 0x0005_0006_0007_0008),
            "[IPv6:1:0:3:4:5:6:7:8]"
        ),
        (
            "[IPv6:1:0:0:4:0:0:7:8]", .ipv6(0x0001_0000_0000_0004, 0x0000_0000_0007_0008),
            "[IPv6:1::4:0:0:7:8]"
        ),
        ("[IPv6:1:0:0:4:0:0:0:8]", .ipv6(0x0001_0000_0000_0004, 0x0000_0000_0000_0008), "[IPv6:1:0:0:4::8]"),
        ("[IPv6:0001:0000:0:00ff::]", .ipv6(0x0001_0000_0000_00ff, 0), "[IPv6:1:0:0:ff::]"),
        (
            "[IPv6:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]", .ipv6(.max, .max),
            "[IPv6:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]"
        ),
        ("[IPv6:::ffff:192.0.2.1]", .ipv6(0, 0xffff_c000_0201), "[IPv6:::ffff:192.0.2.1]"),
        ("[IPv6:::FFFF:c000:201]", .ipv6(0, 0xffff_c000_0201), "[IPv6:::ffff:192.0.2.1]"),
        (
            "[IPv6:1:2:3:4:5:6:192.0.2.1]", .ipv6(0x0001_0002_0003_0004, 0x0005_0006_c000_0201),
            "[IPv6:1:2:3:4:5:6:c000:201]"
        ),
        ("[IPv6:1:2:3:4::192.0.2.1]", .ipv6(0x0001_0002_0003_0004, 0xc000_0201), "[IPv6:1:2:3:4::c000:201]"),
        ("[IPv6:::192.0.2.1]", .ipv6(0, 0xc000_0201), "[IPv6:::c000:201]"),
        ("[tag:x]", .general(tag: "tag", content: Array("x".utf8)), "[TAG:x]"),
        ("[x-1-y:!#Z^~::]", .general(tag: "X-1-Y", content: Array("!#Z^~::".utf8)), "[X-1-Y:!#Z^~::]"),
        ("[IPv4:192.0.2.1]", .general(tag: "IPv4", content: Array("192.0.2.1".utf8)), "[IPV4:192.0.2.1]"),
        ("[1:2]", .general(tag: "1", content: [50]), "[1:2]"),
    ]

    @Test(arguments: accepted) func accept(_ text: String, _ literal: AddressLiteral, _ canonical: String)
        throws
    {
        #expect(try MailDomain(text) == .literal(literal))
        #expect(literal.description == canonical)
        #expect(try MailDomain(canonical) == .literal(literal))
        let mailbox = try Mailbox("a@" + text)
        #expect(mailbox.domain == .literal(literal))
        #expect(mailbox.description == "a@" + canonical)
        #expect(try mailbox == Mailbox(localPart: [97], domain: .literal(literal)))
        #expect(try mailbox.hashValue == Mailbox("a@" + canonical).hashValue)
    }

    static let refused = [
        "[]", "[ ]", "[", "]", "[1.2.3.4", "1.2.3.4]", "[1.2.3]", "[1.2.3.4.5]", "[1.2.3.]", "[.1.2.3]",
        "[1..2.3]",
        "[256.1.1.1]", "[300.1.1.1]", "[1.1.1.256]", "[0001.2.3.4]", "[1.2.3.0004]", "[1.2.3.4x]",
        "[ 1.2.3.4]",
        "[1.2.3.4 ]", "[+1.2.3.4]", "[-1.2.3.4]", "[1.2.3.٣]", "[0x1.2.3.4]", "[3232235777]", "[1,2,3,4]",
        "[a.b.c.d]",
        "[IPv6:]", "[IPv6::]", "[IPv6:::::]", "[IPv6:1]", "[IPv6:1:2:3:4:5:6:7]", "[IPv6:1:2:3:4:5:6:7:8:9]",
        // `::` stands for two groups or more.
        "[IPv6:1:2:3:4:5:6:7::]", "[IPv6:::2:3:4:5:6:7:8]", "[IPv6:1:2:3:4::6:7:8]",
        "[IPv6:1:2:3:4:5:6:7:8::]",
        "[IPv6:::1:2:3:4:5:6:7:8]", "[IPv6:1:2:3:4:5::1.2.3.4]", "[IPv6:1:2:3:4:5:6:7:1.2.3.4]",
        "[IPv6:1:2:3:4:5:1.2.3.4]", "[IPv6:1::2::3]", "[IPv6:1:::2]", "[IPv6:::1:]", "[IPv6::1]", "[IPv6:1:]",
        "[IPv6:1:2:3:4:5:6:7:]", "[IPv6::1:2:3:4:5:6:7]", "[IPv6:12345::]", "[IPv6:00001::]", "[IPv6:g::]",
        "[IPv6:fe80::1%eth0]", "[IPv6:fe80::1%25eth0]", "[IPv6:::1/64]", "[IPv6:::1.2.3]",
        "[IPv6:::1.2.3.256]",
        "[IPv6:::1.2.3.4:5]", "[IPv6:1.2.3.4::]", "[IPv6:1.2.3.4]", "[IPv6:::12345.2.3.4]", "[IPv6: ::1]",
        "[::1]",
        "[2001:db8::1:]x", "[:x]", "[tag:]", "[-tag:x]", "[tag-:x]", "[t_g:x]", "[tag:x y]", "[tag:[]",
        "[tag:\\]",
        "[tag:é]", "[é:x]", "[tag:x\0]", "[tag]", "[[1.2.3.4]]", "[1.2.3.4]]", "[IPv6:1:2:3:4:5:6:7:8]x",
    ]

    @Test(arguments: refused) func refuse(_ text: String) {
        #expect((try? MailDomain(text)) == nil)
        #expect((try? Mailbox("a@" + text)) == nil)
        #expect((try? Mailbox("a@" + text, syntax: .lenient)) == nil)
    }

    @Test func `every octet in a general literal`() {
        for octet in UInt8.min...255 {
            let isAllowed = (33...90).contains(octet) || (94...126).contains(octet)
            let found = try? Parse.mailbox(Parse.octets("FROM:<a@[tag:x", [octet], "y]>"))
            #expect((found != nil) == isAllowed, "\(octet)")
            if let found {
                #expect(found.domain == .literal(.general(tag: "tag", content: [120, octet, 121])))
            }
        }
    }

    @Test func `a literal that no grammar allows cannot forge a line`() {
        let literal = AddressLiteral.general(tag: "x", content: Array("]\r\nDATA".utf8))
        #expect(literal.description == "[X:???DATA]")
        #expect(
            Parse.error { () throws(SyntaxError) in
                _ = try Mailbox(localPart: [97], domain: .literal(literal))
            }
                == .error(.addressLiteral, 1))
    }

    /// The C library's parser and printer know the same addresses, but let `::` stand for a single group.
    @Test func `IPv6 as the C library has it`() {
        var numbers = Numbers(state: 6)
        var accepted = 0
        for _ in 0..<30_000 {
            let parts = numbers.below(9) + 1
            var text = (0..<parts).map { _ in ["0", "0", "1", "ffff", "a0", ""][numbers.below(6)] }
                .joined(separator: ":")
            if numbers.below(4) == 0 { text += ":1.2.3.4" }
            var address = in6_addr()
            let isKnown = unsafe inet_pton(AF_INET6, text, &address) == 1
            let ours = try? MailDomain("[IPv6:\(text)]")
            guard isKnown else {
                #expect(ours == nil, "\(text)")
                continue
            }
            let octets = unsafe withUnsafeBytes(of: &address) { unsafe Array($0) }
            let halves = [octets[..<8], octets[8...]].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
            let groups =
                text.split(separator: ":", omittingEmptySubsequences: true).count
                + (text.contains(".") ? 1 : 0)
            let isShort = text.contains("::") && groups > 6
            #expect(ours == (isShort ? nil : .literal(.ipv6(halves[0], halves[1]))), "\(text)")
            accepted += isShort ? 0 : 1
            // The C library also prints ::a.b.c.d.
            guard halves[0] != 0 || halves[1] >> 32 != 0 else { continue }
            var buffer = [CChar](repeating: 0, count: 64)
            _ = unsafe inet_ntop(AF_INET6, &address, &buffer, 64)
            let printed = String(
                decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            #expect(AddressLiteral.ipv6(halves[0], halves[1]).description == "[IPv6:\(printed)]")
        }
        #expect(accepted > 1000)
    }
}
