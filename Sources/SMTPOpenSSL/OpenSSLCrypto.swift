import COpenSSL
public import SMTPProtocol

/// The digests, keys and chance that SASL asks for.
public final class OpenSSLCrypto: SASLCrypto {
    /// There is nothing to set.
    public init() {}

    public func hash(_ octets: [UInt8], with function: HashFunction) -> [UInt8] {
        unsafe make(function.size) { digest in
            unsafe EVP_Digest(octets, octets.count, digest, nil, function.digest, nil) == 1
        }
    }

    public func hmac(_ octets: [UInt8], key: [UInt8], with function: HashFunction) -> [UInt8] {
        unsafe make(function.size) { digest in
            var size: UInt32 = 0
            return unsafe HMAC(function.digest, key, Int32(key.count), octets, octets.count, digest, &size)
                != nil
        }
    }

    public func pbkdf2(_ password: [UInt8], salt: [UInt8], iterations: Int, with function: HashFunction)
        -> [UInt8]
    {
        guard let iterations = Int32(exactly: iterations), iterations > 0 else {
            preconditionFailure("PBKDF2 needs from 1 to 2147483647 iterations")
        }
        return unsafe make(function.size) { key in
            unsafe password.withUnsafeBytes { password in
                unsafe password.withMemoryRebound(to: CChar.self) { password in
                    unsafe PKCS5_PBKDF2_HMAC(
                        password.baseAddress, Int32(password.count), salt, Int32(salt.count), iterations,
                        function.digest, Int32(function.size), key) == 1
                }
            }
        }
    }

    public func randomOctets(_ count: Int) -> [UInt8] {
        unsafe make(count) { unsafe RAND_bytes($0, Int32(count)) == 1 }
    }

    public func isEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        unsafe one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
    }

    /// Octets that OpenSSL makes. It fails only if it is broken itself, and to go on then would be no secret kept.
    private func make(_ count: Int, _ body: (UnsafeMutablePointer<UInt8>?) -> Bool) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            guard unsafe body(buffer.baseAddress) else {
                preconditionFailure("OpenSSL: \(ErrorQueue.takeReason())")
            }
            initialized = count
        }
    }
}

extension HashFunction {
    fileprivate var digest: OpaquePointer? {
        switch self {
        case .md5: unsafe EVP_md5()
        case .sha1: unsafe EVP_sha1()
        case .sha256: unsafe EVP_sha256()
        }
    }
}
