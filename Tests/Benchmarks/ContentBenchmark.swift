import SMTPProtocol

/// How fast content is decoded, for each kind of content and setting.
enum ContentBenchmark {
    private static let octetsPerCorpus = 1 << 20
    private static let rounds = 30

    private static let settings: [(name: String, newlines: BareNewlines, limit: Int?)] = [
        ("reject", .reject, nil), ("reject, 1000", .reject, 1000), ("normalize, 1000", .normalize, 1000),
    ]

    static func run() {
        print(pad("", 20), settings.map { pad($0.name, 17) }.joined(), pad("reject, by 1460", 17))
        for (name, octets) in corpora() {
            let runs = settings.map { (16 << 10, $0.newlines, $0.limit) } + [(1460, BareNewlines.reject, nil)]
            let figures = runs.map { size, newlines, limit in
                var best = Double.infinity
                for _ in 0..<rounds {
                    best = min(best, nanoseconds { decode(octets, size, newlines, limit) })
                }
                return pad(decimal(Double(octets.count) / best), 17)
            }
            print(pad(name, 20), figures.joined())
        }
    }

    private static func corpora() -> [(name: String, octets: [UInt8])] {
        func text(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(97 + $0 % 26) } + [13, 10] }
        return [
            ("78 columns", corpus { _ in text(78) }),
            ("30 to 78 columns", corpus { text(30 + $0 * 7 % 49) }),
            ("990 columns", corpus { _ in text(990) }),
            ("one in ten dotted", corpus { ($0 % 10 == 0 ? [46, 46] : []) + text(76) }),
            ("one in four dotted", corpus { ($0 % 4 == 0 ? [46, 46] : []) + text(76) }),
            ("78 dots", corpus { _ in [UInt8](repeating: 46, count: 78) + [13, 10] }),
            ("two dots", corpus { _ in [46, 46, 13, 10] }),
            ("empty lines", corpus { _ in [13, 10] }),
            ("LF lines of 78", corpus { _ in text(78).filter { $0 != 13 } }),
            ("LF and dot", corpus { _ in [10, 46] }),
        ]
    }

    /// Lines from `line` until there are enough octets.
    private static func corpus(_ line: (_ number: Int) -> [UInt8]) -> [UInt8] {
        var octets: [UInt8] = []
        var number = 0
        while octets.count < octetsPerCorpus {
            octets += line(number)
            number += 1
        }
        return octets
    }

    /// Decodes `octets`, read in pieces of `size`.
    @inline(never)
    private static func decode(_ octets: [UInt8], _ size: Int, _ newlines: BareNewlines, _ limit: Int?) {
        var decoder = ContentDecoder(bareNewlines: newlines, lineLimit: limit)
        let span = octets.span
        var content = 0
        for from in stride(from: 0, to: span.count, by: size) {
            let piece = span.extracting(from..<min(from + size, span.count))
            var position = 0
            reading: while true {
                switch decoder.next(piece, &position) {
                case .content(let range): content &+= range.count
                case .literal(let literal): content &+= literal.count
                case .needsInput, .end: break reading
                }
            }
        }
        precondition(content == decoder.size)
    }
}
