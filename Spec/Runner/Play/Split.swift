/// A way to cut what the client sends.
enum Split: Hashable, Sendable, CustomStringConvertible {
    /// Each group in one piece.
    case whole
    /// In pieces of so many octets.
    case size(Int)
    /// Where the case says so.
    case forced
    /// Anywhere; the same for the same seed.
    case random(UInt64)

    /// For messages.
    var description: String {
        switch self {
        case .whole: "in one piece"
        case .size(let octets): "in pieces of \(octets)"
        case .forced: "cut where the case says"
        case .random(let seed): "cut at random, seed \(seed)"
        }
    }

    /// Up to here a case is played at every piece size.
    static let smallCase = 4 << 10
    /// A larger case is played at as many sizes as make so many pieces together.
    static let mostPieces = 1 << 17
    /// A larger case is cut at random into about so many pieces at most.
    static let mostRandomPieces = 1 << 11

    /// All ways to play `script` in memory, whole first.
    static func all(for script: Script) -> [Split] {
        all(size: script.size, largestGroup: script.largestGroup, hasCuts: script.hasCuts)
    }

    /// All ways to cut `size` octets that come in groups, of which the largest has `largest`.
    static func all(size: Int, largestGroup largest: Int, hasCuts: Bool) -> [Split] {
        guard largest > 1 else { return [.whole] }
        let sizes = size <= smallCase ? Array(1..<largest) : sizes(for: size).filter { $0 < largest }
        let randomCount = size <= 1 << 20 ? 50 : 5
        return [.whole] + sizes.map { .size($0) } + (hasCuts ? [.forced] : [])
            + (1...randomCount).map { .random(UInt64($0)) }
    }

    /// The sizes for a large case of `size` octets: powers of two, then what is left of 1 to 64, as far as there are
    /// pieces for them.
    private static func sizes(for size: Int) -> [Int] {
        let powers = (0..<Int.bitWidth - 1).map { 1 << $0 }.prefix { $0 < size }
        let others = (1...64).filter { $0 & ($0 - 1) != 0 }
        var left = mostPieces
        return (powers.reversed() + others).filter { length in
            let count = size / length
            guard count <= left else { return false }
            left -= count
            return true
        }.sorted()
    }

    /// The pieces of `group`, which is the script's number `number`. Joined they are the group.
    func pieces(of group: Script.Group, _ number: Int) -> [ArraySlice<UInt8>] {
        let octets = group.octets[...]
        switch self {
        case .whole: return octets.isEmpty ? [] : [octets]
        case .size(let size):
            return stride(from: 0, to: octets.count, by: size).map {
                octets[$0..<min($0 + size, octets.count)]
            }
        case .forced:
            var pieces: [ArraySlice<UInt8>] = []
            var start = 0
            for end in group.cuts + [octets.count] where end > start {
                pieces.append(octets[start..<end])
                start = end
            }
            return pieces
        case .random(let seed):
            var numbers = SplitMix(seed: seed << 20 ^ UInt64(number))
            // Small and large pieces both get their turn.
            let least = octets.count > Self.smallCase ? 2 * octets.count / Self.mostRandomPieces : 0
            let scale = max(least, [2, 7, 40, 300, octets.count][Int(seed % 5)])
            var pieces: [ArraySlice<UInt8>] = []
            var start = 0
            while start < octets.count {
                let end = min(start + 1 + Int(numbers.next() % UInt64(max(scale, 1))), octets.count)
                pieces.append(octets[start..<end])
                start = end
            }
            return pieces
        }
    }
}

/// A small generator of numbers that look random and are the same every time.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
