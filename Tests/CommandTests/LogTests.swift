import Logging
import SMTPSockets
import Testing

@testable import smtp

/// What a log line looks like, whatever is in it.
@Suite struct LogTests {
    static let quoted: [(text: String, line: String)] = [
        ("", #""""#), ("plain", #""plain""#), ("a\"b\\c", #""a\"b\\c""#), ("a\r\nb\tc", #""a\r\nb\tc""#),
        ("\u{1b}[31m\u{0}", #""\u001b[31m\u0000""#), ("\u{7f}\u{85}", #""\u007f\u0085""#),
        ("grüße", "\"grüße\""),
        ("\u{202e}\u{2028}", #""\u202e\u2028""#), ("\u{e0041}", #""\udb40\udc41""#),
    ]

    @Test(arguments: quoted) func `text is quoted as JSON, and nothing in it hides`(
        _ example: (text: String, line: String)
    ) {
        var line: [UInt8] = []
        LogText.appendQuoted(example.text, to: &line)
        #expect(String(decoding: line, as: UTF8.self) == example.line)
    }

    static let words: [(text: String, line: String)] = [
        ("plain", "plain"), ("[::1]:25", "[::1]:25"), ("two words", #""two words""#), ("a=b", #""a=b""#),
        ("", #""""#), ("é", "\"é\""),
    ]

    @Test(arguments: words) func `a word needs no quotes`(_ example: (text: String, line: String)) {
        var line: [UInt8] = []
        LogText.appendWord(example.text, to: &line)
        #expect(String(decoding: line, as: UTF8.self) == example.line)
    }

    @Test func `text is for people`() {
        let line = logged(.text) {
            $0.notice("it\nhappened", metadata: ["peer": "[::1]:25", "why": "be cause"])
        }
        #expect(line.hasSuffix(" notice: it\\nhappened peer=[::1]:25 why=\"be cause\"\n"))
    }

    @Test func `JSON is for programs`() {
        let line = logged(.json) {
            $0.notice(
                "it \"happened\"",
                metadata: ["n": .stringConvertible(3), "to": ["a", "b\n"], "d": ["k": "v"]])
        }
        let end =
            #","level":"notice","message":"it \"happened\"","d":{"k":"v"},"n":3,"to":["a","b\n"]}"# + "\n"
        #expect(line.hasPrefix(#"{"time":""#) && line.hasSuffix(end))
    }

    @Test func `the time is UTC to the millisecond`() {
        let shape = Timestamp.now().utf8.map { $0 >= 48 && $0 <= 57 ? UInt8(ascii: "0") : $0 }
        #expect(String(decoding: shape, as: UTF8.self) == "0000-00-00T00:00:00.000Z")
    }

    @Test func `what is below the level is not written`() {
        #expect(logged(.text, .warning) { $0.notice("quiet") } == "")
    }

    private func logged(
        _ format: LineLogHandler.Format, _ level: Logger.Level = .trace, _ body: (Logger) -> Void
    ) -> String {
        let written = Written()
        body(Logger(label: "test") { _ in LineLogHandler(format, level: level) { written.add($0) } })
        return String(decoding: written.bytes, as: UTF8.self)
    }
}

private final class Written: @unchecked Sendable {
    private let lock = PosixLock()
    private var text: [UInt8] = []

    var bytes: [UInt8] { lock.withLock { text } }

    func add(_ more: [UInt8]) { lock.withLock { text += more } }
}
