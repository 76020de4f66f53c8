import SMTPConnection
import Testing

@testable import SpecRunner

/// Cases of the client's role find what is wrong, too.
@Suite struct ClientRoleTests {
    static let begun = "given role client\nS: 220 x\nC: EHLO client.example.com\nS: 250 x\n"

    @Test func `a case that is so passes`() throws {
        #expect(try outcome(Self.begun + "H: quit\nC: QUIT\nS: 221\nH? closed\nC closes") == .passed)
    }

    @Test(
        arguments: [
            ("given role client\nS: 220 x\nC: HELO client.example.com", 3), (begun + "C: QUIT", 5),
            (begun + "H: noop\nC: NOOP\nS: 250\nH? replied 251", 8), (begun + "H: noop\nC.", 6),
            (begun + "H? greeted 220\nH? greeted 220", 6), (begun + "C closes", 5),
            (begun + "H: content \"x\"", 5), (begun + "H: quit\nC: QUIT\nS: 250\nH? closed refused", 8),
            (begun + "H: deliver <> to <b@x.example> \"hi\"\nC= MAIL FROM:<>\\r\\nX", 6),
            ("given role client\nwait 299s\nC.\nH? closed timed-out", 4),
        ] as [(String, Int)])
    func `a case that is not so fails at the right line`(lines: String, wrong: Int) throws {
        guard case .failed(let dialogue) = try outcome(lines) else {
            Issue.record("it passed")
            return
        }
        let wanted = lines.split(separator: "\n")[wrong - 1]
        #expect(dialogue.contains("# WRONG: line \(5 + wrong) wants `\(wanted)`: "), "\(dialogue)")
    }

    @Test func `what the client says and no line expects fails the case`() throws {
        guard case .failed(let dialogue) = try outcome("given role client\nS: 220 x") else {
            Issue.record("it passed")
            return
        }
        #expect(dialogue.hasSuffix("the client says `EHLO client.example.com\\r\\n`"), "\(dialogue)")
    }

    @Test func `it is played on the core only`() throws {
        let nobody = Endpoint.tcp(host: "127.0.0.1", port: 1)
        let result = try #require(SpecRunner.run([specCase(Self.begun)], on: .foreign(nobody)).first)
        #expect(result.outcome == .skipped(reason: "a client is played on the core only"))
    }

    @Test(arguments: [
        "H: deliver", "H: deliver <a@b", "H: deliver <a> to <b@x.example>", "H: deliver <> <b@x.example>",
        "H: deliver <> to <b@x.example> \"x", "H: content x", "H: end now", "H: 250 ok", "S+ SIZE", "S.",
        "H: deliver <> X_Y=1 to <b@x.example>", "C resets", "TLS", "given size 5", "given client a b",
        "given timeout nothing 5s",
    ])
    func `what means nothing to a client is an error`(line: String) {
        let lines =
            line.hasPrefix("given") ? "given role client\n\(line)" : "given role client\nS: 220 x\n\(line)"
        #expect(throws: SpecError.self) { try SpecFile.parse(name: "page.md", text: page(lines)) }
    }
}
