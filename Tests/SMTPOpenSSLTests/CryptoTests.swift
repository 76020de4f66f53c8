import SMTPOpenSSL
import SMTPProtocol
import Testing

@Suite struct CryptoTests {
    private let crypto = OpenSSLCrypto()

    private func hexadecimal(_ octets: [UInt8]) -> String {
        octets.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// FIPS 180-4, RFC 1321.
    @Test(arguments: [
        (HashFunction.md5, "900150983cd24fb0d6963f7d28e17f72", "d41d8cd98f00b204e9800998ecf8427e"),
        (.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        (
            .sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        ),
    ]) func digests(function: HashFunction, ofABC: String, ofNothing: String) {
        #expect(hexadecimal(crypto.hash(Array("abc".utf8), with: function)) == ofABC)
        #expect(hexadecimal(crypto.hash([], with: function)) == ofNothing)
    }

    /// RFC 2202, RFC 4231; the keys empty, short and longer than a block.
    @Test(arguments: [
        (HashFunction.md5, "Jefe", "what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738"),
        (.sha1, "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        (
            .sha256, "Jefe", "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (.sha256, "", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ]) func `keyed digests`(function: HashFunction, key: String, text: String, expected: String) {
        let found = crypto.hmac(Array(text.utf8), key: Array(key.utf8), with: function)
        #expect(hexadecimal(found) == expected)
    }

    @Test func `a key longer than a block is digested first`() {
        let key = [UInt8](repeating: 0xaa, count: 131)
        let text = Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)
        #expect(
            hexadecimal(crypto.hmac(text, key: key, with: .sha256))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    /// RFC 6070, RFC 7914 §11.
    @Test(arguments: [
        (HashFunction.sha1, "password", "salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
        (.sha1, "password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1"),
        (.sha256, "passwd", "salt", 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"),
    ]) func `derived keys`(
        function: HashFunction, password: String, salt: String, iterations: Int, expected: String
    ) {
        let key = crypto.pbkdf2(
            Array(password.utf8), salt: Array(salt.utf8), iterations: iterations, with: function)
        #expect(hexadecimal(key) == expected)
    }

    @Test func `chance does not repeat itself`() {
        #expect(crypto.randomOctets(0) == [])
        #expect(Set((0..<100).map { _ in crypto.randomOctets(16) }).count == 100)
    }

    @Test func `equal is equal`() {
        #expect(crypto.isEqual([], []) && crypto.isEqual([1, 2, 3], [1, 2, 3]))
        #expect(!crypto.isEqual([1, 2, 3], [1, 2, 4]) && !crypto.isEqual([1, 2], [1, 2, 3]))
    }
}
