// Prints how fast content is decoded, in GB/s of octets on the wire, for each kind of content and setting.
// To run it, make it an executable target that depends on SMTPProtocol, and build for release.
import SMTPProtocol

let octetsPerCorpus = 1 << 20
let rounds = 40

/// Lines from `line` until there are enough octets.
func corpus(_ line: (_ number: Int) -> [UInt8]) -> [UInt8] {
    var octets: [UInt8] = []
    var number = 0
    while octets.count < octetsPerCorpus {
        octets += line(number)
        number += 1
    }
    return octets
}

func text(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(97 + $0 % 26) } + [13, 10] }

let corpora: [(name: String, octets: [UInt8])] = [
    ("78 columns", corpus { _ in text(78) }),
    ("30 to 78 columns", corpus { text(30 + $0 * 7 % 49) }),
    ("990 columns", corpus { _ in text(990) }),
    ("one in ten dotted", corpus { ($0 % 10 == 0 ? [46, 46] : []) + text(76) }),
    ("one in four dotted", corpus { ($0 % 4 == 0 ? [46, 46] : []) + text(76) }),
    ("78 dots", corpus { _ in [UInt8](repeating: 46, count: 78) + [13, 10] }),
    ("two dots", corpus { _ in [46, 46, 13, 10] }),
    ("dotted, short", corpus { [46, 46] + text($0 * 5 % 8) }),
    ("empty lines", corpus { _ in [13, 10] }),
    ("LF lines of 78", corpus { _ in text(78).filter { $0 != 13 } }),
    ("LF only", corpus { _ in [10] }),
    ("CR only", corpus { _ in [13] }),
    ("LF and dot", corpus { _ in [10, 46] }),
]
let settings: [(name: String, newlines: BareNewlines, limit: Int?)] = [
    ("reject", .reject, nil), ("reject, 1000", .reject, 1000), ("normalize, 1000", .normalize, 1000),
]

/// The octets of content in `octets`, read in pieces of `size`.
@inline(never)
func decode(_ octets: [UInt8], _ size: Int, _ newlines: BareNewlines, _ limit: Int?) -> Int {
    var decoder = ContentDecoder(bareNewlines: newlines, lineLimit: limit)
    let span = octets.span
    var content = 0
    var from = 0
    while from < span.count {
        let piece = span.extracting(from..<min(from + size, span.count))
        var position = 0
        reading: while true {
            switch decoder.next(piece, &position) {
            case .content(let range): content &+= range.count
            case .literal(let literal): content &+= literal.count
            case .needsInput, .end: break reading
            }
        }
        from += size
    }
    precondition(content == decoder.size)
    return content
}

func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.utf8.count)) + text
}

func decimal(_ value: Double) -> String {
    let hundredths = Int(value * 100 + 0.5)
    return "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
}

let clock = ContinuousClock()
print(
    pad("GB/s, best of \(rounds)", 20), settings.map { pad($0.name, 17) }.joined(), pad("reject, by 1460", 17)
)
for (name, octets) in corpora {
    var row = pad(name, 20)
    let runs = settings.map { (16 << 10, $0.newlines, $0.limit) } + [(1460, BareNewlines.reject, nil)]
    for (size, newlines, limit) in runs {
        var best = Duration.seconds(1000)
        for _ in 0..<rounds {
            let elapsed = clock.measure { _ = decode(octets, size, newlines, limit) }
            best = min(best, elapsed)
        }
        let nanoseconds = Double(best.components.attoseconds) / 1e9
        row += pad(decimal(Double(octets.count) / nanoseconds), 17)
    }
    print(row)
}
