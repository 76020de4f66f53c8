import SMTPConnection
import SMTPProtocol
import Testing

/// Ten times the octets or commands cost about ten times the work, whatever is in them (ATK-CPU-1, ATK-CPU-4).
@Suite(.serialized) struct LinearTimeTests {
    struct Input: Sendable, CustomTestStringConvertible {
        let name: String
        let size: Int
        let run: @Sendable (Int) throws -> Void
        var testDescription: String { name }

        init(_ name: String, _ size: Int, _ run: @escaping @Sendable (Int) throws -> Void) {
            self.name = name
            self.size = size
            self.run = run
        }
    }

    @Test(arguments: octets + commands + addresses) func `ten times as much costs ten times as much`(
        _ input: Input
    ) throws {
        let size = input.size * Self.scale
        let once = try leastTime { try input.run(size) }
        let tenfold = try leastTime { try input.run(size * 10) }
        let ratio = Double(tenfold) / Double(max(once, 1))
        #expect(once > 200_000, "too little to measure: \(once) ns")
        #expect(ratio <= 20, "\(input.name): \(once) ns, then \(tenfold) ns")
        if OrderTests.wanted != nil { print("\(input.name): \(once) ns, \(tenfold) ns, \(ratio)") }
    }

    #if DEBUG
    private static let scale = 1
    #else
    private static let scale = 20
    #endif

    private static func unlimited(_ configuration: inout ServerConnection.Configuration) {
        configuration.session.limits.messageSize = nil
        configuration.session.limits.overlongLine = .max
        configuration.session.limits.commandSize = .init(base: 1 << 30)
        configuration.session.limits.address = .init(localPart: 1 << 30, domain: 255, path: 1 << 30)
    }

    private static func repeated(_ text: String, _ count: Int) -> [UInt8] {
        let octets = Array(text.utf8)
        var all: [UInt8] = []
        all.reserveCapacity(octets.count * count)
        for _ in 0..<count { all += octets }
        return all
    }

    private static func content(_ text: String, _ count: Int, _ newlines: BareNewlines) throws {
        let wire = try Wire {
            unlimited(&$0)
            $0.session.bareNewlines = newlines
        }
        wire.begin()
        wire.receive(repeated(text, count))
        wire.receive("\r\n.\r\n")
        #expect(wire.last.starts(with: Array("250".utf8)))
    }

    static let octets: [Input] = [
        Input("a message, an octet at a time", 1500) { count in
            let wire = try Wire()
            wire.begin()
            wire.trickle(repeated("..0123456789\r\n", count / 14))
            wire.receive(".\r\n")
            #expect(wire.policy.content >= count / 14 * 13)
        },
        Input("a command line without end, dropped, an octet at a time", 2500) { count in
            let wire = try Wire { $0.session.limits.overlongLine = .max }
            wire.trickle(repeatElement(120, count: count))
            #expect(wire.waitsForInput)
        },
        Input("a command line without end, kept, an octet at a time", 2500) { count in
            let wire = try Wire(Policy(), unlimited)
            wire.trickle(repeatElement(120, count: count))
            wire.receive("\r\n")
            #expect(wire.last.starts(with: Array("500".utf8)))
        },
        Input("lines that are one dot too many", 4000) { try content("..\r\n", $0, .reject) },
        Input("lines of dots, CR in between", 2000) { try content("..\r", $0, .normalize) },
        Input("bare LF, normalized", 4000) { try content("\n", $0, .normalize) },
        Input("bare CR, normalized", 4000) { try content("\r", $0, .normalize) },
        Input("bare LF and CR, preserved", 4000) { try content("\n\r.", $0, .preserve) },
        Input("ends of content that are none", 1500) { try content("\r\n.\r.\r\n", $0, .preserve) },
        Input("replies of one long line", 20_000) { count in
            let wire = try Wire()
            wire.policy.help = [String(repeating: "é", count: count / 2)]
            wire.receive("EHLO c.example.com\r\nHELP\r\n")
            #expect(wire.said > count)
        },
        Input("replies of many lines", 1500) { count in
            let wire = try Wire()
            wire.policy.help = Array(repeating: "x", count: count)
            wire.receive("EHLO c.example.com\r\nHELP\r\n")
            #expect(wire.said > count * 6)
        },
        Input("a client that takes an octet at a time", 3000) { count in
            let wire = try Wire { $0.session.limits.replyBacklog = .max }
            wire.policy.help = [String(repeating: "x", count: count)]
            wire.takes = 1
            wire.receive("HELP\r\n")
            #expect(wire.said > count)
        },
    ]

