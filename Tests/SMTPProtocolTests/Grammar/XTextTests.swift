import SMTPProtocol
import Testing

@Suite struct XTextTests {
    static func decode(_ text: [UInt8]) throws(SyntaxError) -> [UInt8] { try XText.decode(text.span) }

    static func isRoundTrip(_ octets: [UInt8]) -> Bool { (try? decode(XText.encode(octets))) == octets }

    @Test func `every octet there and back`() throws {
        let digits = Array("0123456789ABCDEF".utf8)
        for octet in UInt8.min...255 {
            let isPlain = (33...126).contains(octet) && octet != 43 && octet != 61
            let hex = [43, digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            let encoded = XText.encode([octet])
            #expect(encoded == (isPlain ? [octet] : hex))
            #expect(try Self.decode(encoded) == [octet] && Self.decode(hex) == [octet])
            #expect(((try? Self.decode([octet])) != nil) == isPlain, "\(octet)")
        }
        let all = Array(UInt8.min...255)
        let encoded = XText.encode(all.span)
        #expect(encoded == XText.encode(all))
        #expect(try Self.decode(XText.encode(all)) == all)
        #expect(XText.encode([]).isEmpty)
        #expect(try Self.decode([]).isEmpty)
    }

    @Test(arguments: [
        ("rfc822;bob+40example.org", "rfc822;bob@example.org"), ("a+3D+2B", "a=+"), ("+0D+0A", "\r\n"),
        ("+C3+A9", "é"),
    ]) func decode(_ text: String, _ expected: String) throws {
        #expect(try Self.decode(Array(text.utf8)) == Array(expected.utf8))
    }

    @Test(arguments: [
        ("+", 0), ("a+", 1), ("a+4", 1), ("+4g", 0), ("+3d", 0), ("+G0", 0), ("+ 4", 0), ("a=b", 1),
        ("a b", 1), ("a\0", 1),
        ("é", 0), ("++20", 0), ("+2+", 0), ("a\u{7f}", 1), ("+٣٣", 0), ("+/0", 0), ("+:0", 0), ("+@0", 0),
    ]) func refuse(_ text: String, _ offset: Int) {
        let found = Parse.error { () throws(SyntaxError) in _ = try Self.decode(Array(text.utf8)) }
        #expect(found == .error(.xtext, offset))
    }
}
