import Testing

@testable import SMTPProtocol

@Suite struct ReplyReaderTests {
    /// All events, with the input cut into pieces of `size`; the reader stops at a fault.
    static func read(
        _ text: [UInt8], size: Int = .max, _ limits: ReplyReader.Limits = .init()
    ) -> [ReplyReader.Event] {
        var reader = ReplyReader(limits)
        var events: [ReplyReader.Event] = []
        var rest = text[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(size))
            rest = rest.dropFirst(size)
            var position = 0
            reading: while true {
                switch reader.next(piece.span, &position) {
                case .needsInput: break reading
                case .fault(let fault): return events + [.fault(fault)]
                case let event: events.append(event)
                }
            }
        }
        return events
    }

    static func check(_ text: String, _ expected: [ReplyReader.Event]) {
        let octets = Array(text.utf8)
        for size in 1...max(octets.count, 1) {
            #expect(read(octets, size: size) == expected, "\(text), in pieces of \(size)")
        }
    }

    static func reply(_ code: UInt16, _ status: EnhancedStatusCode? = nil, _ lines: String...)
        -> ReplyReader.Event
    {
        guard let code = ReplyCode(received: code) else { return .needsInput }
        return .reply(Reply(received: code, status, lines: lines))
    }

    @Test func `replies as they come`() {
        Self.check("250 ok\r\n", [Self.reply(250, nil, "ok")])
        Self.check("250\r\n334\r\n", [Self.reply(250, nil, ""), Self.reply(334, nil, "")])
        Self.check("250-\r\n250-b\r\n250\r\n", [Self.reply(250, nil, "", "b", "")])
        Self.check(
            "250-a\r\n250-b\r\n250 c\r\n354 go\r\n",
            [Self.reply(250, nil, "a", "b", "c"), Self.reply(354, nil, "go")])
        Self.check("299 x\r\n578 y\r\n", [Self.reply(299, nil, "x"), Self.reply(578, nil, "y")])
    }

    @Test func `enhanced codes, if they are exact`() {
        let status = EnhancedStatusCode(5, 1, 1)
        Self.check("550 5.1.1 no\r\n", [Self.reply(550, status, "no")])
        Self.check("550-5.1.1 no\r\n550 5.1.1 such\r\n", [Self.reply(550, status, "no", "such")])
        Self.check("550 5.1.1\r\n", [Self.reply(550, status, "")])
        Self.check("250 2.0.999 x\r\n", [Self.reply(250, EnhancedStatusCode(2, 0, 999), "x")])
        for text in ["5.1", "5.1.1.1 x", "5.1000.0 x", "5.01.1 x", "6.1.1 x", "5.1.1x", "5..1 x", " 5.1.1 x"]
        {
            Self.check("550 \(text)\r\n", [Self.reply(550, nil, text)])
        }
        Self.check("550 2.1.1 x\r\n", [Self.reply(550, EnhancedStatusCode(5, 0, 0), "2.1.1 x")])
        Self.check("354 3.0.0 x\r\n", [Self.reply(354, nil, "3.0.0 x")])
    }

    @Test func `text is made harmless`() {
        let event = Self.read(Array("250 a\u{1b}[0m\0\u{e9}\r\n".utf8))
        #expect(event == [Self.reply(250, nil, "a\\x1B[0m\\x00\\xC3\\xA9")])
    }

    @Test(arguments: [
        "\r\n", "25\r\n", "25 ok\r\n", "150 x\r\n", "600 x\r\n", "020 x\r\n", "hello\r\n", "250_x\r\n",
        "250ok\r\n",
        " 250 x\r\n", "250 a\rb\r\n", "250 a\n250 b\r\n", "\u{662}50 x\r\n",
    ])
    func `what is no reply is a fault`(text: String) { Self.check(text, [.fault(.malformed)]) }

    @Test func `a server that contradicts itself`() {
        Self.check("250-a\r\n550 b\r\n", [.fault(.codesDiffer)])
        Self.check("250-a\r\n251 b\r\n250 c\r\n", [.fault(.codesDiffer)])
        Self.check("250 ok\r\njunk\r\n250 ok\r\n", [Self.reply(250, nil, "ok"), .fault(.malformed)])
    }

    @Test(arguments: [1, 7, 4096, 5000, 40_000])
    func `bounds`(size: Int) {
        func line(_ head: String, _ count: Int) -> [UInt8] {
            Array(head.utf8) + [UInt8](repeating: 120, count: count - head.utf8.count - 2) + [13, 10]
        }
        #expect(Self.read(line("250 ", 4096), size: size).count == 1)
        #expect(Self.read(line("250 ", 4097), size: size) == [.fault(.lineTooLong)])
        #expect(Self.read([UInt8](repeating: 50, count: 100_000), size: size) == [.fault(.lineTooLong)])
        let lines = [[UInt8]](repeating: line("250-", 10), count: 127).flatMap { $0 }
        #expect(Self.read(lines + line("250 ", 10), size: size).count == 1)
        #expect(Self.read(lines + line("250-", 10) + line("250 ", 10), size: size) == [.fault(.tooManyLines)])
        let eight = [[UInt8]](repeating: line("250-", 4096), count: 8).flatMap { $0 }
        #expect(Self.read(Array(eight.dropFirst(4096)) + line("250 ", 4096), size: size).count == 1)
        #expect(Self.read(eight + line("250 ", 8), size: size) == [.fault(.tooLong)])
    }

    @Test func `the bounds are those of one reply`() {
        let many = [[UInt8]](repeating: Array("250 ok\r\n".utf8), count: 10_000).flatMap { $0 }
        #expect(Self.read(many, size: 1460).count == 10_000)
    }
}