    static let commands: [Input] = [
        Input("recipients", 200) { count in
            let wire = try Wire()
            wire.receive("EHLO c.example.com\r\nMAIL FROM:<a@example.com>\r\n")
            for index in 0..<count { wire.receive("RCPT TO:<r\(index)@example.org>\r\n") }
            #expect(wire.last.starts(with: Array("250".utf8)))
        },
        Input("recipients that are too many", 200) { count in
            let wire = try Wire { $0.session.limits.recipients = 100 }
            wire.receive("EHLO c.example.com\r\nMAIL FROM:<a@example.com>\r\n")
            wire.receive(repeated("RCPT TO:<r@example.org>\r\n", count))
            #expect(wire.last.contains(Array("452".utf8)))
        },
        Input("NOOPs in one write, behind a late answer", 400) { count in
            let wire = try Wire()
            wire.policy.delays = true
            wire.receive(repeated("NOOP\r\n", count))
            wire.policy.delays = false
            #expect(wire.answer() && wire.waitsForInput)
        },
        Input("NOOPs in one write, each answered late", 300) { count in
            let wire = try Wire()
            wire.policy.delays = true
            wire.receive(repeated("NOOP \(String(repeating: "x", count: 200))\r\n", count))
            for _ in 0..<count { #expect(wire.answer() && wire.waitsForInput == (wire.policy.owed.isEmpty)) }
        },
        Input("VRFYs in one write", 300) { count in
            let wire = try Wire()
            wire.receive(repeated("VRFY somebody\r\n", count))
            #expect(wire.last.contains(Array("252".utf8)))
        },
        Input("errors in one write", 300) { count in
            let wire = try Wire()
            wire.receive(repeated("\u{0}\r\nWHAT\r\nRCPT TO:<>\r\n", count / 3))
            #expect(wire.waitsForInput)
        },
        Input("messages without content", 60) { count in
            let wire = try Wire()
            wire.receive("EHLO c.example.com\r\n")
            wire.receive(repeated("MAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n.\r\n", count))
            #expect(wire.last.contains(Array("250 2.0.0".utf8)))
        },
    ]

    /// In one command line, whose limits have been taken off.
    static let addresses: [Input] =
        [
            ("EHLO of labels", "EHLO a", ".a", ""), ("EHLO of a literal", "EHLO [x:", "a", "]"),
            ("EHLO of digits", "EHLO [", "1", ""), ("EHLO of colons", "EHLO [IPv6:", ":", "]"),
            ("a source route", "MAIL FROM:<", "@a,", "@a:b@c>"),
            ("a source route without end", "MAIL FROM:<", "@a,", ""),
            ("quoted pairs", "MAIL FROM:<\"", "\\\\", "\"@c>"),
            ("quoted pairs without end", "MAIL FROM:<\"", "\\\\", ""),
            ("a local part of dots", "MAIL FROM:<a", ".a", "@c>"), ("at signs", "MAIL FROM:<a", "@a", ">"),
            ("nested comments", "MAIL FROM:<a", "(", "@c>"), ("comments", "MAIL FROM:<a", "(a)", "@c>"),
            ("comments before FROM", "MAIL FROM:", "(a)", "<a@c>"), ("blanks", "MAIL FROM:<a@c>", " ", "X=1"),
            ("parameters", "MAIL FROM:<a@c>", " SIZE=1", ""),
            ("one parameter", "MAIL FROM:<a@c> X=", "x", ""),
            ("an argument", "NOOP ", "x", ""), ("a verb", "", "x", ""),
            ("blanks at the end", "NOOP", " \t", "x"),
        ].flatMap { name, start, middle, end in
            [AddressSyntax.strict, .lenient].map { syntax in
                Input("\(name), \(syntax)", 20_000) { count in
                    let wire = try Wire {
                        unlimited(&$0)
                        $0.session.addressSyntax = syntax
                    }
                    wire.receive("EHLO c.example.com\r\n")
                    wire.receive(Array(start.utf8) + repeated(middle, count / middle.utf8.count))
                    wire.receive(end + "\r\n")
                    #expect(wire.waitsForInput)
                }
            }
        }
}
