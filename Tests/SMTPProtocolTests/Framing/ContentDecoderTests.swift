import SMTPProtocol
import Testing

@Suite struct ContentDecoderTests {
    static let modes: [BareNewlines] = [.reject, .normalize, .preserve]

    /// The octets of a stream, written as text of octets only.
    static func octets(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// What the decoder must do with a stream, in words of its own, not the oracle's.
    struct Row: CustomStringConvertible, Sendable {
        var wire: String
        var content: String
        /// With bare CR and LF made CRLF, if different.
        var normalized: String?
        var ends = true
        var faults: ContentDecoder.Faults = []
        var description: String { wire.debugDescription }
    }

    static let rows: [Row] = [
        // (RFC 5321 §4.5.2) and (RFC 5321 §4.1.1.4)
        Row(wire: ".\r\n", content: ""),
        Row(wire: "\r\n.\r\n", content: "\r\n"),
        Row(wire: "a\r\n.\r\n", content: "a\r\n"),
        Row(wire: "..\r\n.\r\n", content: ".\r\n"),
        Row(wire: "..a\r\n.\r\n", content: ".a\r\n"),
        Row(wire: ".a\r\n.\r\n", content: "a\r\n"),
        Row(wire: "a.\r\n..\r\n...\r\n.\r\n", content: "a.\r\n.\r\n..\r\n"),
        Row(wire: "a\r\n.", content: "a\r\n", ends: false),
        Row(wire: "a\r\n.\r", content: "a\r\n", ends: false),
        Row(wire: "a\r", content: "a\r", ends: false),
        Row(wire: "", content: "", ends: false),
        // Stray CR before and after dots.
        Row(
            wire: ".\rX\r\n.\r\n", content: "\rX\r\n", normalized: "\r\nX\r\n", faults: .bareCarriageReturn),
        Row(
            wire: ".\r\r\n.\r\n", content: "\r\r\n", normalized: "\r\n\r\n", faults: .bareCarriageReturn),
        Row(
            wire: ".\r.\r\n.\r\n", content: "\r.\r\n", normalized: "\r\n.\r\n", faults: .bareCarriageReturn),
        Row(wire: ".\n.\r\n.\r\n", content: "\n.\r\n", normalized: "\r\n.\r\n", faults: .bareLineFeed),
        Row(
            wire: "\n\r.\n\r\n.\r\n", content: "\n\r.\n\r\n", normalized: "\r\n\r\n.\r\n\r\n",
            faults: [.bareLineFeed, .bareCarriageReturn]),
    ]

    @Test(arguments: rows, modes)
    func decodes(_ row: Row, _ mode: BareNewlines) {
        let wire = Self.octets(row.wire)
        let content = Self.octets(mode == .normalize ? row.normalized ?? row.content : row.content)
        let expected = DecodedContent(
            content: content, end: row.ends ? wire.count : nil, size: content.count, faults: row.faults)
        for cut in 0...wire.count {
            #expect(decode(wire, mode, lineLimit: nil, cuts: [cut]) == expected, "cut at \(cut)")
        }
        #expect(decode(wire, mode, lineLimit: nil, cuts: Array(0...wire.count)) == expected)
    }

    /// What peers have tried as the end of content. `ends` says whether it is.
    static let endVariants: [(id: String, octets: [UInt8], ends: Bool)] = [
        ("ATK-EOD-1", octets("\n.\n"), false),
        ("ATK-EOD-2", octets("\n.\r\n"), false),
        ("ATK-EOD-3", octets("\r\n.\n"), false),
        ("ATK-EOD-4", octets("\r.\r"), false),
        ("ATK-EOD-5", octets("\r.\r\n"), false),
        ("ATK-EOD-6", octets("\r.\n"), false),
        ("ATK-EOD-7", octets("\n.\r"), false),
        ("ATK-EOD-8", octets("\r\n.\rX"), false),
        ("ATK-EOD-9", octets("\r\n.\r\r\n"), false),
        ("ATK-EOD-10", octets("\r\r\n.\r\r\n"), false),
        ("ATK-EOD-11", octets("\r\r\n.\r\n"), true),
        ("ATK-EOD-12", octets("\r\n\0.\r\n"), false),
        ("ATK-EOD-13", octets("\r\n.\0\r\n"), false),
        ("ATK-EOD-14", octets("\r\n.\0junk\r\n"), false),
        ("ATK-EOD-15", octets("\r\n. \r\n"), false),
        ("ATK-EOD-15", octets("\r\n.\t\r\n"), false),
        ("ATK-EOD-16", [0x85, 46, 0x85], false),
        ("ATK-EOD-16", [0xc2, 0x85, 46, 0xc2, 0x85], false),
        ("ATK-EOD-16", [0xe2, 0x80, 0xa8, 46, 0xe2, 0x80, 0xa8], false),
        ("ATK-EOD-16", [0x0b, 46, 0x0b], false),
        ("ATK-EOD-16", [0x0c, 46, 0x0c], false),
        ("ATK-EOD-17", octets("\r\n.\r\n"), true),
        ("ATK-EOD-19", octets("\r\n..\r\n"), false),
        ("ATK-EOD-20", octets("\na\r\n\n.\n"), false),
        ("ATK-EOD-21", [13, 10, 0xef, 0xbc, 0x8e, 13, 10], false),
        ("ATK-EOD-21", [13, 10, 0xe2, 0x80, 0xa4, 13, 10], false),
        ("ATK-EOD-21", [0xc4, 0x8d, 0xc4, 0x8a, 46, 0xc4, 0x8d, 0xc4, 0x8a], false),
    ]

    /// Content before the variant: part of the header section, part of the body, nothing (ATK-EOD-18).
    static let beginnings = ["Subject: hello", "Subject: hello\r\n\r\nhello", ""].map(octets)

    @Test(arguments: endVariants, modes)
    func onlyTheEndMarkEnds(_ variant: (id: String, octets: [UInt8], ends: Bool), _ mode: BareNewlines) {
        let trailer = Self.octets("MAIL FROM:<evil@example.com>\r\n.\r\nQUIT\n\r")
        for beginning in Self.beginnings {
            let wire = beginning + variant.octets + trailer
            let mark = variant.ends ? beginning.count + variant.octets.count : wire.count - 6
            let expected = decodeSlowly(wire, mode, lineLimit: nil)
            #expect(expected.end == mark)
            for cut in 0...wire.count {
                #expect(decode(wire, mode, lineLimit: nil, cuts: [cut]) == expected, "cut at \(cut)")
            }
            #expect(decode(wire, mode, lineLimit: nil, cuts: Array(0...wire.count)) == expected)
        }
    }

    @Test(arguments: modes)
    func endMarkFirst(_ mode: BareNewlines) {
        let wire = Self.octets(".\r\nQUIT\r\n\n\r")
        for cut in 0...wire.count {
            #expect(decode(wire, mode, lineLimit: 1, cuts: [cut]) == DecodedContent(end: 3), "cut at \(cut)")
        }
    }

    @Test func nothingIsTakenAfterTheEnd() {
        var decoder = ContentDecoder(bareNewlines: .reject, lineLimit: 2)
        let input = Self.octets("DATA\r\n.\r\n\n\n\n.\r\n")
        var position = 6
        #expect(decoder.next(input.span, &position) == .end)
        #expect(position == 9)
        #expect(decoder.next(input.span, &position) == .end)
        #expect(position == 9)
        #expect(decoder.size == 0)
        #expect(decoder.faults == [])
    }

    @Test func rangesAreAsLongAsTheyCanBe() {
        var decoder = ContentDecoder(bareNewlines: .normalize, lineLimit: 1000)
        let input = Self.octets("one\r\ntwo.\r\n\r\n..three\r\nfour\r\nfive\nsix\r\n.\r\n")
        var position = 0
        var events: [ContentDecoder.Event] = []
        while events.last != .end { events.append(decoder.next(input.span, &position)) }
        #expect(
            events == [
                .content(ByteRange(0, 13)), .content(ByteRange(14, 32)), .literal(.crlf),
                .content(ByteRange(33, 38)), .end,
            ])
    }

    @Test(arguments: [1, 2, 3, 15, 16, 17, 63, 64, 65, 79, 80, 81, 127, 128, 129, 998, 1000])
    func linesAreMeasuredOnTheWire(_ limit: Int) {
        // The CRLF counts, and so does the transparency dot.
        for dots in [0, 1] where limit >= 2 + 2 * dots {
            let inner = [UInt8](repeating: 97, count: limit - 2 - dots) + [13, 10]
            let line = [UInt8](repeating: 46, count: dots) + inner
            let long = [UInt8](repeating: 46, count: dots) + [97] + inner
            for before in [[], line, line + line + line] {
                for cut in [0, 1, before.count, before.count + 1, before.count + limit / 2] {
                    let fits = decode(before + line + [46, 13, 10], .reject, lineLimit: limit, cuts: [cut])
                    #expect(fits.faults == [], "\(dots) dots, \(before.count) before, cut at \(cut)")
                    let over = decode(before + long + line, .reject, lineLimit: limit, cuts: [cut])
                    #expect(over.faults == .lineTooLong, "\(dots), \(before.count) before, cut at \(cut)")
                }
            }
        }
    }
}
