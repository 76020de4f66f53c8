import SMTPProtocol
import Testing

@Suite struct Base64Tests {
    static func decode(_ text: [UInt8]) throws(SyntaxError) -> [UInt8] { try Base64.decode(text.span) }

    static func isRoundTrip(_ octets: [UInt8]) -> Bool { (try? decode(Base64.encode(octets))) == octets }

    /// RFC 4648 §10, and two that use the last two letters.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"), ("\0", "AA=="), ("\0\0\0", "AAAA"), ("~~~", "fn5+"), ("???", "Pz8/"),
    ]) func `there and back`(_ text: String, _ encoded: String) throws {
        #expect(Base64.encode(Array(text.utf8)) == Array(encoded.utf8))
        #expect(Base64.encode(Array(text.utf8).span) == Array(encoded.utf8))
        #expect(try Self.decode(Array(encoded.utf8)) == Array(text.utf8))
    }

    @Test(arguments: [
        // Too short, or padding that is missing, misplaced or too much.
        ("Z", 1), ("Zg", 2), ("Zm8", 3), ("Zm9vY", 5), ("=", 0), ("==", 0), ("====", 0), ("Z===", 1),
        ("Zg=", 2), ("Zg==Zg==", 2), ("Zm8=Zm9v", 3), ("Zm9v=", 4), ("Zm9v====", 4), ("Zg=v", 2), ("=m9v", 0),
        // Bits that nothing stands for.
        ("Zh==", 1), ("Zm9=", 2), ("Zn==", 1), ("Zm+=", 2), ("//==", 1), ("//9=", 2),
        // Letters of another alphabet, white space, line breaks, controls.
        ("Zm-v", 2), ("Zm_v", 2), ("Zm 9v", 2), (" Zm9v", 0), ("Zm9v ", 4), ("Zm9v\n", 4), ("Zm\r\n", 2),
        ("Zm9v\r\n", 4), ("Zm\09", 2), ("Zm9\u{7f}", 3), ("Zmé=", 2), ("Zm9*", 3), ("*", 0), ("Zm9vY*", 5),
        ("Zm9@", 3), ("Zm9[", 3), ("Zm9`", 3), ("Zm9{", 3), ("Zm9,", 3), ("Zm9.", 3), ("Zm9:", 3),
    ]) func refuse(_ text: String, _ offset: Int) {
        let found = Parse.error { () throws(SyntaxError) in _ = try Self.decode(Array(text.utf8)) }
        #expect(found == .error(.base64, offset))
    }

    /// The slow, obvious decoder: letters to bits, bits to octets.
    static func oracle(_ text: [UInt8]) -> [UInt8]? {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        guard text.count % 4 == 0 else { return nil }
        let letters = text.prefix { $0 != UInt8(ascii: "=") }
        let padding = text.dropFirst(letters.count)
        guard padding.count <= 2, padding.allSatisfy({ $0 == UInt8(ascii: "=") }) else { return nil }
        var bits: [Bool] = []
        for letter in letters {
            guard let value = alphabet.firstIndex(of: letter) else { return nil }
            bits += (0..<6).reversed().map { value >> $0 & 1 == 1 }
        }
        let octets = bits.count / 8
        guard !bits.dropFirst(octets * 8).contains(true), bits.count - octets * 8 < 6 else { return nil }
        return (0..<octets).map { octet in
            bits[(octet * 8)..<(octet * 8 + 8)].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
        }
    }

    @Test func `every pair of letters at the end`() {
        for third in UInt8.min...255 {
            for fourth in UInt8.min...255 {
                let text = [UInt8(ascii: "Z"), UInt8(ascii: "m"), third, fourth]
                #expect((try? Self.decode(text)) == Self.oracle(text), "\(text)")
            }
        }
    }

    @Test(arguments: 0..<4) func `the same as the oracle`(_ seed: Int) {
        var numbers = Numbers(state: UInt64(seed) << 40 | 64)
        let likely = Array("ABZabz019+/==== \r\n-_".utf8)
        var decoded = 0
        for _ in 0..<5_000 {
            let octets = (0..<numbers.below(40)).map { _ in UInt8(numbers.below(256)) }
            #expect(Self.isRoundTrip(octets))
            var text = Base64.encode(octets)
            #expect(Self.oracle(text) == octets)
            for _ in 0..<numbers.below(3) where !text.isEmpty {
                let position = numbers.below(text.count)
                switch numbers.below(3) {
                case 0: text[position] = likely[numbers.below(likely.count)]
                case 1: text.remove(at: position)
                default: text.insert(likely[numbers.below(likely.count)], at: position)
                }
            }
            let found = try? Self.decode(text)
            #expect(found == Self.oracle(text), "\(text)")
            // What decodes is the only text for its octets.
            if let found { #expect(Base64.encode(found) == text) }
            decoded += found == nil ? 0 : 1
        }
        #expect(decoded > 1_000 && decoded < 4_900)
    }
}
