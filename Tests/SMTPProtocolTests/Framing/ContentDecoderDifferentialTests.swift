import SMTPProtocol
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The decoder against the oracle. `CONTENT_MESSAGES` says how many messages (millions, in a release build).
@Suite struct ContentDecoderDifferentialTests {
    static let messages: Int = {
        guard let text = unsafe getenv("CONTENT_MESSAGES") else { return 20_000 }
        return unsafe Int(String(cString: text)) ?? 20_000
    }()
    static let shards = 8

    struct Case: Equatable {
        var wire: [UInt8]
        var newlines: BareNewlines
        var limit: Int?
        var cuts: [Int]
    }

    /// Few octets that matter in all orders, lines of all lengths, and runs that fill the scanner's blocks.
    static func wire(_ numbers: inout Numbers) -> [UInt8] {
        var wire: [UInt8] = []
        let style = numbers.below(4)
        for _ in 0..<(numbers.below(24) + 1) {
            switch (style, numbers.below(8)) {
            case (0, _), (1, 0): wire.append([13, 10, 46, 97, 0][numbers.below(5)])
            case (1, 1...4), (2, 0...2), (3, 0...5):
                wire += [UInt8](repeating: 97, count: numbers.below(style == 3 ? 300 : 40))
                wire += [13, 10]
            case (_, 5): wire += [13, 10, 46]
            case (_, 6):
                wire += [[13, 10, 46, 46], [10, 46], [13, 46, 13], [46, 13, 10]][numbers.below(4)]
            default:
                let octet: UInt8 = [97, 97, 97, 46, 10, 13][numbers.below(6)]
                wire += [UInt8](repeating: octet, count: numbers.below(90))
            }
        }
        if numbers.below(3) > 0 { wire += [13, 10, 46, 13, 10] }
        for _ in 0..<numbers.below(4) { wire.append([13, 10, 46, 97][numbers.below(4)]) }
        return wire
    }

    static func makeCase(_ numbers: inout Numbers) -> Case {
        let wire = wire(&numbers)
        let newlines = ContentDecoderTests.modes[numbers.below(3)]
        let limit: Int? =
            switch numbers.below(6) {
            case 0: nil
            case 1: [64, 998, 1000, Int.max][numbers.below(4)]
            case 2: 64 + numbers.below(300)
            default: 1 + numbers.below(70)
            }
        let cuts: [Int] =
            switch numbers.below(4) {
            case 0: []
            case 1: wire.count < 200 ? Array(0...wire.count) : []
            default: (0..<numbers.below(6)).map { _ in numbers.below(wire.count + 1) }.sorted()
            }
        return Case(wire: wire, newlines: newlines, limit: limit, cuts: cuts)
    }

    @Test(arguments: 0..<shards)
    func decoderAgreesWithTheOracle(_ shard: Int) {
        var numbers = Numbers(state: UInt64(shard) << 32)
        for _ in 0..<(Self.messages / Self.shards) {
            let it = Self.makeCase(&numbers)
            let expected = decodeSlowly(it.wire, it.newlines, lineLimit: it.limit)
            let decoded = decode(it.wire, it.newlines, lineLimit: it.limit, cuts: it.cuts)
            if decoded != expected {
                Issue.record("\(it): \(decoded), not \(expected)")
                return
            }
            // Also what is known when only a part has been read.
            if let cut = it.cuts.first {
                let part = Array(it.wire[..<cut])
                let known = decodeSlowly(part, it.newlines, lineLimit: it.limit)
                let soFar = decode(part, it.newlines, lineLimit: it.limit)
                if soFar != known {
                    Issue.record("\(it), read up to \(cut): \(soFar), not \(known)")
                    return
                }
            }
        }
    }
}
