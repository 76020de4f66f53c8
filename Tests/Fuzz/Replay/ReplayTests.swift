import Foundation
import SMTPProtocol
import Testing

/// Every input that was ever worth keeping, through the same functions as the fuzzer's.
@Suite struct ReplayTests {
    static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "corpus")

    @Test(arguments: FuzzTarget.allCases) func `nothing breaks on the corpus`(_ target: FuzzTarget) throws {
        let folder = Self.corpus.appending(path: target.rawValue)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(!files.isEmpty, "\(target) has a corpus")
        for file in files {
            let input = try [UInt8](Data(contentsOf: file))
            #expect(throws: Never.self, "\(target) \(file.lastPathComponent)") { try target.run(input) }
        }
    }

    @Test(
        "what a strict client refuses is refused",
        arguments: [
            "250 a\n", "25 a\r\n", "150 a\r\n", "260 a\r\n", "250a\r\n", "250-a\r\n251 b\r\n", "250 a\rb\r\n",
            "550 2.1.1 no\r\n", "354 3.0.0 go\r\n", "250-2.0.0 a\r\n250 b\r\n",
            "250 " + String(repeating: "a", count: 507) + "\r\n",
        ])
    func badReplies(_ text: String) {
        #expect(throws: BrokenInvariant.self) {
            var reader = ReplyReader()
            try reader.read(Array(text.utf8).span)
        }
    }

    @Test func `good replies are counted`() throws {
        var reader = ReplyReader()
        let text = "220 a\r\n250-a\r\n250 b\r\n250-2.0.0 a\r\n250 2.0.0 b\r\n35"
        try reader.read(Array(text.utf8).span)
        #expect(reader.replies == 3 && !reader.isAtEnd)
    }

    @Test func `the ledger tells a broken transaction`() throws {
        let mail = Question.mail(.null, MailParameters())
        var ledger = Ledger()
        #expect(throws: BrokenInvariant.self) { try ledger.noted(.reset(.rset)) }
        try ledger.asked(mail)
        ledger.answered(mail, .accept, isLMTP: false)
        #expect(throws: BrokenInvariant.self) { try ledger.asked(mail) }
        #expect(throws: BrokenInvariant.self) { try ledger.noted(.reset(.delivered)) }
        #expect(throws: BrokenInvariant.self) { try ledger.noted(.closed(.quit)) }
        try ledger.noted(.reset(.aborted))
        try ledger.noted(.closed(.quit))
        #expect(throws: BrokenInvariant.self) { try ledger.noted(.closed(.quit)) }
    }
}
