/// The cryptography that mechanisms ask for; `SMTPOpenSSL` has it, and tests bring their own.
///
/// Every function is called on the thread that drives the session, except `pbkdf2`, which is slow on purpose: it is
/// called only by what says that it is slow (`SCRAMKey.init`, `SCRAMDerivation.run`).
public protocol SASLCrypto: AnyObject, Sendable {
    /// The digest: `function.size` octets.
    func hash(_ octets: [UInt8], with function: HashFunction) -> [UInt8]
    /// The keyed digest (RFC 2104): `function.size` octets.
    func hmac(_ octets: [UInt8], key: [UInt8], with function: HashFunction) -> [UInt8]
    /// The key derived from a password with HMAC (RFC 8018): `function.size` octets.
    func pbkdf2(_ password: [UInt8], salt: [UInt8], iterations: Int, with function: HashFunction) -> [UInt8]
    /// Octets that nobody can foretell.
    func randomOctets(_ count: Int) -> [UInt8]
    /// Whether the two are the same, in a time that does not tell where they differ.
    func isEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool
}

extension SASLCrypto {
    /// Every octet is looked at, whatever the others were.
    public func isEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool { one.isEqualInConstantTime(to: other) }
}

/// The digests that mechanisms use.
public enum HashFunction: Hashable, Sendable, CaseIterable {
    /// For CRAM-MD5 only (RFC 2195).
    case md5
    /// For SCRAM-SHA-1 (RFC 5802).
    case sha1
    /// For SCRAM-SHA-256 (RFC 7677).
    case sha256

    /// Octets in a digest.
    public var size: Int {
        switch self {
        case .md5: 16
        case .sha1: 20
        case .sha256: 32
        }
    }
}

extension [UInt8] {
    /// Only the lengths are compared in a hurry.
    func isEqualInConstantTime(to other: [UInt8]) -> Bool {
        guard count == other.count else { return false }
        var difference: UInt8 = 0
        for index in indices { difference |= self[index] ^ other[index] }
        return difference == 0
    }
}
