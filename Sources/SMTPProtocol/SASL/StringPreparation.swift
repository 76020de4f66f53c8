/// Names and passwords in the one form in which they are compared: SASLprep (RFC 4013), as far as small tables go.
///
/// ASCII is complete. Beyond it the profile asks for normalization form KC, whose tables are larger than this whole
/// package, and which the standard library does not offer. So a scalar is taken if the normalization leaves it alone
/// whatever stands beside it, or if one of the few mappings below covers it. That is the precomposed text of Latin,
/// Greek, Cyrillic, Armenian, Georgian, Hebrew and Arabic letters, kana, Han and Hangul. Everything else, combining
/// marks first of all, is refused as `.unsupported` rather than compared in a form that another program might not
/// agree with.
public enum StringPreparation {
    /// Why there is no prepared form.
    public enum Failure: Error, Hashable, Sendable {
        /// Not UTF-8.
        case malformed
        /// A control character, or directions mixed as they may not be (RFC 4013 §2.3, §2.4).
        case prohibited
        /// It may have a prepared form; this package does not know it.
        case unsupported
    }

    /// The prepared form of `text`, both in UTF-8.
    public static func prepare(_ text: [UInt8]) throws(Failure) -> [UInt8] {
        if text.allSatisfy({ $0 >= 32 && $0 < 127 }) { return text }
        guard UTF8Check.isValid(text.span) else { throw .malformed }
        var prepared: [UInt8] = []
        var hasLeftToRight = false
        var hasRightToLeft = false
        var edges: (first: Bool, last: Bool)?
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            guard let mapped = try Self.map(scalar) else { continue }
            let isRightToLeft = Self.contains(rightToLeft, mapped)
            hasRightToLeft = hasRightToLeft || isRightToLeft
            hasLeftToRight = hasLeftToRight || (!isRightToLeft && Self.isLeftToRight(mapped))
            edges = (edges?.first ?? isRightToLeft, isRightToLeft)
            prepared.append(contentsOf: UTF8.encode(mapped) ?? UTF8.encodedReplacementCharacter)
        }
        // Text that runs to the left begins and ends with such a letter and holds none that runs to the right
        // (RFC 3454 §6).
        if hasRightToLeft, hasLeftToRight || edges?.first != true || edges?.last != true { throw .prohibited }
        return prepared
    }

    /// What stands for `scalar`; `nil` if nothing does.
    private static func map(_ scalar: Unicode.Scalar) throws(Failure) -> Unicode.Scalar? {
        switch scalar.value {
        // Commonly mapped to nothing (RFC 3454 §B.1). U+200B is also a space to be mapped to another (§C.1.2), and
        // programs differ over it.
        case 0xad, 0x34f, 0x1806, 0x180b...0x180d, 0x200c...0x200d, 0x2060, 0xfe00...0xfe0f, 0xfeff:
            return nil
        case 0x200b: throw .unsupported
        // Spaces other than the one of ASCII (RFC 3454 §C.1.2).
        case 0xa0, 0x1680, 0x2000...0x200a, 0x202f, 0x205f, 0x3000: return " "
        // Compatibility characters that keyboards have: full-width ASCII, superscripts, ordinals.
        case 0xff01...0xff5e: return Unicode.Scalar(scalar.value - 0xfee0)
        case 0xb2: return "2"
        case 0xb3: return "3"
        case 0xb9: return "1"
        case 0xaa: return "a"
        case 0xba: return "o"
        case 32..<127: return scalar
        default:
            if contains(prohibited, scalar) { throw .prohibited }
            guard contains(rightToLeft, scalar) || contains(leftToRight, scalar) || contains(neutral, scalar)
            else { throw .unsupported }
            return scalar
        }
    }

    private static func contains(_ ranges: [ClosedRange<UInt32>], _ scalar: Unicode.Scalar) -> Bool {
        ranges.contains { $0.contains(scalar.value) }
    }

    private static func isLeftToRight(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 128
            ? OctetSet.letterDigit.contains(UInt8(scalar.value)) && scalar.value > 57
            : contains(leftToRight, scalar)
    }

    // MARK: Tables

    /// Controls, private use, what is no character, what changes how text is shown, tags (RFC 3454 §C.2 to §C.9).
    private static let prohibited: [ClosedRange<UInt32>] = [
        0...0x1f, 0x7f...0x9f, 0x340...0x341, 0x6dd...0x6dd, 0x70f...0x70f, 0x180e...0x180e, 0x200e...0x200f,
        0x2028...0x202e, 0x2061...0x2063, 0x206a...0x206f, 0x2ff0...0x2ffb, 0xe000...0xf8ff, 0xfdd0...0xfdef,
        0xfff9...0xffff, 0x1d173...0x1d17a, 0x1fffe...0x1ffff, 0x2fffe...0x2ffff, 0xe0001...0xe0001,
        0xe0020...0xe007f, 0xefffe...0x10ffff,
    ]
    /// Letters that run to the right and that no normalization touches.
    private static let leftToRight: [ClosedRange<UInt32>] = [
        // Latin
        0xc0...0xd6, 0xd8...0xf6, 0xf8...0x131, 0x134...0x13e, 0x141...0x148, 0x14a...0x17e, 0x180...0x1c3,
        0x1cd...0x1f0, 0x1f4...0x220, 0x222...0x233, 0x250...0x2ad, 0x1e00...0x1e99, 0x1ea0...0x1ef9,
        // Greek
        0x386...0x386, 0x388...0x38a, 0x38c...0x38c, 0x38e...0x3a1, 0x3a3...0x3ce,
        // Cyrillic, Armenian, Georgian
        0x400...0x482, 0x48a...0x4ce, 0x4d0...0x4f5, 0x4f8...0x4f9, 0x500...0x50f, 0x531...0x556,
        0x561...0x586,
        0x10d0...0x10f8,
        // Kana, Han, Hangul
        0x3005...0x3007, 0x3041...0x3096, 0x30a1...0x30fa, 0x30fc...0x30fe, 0x3400...0x4db5, 0x4e00...0x9fa5,
        0xac00...0xd7a3, 0x20000...0x2a6d6,
    ]
    /// Letters of Hebrew and Arabic (RFC 3454 §D.1).
    private static let rightToLeft: [ClosedRange<UInt32>] = [
        0x5d0...0x5ea, 0x5f0...0x5f4, 0x621...0x63a, 0x641...0x64a, 0x671...0x674, 0x679...0x6d5,
    ]
    /// Signs without a direction.
    private static let neutral: [ClosedRange<UInt32>] = [
        0xa1...0xa7, 0xa9...0xa9, 0xab...0xac, 0xae...0xae, 0xb0...0xb1, 0xb6...0xb7, 0xbb...0xbb,
        0xbf...0xbf,
        0xd7...0xd7, 0xf7...0xf7, 0x660...0x669, 0x6f0...0x6f9, 0x2010...0x2010, 0x2012...0x2016,
        0x2018...0x2023, 0x20a0...0x20a7, 0x20a9...0x20b1, 0x3001...0x3003, 0x3008...0x3011,
    ]
}
