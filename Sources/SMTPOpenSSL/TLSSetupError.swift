import Glibc

/// Why certificates and keys are not what they should be.
public enum TLSSetupError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file cannot be read.
    case unreadable(file: String, errno: Int32)
    /// There is no certificate in the file.
    case noCertificate(file: String)
    /// There is a key in the file, where a certificate was wanted.
    case keyForCertificate(file: String)
    /// There is no private key in the file.
    case noKey(file: String)
    /// There is a certificate in the file, where its key was wanted.
    case certificateForKey(file: String)
    /// The key is encrypted.
    case encryptedKey(file: String)
    /// The PEM text cannot be decoded.
    case malformed(file: String, reason: String)
    /// The key is another certificate's.
    case keyMismatch(certificate: String, key: String)
    /// OpenSSL takes it for too weak, or of a kind that cannot be used.
    case unusable(file: String, reason: String)
    /// A protocol name that ALPN cannot carry.
    case applicationProtocol(String)
    /// A host for which no certificate can be made.
    case host(String)
    /// OpenSSL failed where it should not.
    case failed(String)

    /// What is wrong, and what to do about it.
    public var description: String {
        switch self {
        case .unreadable(let file, let errno):
            "cannot read \(file): \(Self.reason(errno)); \(Self.remedy(errno))"
        case .noCertificate(let file):
            "there is no certificate in \(file); give a PEM file with a line -----BEGIN CERTIFICATE-----"
        case .keyForCertificate(let file):
            "\(file) holds a key and no certificate; give the certificate's file here and this one as the key"
        case .noKey(let file):
            "there is no private key in \(file); give a PEM file with a line -----BEGIN PRIVATE KEY-----"
        case .certificateForKey(let file):
            "\(file) holds a certificate and no key; give the file of the key that was made for it"
        case .encryptedKey(let file):
            "the key in \(file) is encrypted; decrypt it with: openssl pkey -in \(file) -out NEW"
        case .malformed(let file, let reason):
            "\(file) is damaged: \(reason); copy it again from where it was issued"
        case .keyMismatch(let certificate, let key):
            "the key in \(key) does not belong to the certificate \(certificate); give the key that it was made for"
        case .unusable(let file, let reason):
            "\(file) cannot be used: \(reason); have a certificate issued for a P-256 or RSA 2048 key"
        case .applicationProtocol(let name): "ALPN cannot carry '\(name)'; give 1 to 255 octets"
        case .host(let name): "no certificate can be made for '\(name)'; give a domain name or an IP address"
        case .failed(let reason): "OpenSSL: \(reason)"
        }
    }

    private static func reason(_ code: Int32) -> String {
        unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }

    private static func remedy(_ code: Int32) -> String {
        switch code {
        case ENOENT, ENOTDIR: "correct the path"
        case EACCES, EPERM: "let the user that starts the server read it"
        case EISDIR: "give a file in it"
        default: "check the file and the disk"
        }
    }
}
