import Foundation
import SMTPProtocol
import Testing

@Suite struct StringPreparationTests {
    static func prepare(_ text: String) throws(StringPreparation.Failure) -> String {
        String(decoding: try StringPreparation.prepare(Array(text.utf8)), as: UTF8.self)
    }

    static func failure(_ octets: [UInt8]) -> StringPreparation.Failure? {
        do throws(StringPreparation.Failure) {
            _ = try StringPreparation.prepare(octets)
            return nil
        } catch {
            return error
        }
    }

    /// RFC 4013 §3, and what the tables add.
    @Test(arguments: [
        ("I\u{ad}X", "IX"), ("user", "user"), ("USER", "USER"), ("\u{aa}", "a"), ("", ""),
        ("pass word", "pass word"), ("a\u{a0}b\u{3000}c", "a b c"), ("\u{feff}\u{2060}", ""),
        ("Ｐａｓｓ！", "Pass!"), ("m²", "m2"), ("Grüße", "Grüße"), ("пароль", "пароль"), ("κωδικός", "κωδικός"),
        ("密码パスワード비밀번호", "密码パスワード비밀번호"), ("€5", "€5"), ("\u{5d0}\u{5d1}", "\u{5d0}\u{5d1}"),
        ("\u{627}1\u{628}", "\u{627}1\u{628}"), ("\u{20000}", "\u{20000}"),
    ]) func prepared(_ text: String, _ expected: String) throws {
        // Scalars, not characters: the comparison must not forgive.
        #expect(try Array(Self.prepare(text).unicodeScalars) == Array(expected.unicodeScalars))
        #expect(try Self.prepare(expected) == expected)
    }

    @Test(arguments: [
        // RFC 4013 §3: a control, and directions mixed.
        ("\u{7}", StringPreparation.Failure.prohibited), ("\u{627}1", .prohibited), ("a\0", .prohibited),
        ("a\r\nb", .prohibited), ("\u{7f}", .prohibited), ("\u{85}", .prohibited),
        ("\u{5d0}a\u{5d0}", .prohibited),
        ("\u{5d0}ф\u{5d0}", .prohibited), ("1\u{5d0}", .prohibited), ("\u{202e}a", .prohibited),
        ("\u{e000}", .prohibited), ("\u{fffd}", .prohibited), ("\u{ffff}", .prohibited),
        ("\u{e0041}", .prohibited),
        ("\u{10ffff}", .prohibited),
        // What the tables do not know: the example with the Roman numeral, marks, ligatures, what is newer.
        ("\u{2168}", .unsupported), ("e\u{301}", .unsupported), ("ﬁ", .unsupported), ("😀", .unsupported),
        ("\u{200b}", .unsupported), ("ก", .unsupported), ("\u{1100}", .unsupported),
    ]) func refused(_ text: String, _ expected: StringPreparation.Failure) {
        #expect(Self.failure(Array(text.utf8)) == expected)
        #expect(Self.failure(Array("ab".utf8) + Array(text.utf8)) != nil)
    }

    @Test func `what is no text`() {
        for octets in [[0xff], [0xc3], [0xc0, 0xae], [0xed, 0xa0, 0x80], [65, 0x80]] as [[UInt8]] {
            #expect(Self.failure(octets) == .malformed)
        }
    }

    /// Against another implementation of the normalization, which is newer than the profile: for every scalar, and
    /// for scalars side by side, what is prepared is what the normalization makes of it.
    @Test func `the normalization agrees`() throws {
        var accepted: [Unicode.Scalar] = []
        for value in UInt32(0)...0x2ffff {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = String(scalar)
            guard let prepared = try? Self.prepare(text) else { continue }
            if prepared.isEmpty || prepared == " " { continue }
            accepted.append(scalar)
            guard value < 0x3400 || value % 97 == 0 else { continue }
            #expect(
                Array(prepared.unicodeScalars)
                    == Array(text.precomposedStringWithCompatibilityMapping.unicodeScalars), "\(value)")
        }
        #expect(accepted.count > 80_000)
        let small = accepted.filter { $0.value < 0x3400 }
        var numbers = Numbers(state: 4013)
        for _ in 0..<3_000 {
            var text = ""
            for _ in 0..<6 { text.unicodeScalars.append(small[numbers.below(small.count)]) }
            guard let prepared = try? Self.prepare(text) else { continue }
            #expect(
                Array(prepared.unicodeScalars)
                    == Array(text.precomposedStringWithCompatibilityMapping.unicodeScalars), "\(text)")
        }
    }
}
