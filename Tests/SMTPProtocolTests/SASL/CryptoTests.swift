import SMTPProtocol
import Testing

/// The crypto of the tests against the examples of its specifications, or nothing that rests on it means anything.
@Suite struct CryptoTests {
    let crypto = PlainCrypto()

    static func hex(_ octets: [UInt8]) -> String {
        octets.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// RFC 1321 §A.5, FIPS 180-4's examples.
    @Test(arguments: [
        (HashFunction.md5, "", "d41d8cd98f00b204e9800998ecf8427e"),
        (.md5, "abc", "900150983cd24fb0d6963f7d28e17f72"),
        (
            .md5, "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "57edf4a22be3c955ac49da2e2107b67a"
        ),
        (.sha1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        (.sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            .sha1, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
        (.sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (.sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            .sha256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ]) func digest(_ function: HashFunction, _ text: String, _ expected: String) {
        #expect(Self.hex(crypto.hash(Array(text.utf8), with: function)) == expected)
        #expect(crypto.hash([], with: function).count == function.size)
    }

    /// RFC 2202 and RFC 4231, test cases 2 and 6.
    @Test func `keyed digest`() {
        let data = Array("what do ya want for nothing?".utf8)
        let jefe = Array("Jefe".utf8)
        #expect(Self.hex(crypto.hmac(data, key: jefe, with: .md5)) == "750c783e6ab0b503eaa86e310a5db738")
        #expect(
            Self.hex(crypto.hmac(data, key: jefe, with: .sha1)) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
        #expect(
            Self.hex(crypto.hmac(data, key: jefe, with: .sha256))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let long = Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)
        #expect(
            Self.hex(crypto.hmac(long, key: [UInt8](repeating: 0xaa, count: 131), with: .sha256))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    /// RFC 6070, cases 1 and 2; the third from another implementation.
    @Test(arguments: [
        (HashFunction.sha1, 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
        (.sha1, 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
        (.sha256, 3, "ad35240ac683febfaf3cd49d845473fbbbaa2437f5f82d5a415ae00ac76c6bfc"),
    ]) func `derived key`(_ function: HashFunction, _ iterations: Int, _ expected: String) {
        let (password, salt) = (Array("password".utf8), Array("salt".utf8))
        let key = crypto.pbkdf2(password, salt: salt, iterations: iterations, with: function)
        #expect(Self.hex(key) == expected)
    }

    @Test func `equal in constant time`() {
        #expect(crypto.isEqual([1, 2, 3], [1, 2, 3]) && crypto.isEqual([], []))
        #expect(!crypto.isEqual([1, 2, 3], [1, 2, 4]) && !crypto.isEqual([1, 2, 3], [0, 2, 3]))
        #expect(!crypto.isEqual([1, 2, 3], [1, 2]) && !crypto.isEqual([], [0]))
    }
}
