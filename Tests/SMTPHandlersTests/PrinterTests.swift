import Glibc
import SMTPConnection
import SMTPProtocol
import Testing

@testable import SMTPHandlers

@Suite struct PrinterTests {
    final class Output: @unchecked Sendable { var texts: [String] = [] }

    private func printed(_ content: [[UInt8]], envelope: Envelope? = nil, sizeLimit: Int = 1000) throws
        -> [String]
    {
        let output = Output()
        var conversation = Conversation(Printer(sizeLimit: sizeLimit) { output.texts.append(text($0)) })
        _ = try conversation.deliver(envelope ?? .made(), content)
        return output.texts
    }

    @Test func showsEnvelopeAndContentAtOnce() throws {
        let envelope = try Envelope.made(to: ["bob@example.com", "carol@example.com"])
        #expect(
            try printed([bytes("Subject: x\r"), bytes("\n\r\n"), bytes("body\r\n")], envelope: envelope) == [
                """
                === message ===
                from: <alice@example.org>
                to: <bob@example.com>
                to: <carol@example.com>
                peer: 192.0.2.7:40000
                hello: EHLO client.example
                size: 20 octets
                === content ===
                Subject: x

                body
                === end ===

                """
            ])
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let content: String
        let expected: String
        var testDescription: String { expected.debugDescription }
    }

    static let rows: [Row] = [
        ("plain\r\n", "plain\n"), ("", ""), ("no end", "no end\n"), ("\r\n\r\n", "\n\n"),
        ("a\tb\r\n", "a\tb\n"),
        ("\u{1B}[2J\r\n", "\\x1b[2J\n"), ("\u{0}\u{7}\u{8}\u{7F}\r\n", "\\x00\\x07\\x08\\x7f\n"),
        ("a\rb\r\n", "a\\x0db\n"), ("a\nb\r\n", "a\\x0a\nb\n"), ("a\r\r\n", "a\\x0d\n"), ("a\r", "a\\x0d\n"),
        ("=== end ===\r\n===\r\n==\r\n", "\\=== end ===\n\\===\n==\n"), ("a\n=== end", "a\\x0a\n\\=== end\n"),
        ("grüße 日本 😀\r\n", "grüße 日本 😀\n"),
        ("a\u{202E}b\u{2066}c\u{200F}\u{61C}\r\n", "a\\u{202e}b\\u{2066}c\\u{200f}\\u{61c}\n"),
        ("\u{9B}2J\u{85}\r\n", "\\u{9b}2J\\u{85}\n"), ("\u{2028}\u{2029}\r\n", "\\u{2028}\\u{2029}\n"),
        ("a\u{AD}b\u{200D}\u{FEFF}\r\n", "a\\u{ad}b\\u{200d}\\u{feff}\n"),
        ("\u{E0041}\u{FE0F}\u{FFFE}\r\n", "\\u{e0041}\\u{fe0f}\\u{fffe}\n"), ("\\x1b\r\n", "\\x1b\n"),
    ].map { Row(content: $0, expected: $1) }

    @Test(arguments: rows) func content(_ row: Row) {
        var output: [UInt8] = []
        VisibleText.appendLines(bytes(row.content).span, fence: bytes("==="), to: &output)
        #expect(text(output) == row.expected)
    }

    @Test(
        arguments: [
            ([0xFF, 0xFE], "\\xff\\xfe"), ([0xC3], "\\xc3"), ([0xC3, 0x28], "\\xc3("), ([0x80], "\\x80"),
            ([0xC0, 0xAE], "\\xc0\\xae"), ([0xE0, 0x80, 0xAE], "\\xe0\\x80\\xae"),
            ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"), ([0xF4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"),
            ([0xF5, 0x80, 0x80, 0x80], "\\xf5\\x80\\x80\\x80"), ([0xF0, 0x9F, 0x98], "\\xf0\\x9f\\x98"),
            ([0xE2, 0x82, 0xAC, 0xE2], "€\\xe2"), ([13, 10, 27], "\\x0d\\x0a\\x1b"), ([9], "\\x09"),
        ] as [([UInt8], String)])
    func malformedBytes(_ input: [UInt8], _ expected: String) {
        var output: [UInt8] = []
        VisibleText.appendLine(input.span, to: &output)
        #expect(text(output) == expected)
    }

    @Test func oneLineStaysBelowAKilobyte() {
        var output: [UInt8] = []
        VisibleText.appendLine([UInt8](repeating: 27, count: 70_000).span, to: &output)
        #expect(output.count <= 1024)
        #expect(text(output).hasSuffix("\\x1b..."))
    }

    /// All single bytes and pairs: what is printed has no control but LF, and is UTF-8.
    @Test func nothingHarmfulIsPrinted() {
        for first in UInt8.min ... .max {
            for second in UInt8.min ... .max {
                var output: [UInt8] = []
                VisibleText.appendLines([65, first, second].span, fence: bytes("==="), to: &output)
                let isHarmless = output.allSatisfy { $0 >= 32 && $0 != 127 || $0 == 10 || $0 == 9 }
                guard isHarmless, String(validating: output, as: UTF8.self) != nil else {
                    Issue.record("\(first) \(second) gave \(output)")
                    return
                }
            }
        }
    }

    @Test func whatIsTooLargeIsRefusedAndForgotten() throws {
        let output = Output()
        var conversation = Conversation(Printer(sizeLimit: 10) { output.texts.append(text($0)) })
        #expect(try conversation.deliver(.made(), [bytes("12345"), bytes("678901")])?.code == 552)
        #expect(output.texts.isEmpty)
        #expect(try conversation.deliver(.made(), [bytes("12345"), bytes("67890")]) == .accept)
        #expect(output.texts.count == 1)
    }

    @Test func anInterruptedMessageIsNotPrintedWithTheNext() throws {
        let output = Output()
        var conversation = Conversation(Printer { output.texts.append(text($0)) })
        #expect(try conversation.begin(.made()) == .accept)
        #expect(try conversation.content(bytes("first\r\n")) == .accept)
        conversation.observe(.reset(.aborted))
        #expect(try conversation.deliver(.made(), [bytes("second\r\n")]) == .accept)
        #expect(output.texts.count == 1)
        #expect(output.texts.first?.contains("first") == false)
    }

    @Test func concurrentMessagesDoNotInterleave() {
        var ends: [Int32] = [-1, -1]
        #expect(unsafe pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        defer { close(reading) }
        let write = Printer.output(to: writing)
        let messages = 4
        let length = 200_000
        final class Received: @unchecked Sendable { var bytes: [UInt8] = [] }
        let received = Received()
        onThreads(messages + 1) { index in
            if index < messages {
                write([UInt8](repeating: UInt8(65 + index), count: length))
                return
            }
            var block = [UInt8](repeating: 0, count: 65_536)
            while received.bytes.count < messages * length {
                let count = unsafe read(reading, &block, block.count)
                guard count > 0 else { return }
                received.bytes.append(contentsOf: block[..<count])
            }
        }
        close(writing)
        #expect(received.bytes.count == messages * length)
        let changes = zip(received.bytes, received.bytes.dropFirst()).count { $0 != $1 }
        #expect(changes == messages - 1)
    }
}
