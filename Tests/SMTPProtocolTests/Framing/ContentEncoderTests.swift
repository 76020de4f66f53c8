import Testing

@testable import SMTPProtocol

/// What the encoder should do, an octet at a time and without thought for speed.
struct ContentEncoderOracle {
    private(set) var octets: [UInt8] = []
    private(set) var normalised: [UInt8] = []
    private(set) var traits: ContentTraits = []

    init(_ content: [UInt8], longestLine: Int) {
        var lines: [[UInt8]] = [[]]
        var index = 0
        while index < content.count {
            let octet = content[index]
            let isPair = octet == 13 && index + 1 < content.count && content[index + 1] == 10
            if octet > 127 { traits.insert(.eightBit) }
            if octet == 0 { traits.insert(.nul) }
            if octet == 13 || octet == 10 {
                if !isPair { traits.insert(.bareNewline) }
                lines.append([])
            } else {
                lines[lines.count - 1].append(octet)
            }
            index += isPair ? 2 : 1
        }
        if lines.last == [] { lines.removeLast() }
        for line in lines {
            if line.count > longestLine { traits.insert(.longLine) }
            normalised += line + [13, 10]
            octets += (line.first == 46 ? [46] : []) + line + [13, 10]
        }
        octets += [46, 13, 10]
    }
}

@Suite struct ContentEncoderTests {
    static func encode(
        _ pieces: [[UInt8]], refusing refused: ContentTraits = [], longestLine: Int = 998
    ) throws -> (octets: [UInt8], encoder: ContentEncoder) {
        var encoder = ContentEncoder(refusing: refused, longestLine: longestLine)
        var output: [UInt8] = Array("354".utf8)
        for piece in pieces { try encoder.encode(piece.span, into: &output) }
        try encoder.finish(into: &output)
        return (Array(output.dropFirst(3)), encoder)
    }

    /// The content that a receiver makes of `octets`, which must be all of one message.
    static func decode(_ octets: [UInt8]) -> [UInt8]? {
        var decoder = ContentDecoder(bareNewlines: .reject, lineLimit: nil)
        var content: [UInt8] = []
        var position = 0
        while true {
            switch decoder.next(octets.span, &position) {
            case .content(let range):
                for index in range.start..<range.end { content.append(octets[index]) }
            case .literal(.cr): content.append(13)
            case .literal(.lf): content.append(10)
            case .literal(.crlf): content += [13, 10]
            case .end: return position == octets.count && decoder.faults.isEmpty ? content : nil
            case .needsInput: return nil
            }
        }
    }

    @Test(
        arguments: [
            ("", ".\r\n"), ("a", "a\r\n.\r\n"), ("a\r\n", "a\r\n.\r\n"), ("\r\n", "\r\n.\r\n"),
            ("a\n.\nMAIL FROM:<x>\n", "a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"),
            ("a\r.\r\nMAIL", "a\r\n..\r\nMAIL\r\n.\r\n"), ("a\r", "a\r\n.\r\n"),
            ("a\r\n.", "a\r\n..\r\n.\r\n"), (".", "..\r\n.\r\n"), ("..\r\n", "...\r\n.\r\n"),
            ("\r\r\n.\r\n", "\r\n\r\n..\r\n.\r\n"), ("\n\r.", "\r\n\r\n..\r\n.\r\n"),
            ("a.b\r\n", "a.b\r\n.\r\n"),
        ] as [(String, String)])
    func `line ends first, then dots`(content: String, expected: String) throws {
        #expect(try Self.encode([Array(content.utf8)]).octets == Array(expected.utf8))
    }

    /// Every content of up to seven octets of those that matter, in every way to cut it.
    @Test func `as the oracle has it, in all pieces`() throws {
        let alphabet: [UInt8] = [13, 10, 46, 97]
        for length in 0...6 {
            for number in 0..<(1 << (2 * length)) {
                let content = (0..<length).map { alphabet[number >> (2 * $0) & 3] }
                let expected = ContentEncoderOracle(content, longestLine: 2)
                #expect(Self.decode(expected.octets) == expected.normalised)
                for cuts in 0..<(1 << max(length - 1, 0)) {
                    var pieces: [[UInt8]] = [[]]
                    for (index, octet) in content.enumerated() {
                        pieces[pieces.count - 1].append(octet)
                        if index + 1 < length, cuts >> index & 1 == 1 { pieces.append([]) }
                    }
                    let (octets, encoder) = try Self.encode(pieces, longestLine: 2)
                    guard octets == expected.octets, encoder.traits == expected.traits,
                        encoder.size == expected.normalised.count
                    else {
                        Issue.record("\(pieces): \(octets), \(encoder.traits), \(encoder.size)")
                        return
                    }
                }
            }
        }
    }

    /// Long content in which lines, dots and lone newlines fall on every side of the scanner's blocks.
    @Test func `as the oracle has it, in blocks`() throws {
        var random = Random(seed: 11)
        for round in 0..<3_000 {
            let limit = [8, 64, 100, 998][round % 4]
            var content: [UInt8] = []
            while content.count < Int(random.next() % 3_000) {
                let line = [UInt8](repeating: 120, count: Int(random.next() % 140))
                let ends: [[UInt8]] = [
                    [13, 10], [13, 10], [13, 10, 46], [10], [13], [13, 10, 13, 10], [200], [0],
                ]
                content += line + ends[Int(random.next() % (round % 3 == 0 ? 8 : 3))]
            }
            let expected = ContentEncoderOracle(content, longestLine: limit)
            var pieces: [[UInt8]] = []
            var rest = content[...]
            while !rest.isEmpty {
                let count = Int(random.next() % [3, 70, 5_000][round % 3]) + 1
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            let (octets, encoder) = try Self.encode(pieces, longestLine: limit)
            #expect(octets == expected.octets && encoder.traits == expected.traits, "round \(round)")
            let summary = ContentSummary(of: content.span, longestLine: limit)
            #expect(summary == ContentSummary(size: expected.normalised.count, traits: expected.traits))
            #expect(Self.decode(octets) == expected.normalised)
        }
    }

    @Test(
        arguments: [
            ("caf\u{e9}\r\n", .eightBit), ("a\0b\r\n", .nul), ("abcdef\r\n", .longLine),
            ("a\nb\r\n", .bareNewline), ("abcdef", .longLine),
        ] as [(String, ContentTraits)])
    func `what is refused is not sent`(content: String, trait: ContentTraits) throws {
        let octets = Array(content.utf8)
        #expect(throws: ContentRefused(traits: trait)) {
            try Self.encode([octets], refusing: trait, longestLine: 5)
        }
        var encoder = ContentEncoder(refusing: trait, longestLine: 5)
        var output: [UInt8] = [1]
        try? encoder.encode(octets.span, into: &output)
        if content != "abcdef" { #expect(output == [1]) }
        #expect(throws: Never.self) {
            try Self.encode([octets], refusing: .all.subtracting(trait), longestLine: 5)
        }
    }
}

extension ContentTraits {
    static var all: Self { [.eightBit, .nul, .longLine, .bareNewline] }
}

/// Numbers that look random and are the same every time.
struct Random {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
