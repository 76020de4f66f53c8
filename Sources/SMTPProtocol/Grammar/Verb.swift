/// The commands of SMTP and LMTP by name (RFC 5321 §4.1.1 and Appendix F, RFC 2033, 3030, 3207, 4954).
public enum Verb: UInt8, BitwiseCopyable, Hashable, Sendable, CaseIterable {
    /// HELO, EHLO, LHLO: who the client is.
    case helo, ehlo, lhlo
    /// MAIL, RCPT, DATA, BDAT: a mail transaction.
    case mail, rcpt, data, bdat
    /// RSET, NOOP, QUIT: the session itself.
    case rset, noop, quit
    /// VRFY, EXPN, HELP: questions.
    case vrfy, expn, help
    /// STARTTLS, AUTH: security.
    case startTLS, auth
    /// SEND, SOML, SAML, TURN: history.
    case send, soml, saml, turn
    /// Any other word, or none.
    case other

    /// The verb that `name` spells, in any case: ASCII letters only, so no other letter stands for one
    /// (RFC 5321 §2.4).
    init(_ name: Span<UInt8>) {
        switch name.count {
        case 4: self = Self.verb(of: word(name, at: 0))
        case 8:
            self = word(name, at: 0) == code("star") && word(name, at: 4) == code("ttls") ? .startTLS : .other
        default: self = .other
        }
    }

    @inline(__always)
    private static func verb(of word: UInt32) -> Self {
        switch word {
        case code("mail"): .mail
        case code("rcpt"): .rcpt
        case code("data"): .data
        case code("ehlo"): .ehlo
        case code("quit"): .quit
        case code("rset"): .rset
        case code("noop"): .noop
        case code("helo"): .helo
        case code("lhlo"): .lhlo
        case code("bdat"): .bdat
        case code("auth"): .auth
        case code("vrfy"): .vrfy
        case code("expn"): .expn
        case code("help"): .help
        case code("send"): .send
        case code("soml"): .soml
        case code("saml"): .saml
        case code("turn"): .turn
        default: .other
        }
    }
}

/// Four octets as one number, each with the bit set in which the two cases of an ASCII letter differ. A result that
/// is the code of four lower-case letters came from those letters and no other octets.
@inline(__always)
private func word(_ octets: Span<UInt8>, at offset: Int) -> UInt32 {
    let first = UInt32(octets[offset]) | UInt32(octets[offset &+ 1]) << 8
    let second = UInt32(octets[offset &+ 2]) << 16 | UInt32(octets[offset &+ 3]) << 24
    return (first | second) | 0x2020_2020
}

/// The number of a four-letter word in lower case.
@inline(__always)
private func code(_ name: StaticString) -> UInt32 {
    name.withUTF8Buffer { name in
        unsafe UInt32(name[0]) | UInt32(name[1]) << 8 | UInt32(name[2]) << 16 | UInt32(name[3]) << 24
    }
}
