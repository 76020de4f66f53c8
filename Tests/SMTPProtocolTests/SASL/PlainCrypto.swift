import SMTPProtocol
import Synchronization

/// Digests as their specifications write them (RFC 1321, FIPS 180-4): slow and obvious, for tests only.
final class PlainCrypto: SASLCrypto {
    func hash(_ octets: [UInt8], with function: HashFunction) -> [UInt8] {
        switch function {
        case .md5: Self.md5(octets)
        case .sha1: Self.sha1(octets)
        case .sha256: Self.sha256(octets)
        }
    }

    func hmac(_ octets: [UInt8], key: [UInt8], with function: HashFunction) -> [UInt8] {
        var block = key.count > 64 ? hash(key, with: function) : key
        block += [UInt8](repeating: 0, count: 64 - block.count)
        return hash(
            block.map { $0 ^ 0x5c } + hash(block.map { $0 ^ 0x36 } + octets, with: function), with: function)
    }

    /// What has been derived, since it takes long: the tests use few passwords.
    private let derived = Mutex<[[[UInt8]]: [UInt8]]>([:])

    func pbkdf2(_ password: [UInt8], salt: [UInt8], iterations: Int, with function: HashFunction) -> [UInt8] {
        let input = [password, salt, Array("\(iterations) \(function)".utf8)]
        return derived.withLock { known in
            if let key = known[input] { return key }
            var round = hmac(salt + [0, 0, 0, 1], key: password, with: function)
            var key = round
            for _ in 1..<max(iterations, 2) where iterations > 1 {
                round = hmac(round, key: password, with: function)
                for index in key.indices { key[index] ^= round[index] }
            }
            known[input] = key
            return key
        }
    }

    func randomOctets(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255) } }

    /// The message, padded, in blocks of sixteen words.
    private static func blocks(_ octets: [UInt8], isBigEndian: Bool) -> [[UInt32]] {
        var padded = octets + [0x80]
        padded += [UInt8](repeating: 0, count: (120 - padded.count % 64) % 64)
        let bits = UInt64(octets.count) * 8
        let length = (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
        padded += isBigEndian ? length.reversed() : length
        return stride(from: 0, to: padded.count, by: 64).map { start in
            (0..<16).map { word in
                let four = padded[(start + word * 4)..<(start + word * 4 + 4)]
                return (isBigEndian ? Array(four) : four.reversed()).reduce(0) { $0 << 8 | UInt32($1) }
            }
        }
    }

    private static func octets(_ words: [UInt32], isBigEndian: Bool) -> [UInt8] {
        words.flatMap { word in
            let four = (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) }
            return isBigEndian ? four.reversed() : four
        }
    }

    private static func rotate(_ word: UInt32, _ by: UInt32) -> UInt32 { word << by | word >> (32 - by) }

    private static func md5(_ message: [UInt8]) -> [UInt8] {
        let shifts: [[UInt32]] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]]
        var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476]
        for block in blocks(message, isBigEndian: false) {
            var (a, b, c, d) = (state[0], state[1], state[2], state[3])
            for step in 0..<64 {
                let (mix, word): (UInt32, Int) =
                    switch step / 16 {
                    case 0: (b & c | ~b & d, step)
                    case 1: (d & b | ~d & c, (5 * step + 1) % 16)
                    case 2: (b ^ c ^ d, (3 * step + 5) % 16)
                    default: (c ^ (b | ~d), 7 * step % 16)
                    }
                let sum = a &+ mix &+ sines[step] &+ block[word]
                (a, d, c) = (d, c, b)
                b = b &+ rotate(sum, shifts[step / 16][step % 4])
            }
            state = zip(state, [a, b, c, d]).map { $0 &+ $1 }
        }
        return octets(state, isBigEndian: false)
    }

    private static func sha1(_ message: [UInt8]) -> [UInt8] {
        var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
        for block in blocks(message, isBigEndian: true) {
            var words = block
            for index in 16..<80 {
                words.append(
                    rotate(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1))
            }
            var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
            for step in 0..<80 {
                let (mix, constant): (UInt32, UInt32) =
                    switch step / 20 {
                    case 0: (b & c | ~b & d, 0x5a82_7999)
                    case 1: (b ^ c ^ d, 0x6ed9_eba1)
                    case 2: (b & c | b & d | c & d, 0x8f1b_bcdc)
                    default: (b ^ c ^ d, 0xca62_c1d6)
                    }
                let sum = rotate(a, 5) &+ mix &+ e &+ constant &+ words[step]
                (e, d, c, b, a) = (d, c, rotate(b, 30), a, sum)
            }
            state = zip(state, [a, b, c, d, e]).map { $0 &+ $1 }
        }
        return octets(state, isBigEndian: true)
    }

    private static func sha256(_ message: [UInt8]) -> [UInt8] {
        var state = primes.prefix(8).map { fraction(of: $0.squareRoot()) }
        for block in blocks(message, isBigEndian: true) {
            var words = block
            for index in 16..<64 {
                let (early, late) = (words[index - 15], words[index - 2])
                let first = rotate(early, 25) ^ rotate(early, 14) ^ early >> 3
                let second = rotate(late, 15) ^ rotate(late, 13) ^ late >> 10
                words.append(words[index - 16] &+ first &+ words[index - 7] &+ second)
            }
            var s = state
            for step in 0..<64 {
                let second = rotate(s[4], 26) ^ rotate(s[4], 21) ^ rotate(s[4], 7)
                let choice = s[4] & s[5] ^ ~s[4] & s[6]
                let one = s[7] &+ second &+ choice &+ constants[step] &+ words[step]
                let first = rotate(s[0], 30) ^ rotate(s[0], 19) ^ rotate(s[0], 10)
                let majority = s[0] & s[1] ^ s[0] & s[2] ^ s[1] & s[2]
                s = [one &+ first &+ majority, s[0], s[1], s[2], s[3] &+ one, s[4], s[5], s[6]]
            }
            state = zip(state, s).map { $0 &+ $1 }
        }
        return octets(state, isBigEndian: true)
    }

    // MARK: Constants, by their definitions

    private static let primes: [Double] = (2...311).filter { number in
        (2..<number).allSatisfy { number % $0 != 0 }
    }.map(Double.init)
    /// The first 32 bits behind the point.
    private static func fraction(of number: Double) -> UInt32 {
        UInt32((number - number.rounded(.down)) * 4_294_967_296)
    }
    private static let constants = primes.map { fraction(of: cubeRoot($0)) }
    private static func cubeRoot(_ number: Double) -> Double {
        var root = number / 3
        for _ in 0..<60 { root -= (root * root * root - number) / (3 * root * root) }
        return root
    }
    /// The absolute sine of each step, by its series.
    private static let sines: [UInt32] = (1...64).map { step in
        let angle = Double(step).remainder(dividingBy: 2 * .pi)
        var term = angle
        var sum = angle
        for power in 1..<20 {
            term *= -angle * angle / Double(2 * power * (2 * power + 1))
            sum += term
        }
        return UInt32(abs(sum) * 4_294_967_296)
    }
}
