/// A set of ASCII octets in two words, a bit for each octet: a test is a shift and a mask.
///
/// The sets are literals in accessors, because a stored global is checked for initialization at each use.
struct OctetSet: BitwiseCopyable {
    let low: UInt64
    let high: UInt64

    @inline(__always)
    func contains(_ octet: UInt8) -> Bool {
        let word = octet & 64 == 0 ? low : high
        return octet < 128 && (word &>> UInt64(truncatingIfNeeded: octet)) & 1 != 0
    }

    /// What an atom is made of (RFC 5321 §4.1.2 Atom, from RFC 5322).
    static var atext: Self { Self(low: 0xa3ff_acfa_0000_0000, high: 0x7fff_ffff_c7ff_fffe) }
    /// What a quoted string holds as it is (RFC 5321 §4.1.2 qtextSMTP).
    static var quotedText: Self { Self(low: 0xffff_fffb_0000_0000, high: 0x7fff_ffff_efff_ffff) }
    /// Space to tilde: what a backslash may quote (RFC 5321 §4.1.2 quoted-pairSMTP).
    static var printable: Self { Self(low: 0xffff_ffff_0000_0000, high: 0x7fff_ffff_ffff_ffff) }
    /// What an address literal holds (RFC 5321 §4.1.3 dcontent).
    static var literalContent: Self { Self(low: 0xffff_fffe_0000_0000, high: 0x7fff_ffff_c7ff_ffff) }
    /// A letter or a digit (RFC 5321 §4.1.2 Let-dig).
    static var letterDigit: Self { Self(low: 0x03ff_0000_0000_0000, high: 0x07ff_fffe_07ff_fffe) }
    /// A letter, a digit or a hyphen.
    static var letterDigitHyphen: Self { Self(low: 0x03ff_2000_0000_0000, high: 0x07ff_fffe_07ff_fffe) }
    /// What the value of a parameter is made of (RFC 5321 §4.1.2 esmtp-value).
    static var parameterValue: Self { Self(low: 0xdfff_fffe_0000_0000, high: 0x7fff_ffff_ffff_ffff) }
    /// What stands for itself in xtext (RFC 3461 §4 xchar).
    static var xtext: Self { Self(low: 0xdfff_f7fe_0000_0000, high: 0x7fff_ffff_ffff_ffff) }
    /// What a comment holds as it is, tabs included; only the lenient syntax knows comments.
    static var comment: Self { Self(low: 0xffff_fcff_0000_0200, high: 0x7fff_ffff_efff_ffff) }
}

extension UInt8 {
    /// The octet, in lower case if it is an ASCII letter; no other octet changes.
    @inline(__always) var lowercasedASCII: UInt8 { self &- 65 < 26 ? self | 32 : self }
    /// The octet, in upper case if it is an ASCII letter; no other octet changes.
    @inline(__always) var uppercasedASCII: UInt8 { self &- 97 < 26 ? self & 0xdf : self }
    /// SP or HT.
    @inline(__always) var isBlank: Bool { self == 32 || self == 9 }
    /// What the octet stands for as a decimal digit.
    @inline(__always) var decimalValue: UInt8? { self &- 48 < 10 ? self &- 48 : nil }
    /// What the octet stands for as a hexadecimal digit, in either case.
    @inline(__always) var hexadecimalValue: UInt8? {
        let letter = (self | 32) &- 97
        return letter < 6 ? letter &+ 10 : decimalValue
    }
}

/// Whether `octets` spell `name`, which is in lower case and ASCII, in any case.
@inline(__always)
func spells(_ octets: Span<UInt8>, _ name: StaticString) -> Bool {
    guard octets.count == name.utf8CodeUnitCount else { return false }
    return name.withUTF8Buffer { name in
        for index in octets.indices {
            if unsafe octets[index].lowercasedASCII != name[index] { return false }
        }
        return true
    }
}
