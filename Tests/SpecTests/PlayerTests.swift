import SMTPConnection
import Testing

@testable import SpecRunner

/// What a case can say, and what the runner makes of it when it is not so.
@Suite struct PlayerTests {
    static let hello = "S: 220\nC: EHLO client.example.com\nS: 250\n"
    static let begun = hello + "C: MAIL FROM:<a@example.com>\nS: 250\n"

    @Test(arguments: [
        hello + "S+ SIZE *\nS- STARTTLS\nC: QUIT\nS: 221\nS closes\nH? closed quit",
        "given host one.example\nS: 220 one.example ESMTP ready\nC: HELO c.example\nS: 250 one.example",
        "given banner hi there\nS~ 220 *hi there\nC: NOOP\nS: 250 2.0.0 OK\nC closes\nS closes\nH? closed peer-closed",
        "H? connect\nH: 554 no\nS: 554\nC: EHLO c.example\nS: 503\nC: QUIT\nS: 221\nS closes",
        hello + "H: 550 5.7.1 no\nC: MAIL FROM:<a@example.com>\nS: 550 5.7.1 no\nC: RSET\nS: 250",
        hello + "C: MAIL FROM:<a@example.com>\nH? mail <a@example.com>\nH: throws\nS: 451",
        hello + "C: MAIL FROM:<a@example.com> SIZE=5 BODY=8BITMIME\nS: 250\n"
            + "H? mail <a@example.com> BODY=8BITMIME SIZE=5\nC resets\nH? closed transport-failed",
        hello + "C: NOOP hi\nH? noop hi\nH: close 421 4.3.0 away\nS: 421 4.3.0 away\nS closes",
        hello
            + "C: MAIL FROM:<a@example.com>\nC: RCPT TO:<b@example.org>\nC: RCPT TO:<c@example.org>\nC: DATA\n"
            + "H: accept\nH: 450 4.2.1 busy\nH? rcpt <c@example.org>\nH: 550 5.1.1 none\nS: 250\nS: 450\nS: 550\n"
            + "S: 503\nH? error bad-sequence",
        begun + "C: RCPT TO:<b@example.org>\nH? rcpt <b@example.org>\nH: later\nC: NOOP\nS.\n"
            + "H: 450 4.2.1 busy\nS: 450 4.2.1 busy\nS: 250",
        begun
            + "C: RCPT TO:<b@example.org>\nH: later\nwait 299s\nS.\nwait 1s\nS: 451\nH? unanswered\nH: 250 late\n"
            + "S.\nC: NOOP\nS: 250",
        begun + "C: RCPT TO:<b@example.org>\nS: 250\nC: DATA\nS: 354\nC= ..x\\r\\|\\n.\\r\\n\n"
            + "H? message \".x\\r\\n\"\nH: 250-2.0.0 one\nH: 250 2.0.0 two\nS: 250-2.0.0 one\nS: 250 2.0.0 two\n"
            + "H? reset delivered",
        "given timeout command 10s\nS: 220\nwait 9s\nS.\nwait 1s\nS: 421\nS closes\nH? closed timed-out command",
        "given soft-errors 1\nS: 220\nC: X\nS: 500\nC: X\nS.\nwait 1s\nS: 500\nC: X\nS: 500",
        "S: 220\nH: shutdown\nS: 421\nS closes\nH? closed shut-down",
        "given with XT mail=XP rcpt=XR\ngiven without SIZE\n" + hello
            + "S+ XT\nS- SIZE *\nC: MAIL FROM:<a@example.com> XP=1\nH? mail <a@example.com> XP=1\nS: 250",
        "given verb XTRA\n" + hello
            + "C: XTRA some thing\nH? command XTRA some thing\nH: 250 2.0.0 done\nS: 250",
        "given dialect lmtp\nS: 220\nC: LHLO c.example\nS: 250\nC: MAIL FROM:<a@example.com>\nS: 250\n"
            + "C: RCPT TO:<b@example.org>\nC: RCPT TO:<c@example.org>\nC: DATA\nS: 250\nS: 250\nS: 354\nC: .\n"
            + "H? message\nH: 250 2.1.5 yes\nH: 550 5.1.1 no\nS: 250 2.1.5 yes\nS: 550 5.1.1 no",
        "given size 100k\ngiven errors 1\ngiven command 512\ngiven commands lenient\ngiven address lenient\n"
            + "given bare-newlines preserve\ngiven profile strict\ngiven junk none\ngiven auth off\nS: 220",
    ])
    func `a case that is so passes on the core`(lines: String) throws {
        #expect(try outcome(lines) == .passed)
    }

    /// Each with the line that is wrong, counted from the first of the case, and what came instead.
    @Test(
        arguments: [
            ("S: 221", 1, "S: 220 mx.example.org"), ("S: 220\nS: 250", 2, nil),
            ("S: 220 hello", 1, "S: 220 mx"),
            ("S: 220\nC: NOOP\nS: 250\nC: NOOP\nS: 251", 5, "S: 250 2.0.0 OK"),
            ("S: 220\nC: NOOP\nS.", 3, "S: 250"), ("S: 220\nS closes", 2, nil),
            ("S: 220\nC: QUIT\nS closes", 3, "S: 221"), (hello + "S- SIZE *", 4, nil),
            (hello + "S+ XSIZE", 4, nil),
            (hello + "S~ 250 SIZE", 4, nil), (begun + "H? mail <b@example.com>", 6, nil),
            (begun + "H? mail <a@example.com> SIZE=5", 6, nil), (begun + "H? rcpt", 6, nil),
            ("S: 220\nH: 550 5.1.1 no", 2, nil),
            ("S: 220\nC: NOOP\nH: later\nS.\nH: accept\nH: accept\nS: 250", 6, nil),
            (begun + "H? mail <a@example.com>\nH? mail <a@example.com>", 7, nil),
        ] as [(String, Int, String?)])
    func `a case that is not so fails at the right line`(lines: String, wrong: Int, instead: String?) throws {
        guard case .failed(let dialogue) = try outcome(lines) else {
            Issue.record("it passed")
            return
        }
        let shown = dialogue.split(separator: "\n").map(String.init)
        let wanted = lines.split(separator: "\n")[wrong - 1]
        let mark = try #require(shown.firstIndex { $0.hasPrefix("# WRONG: ") }, "\(dialogue)")
        #expect(shown[mark].hasPrefix("# WRONG: line \(5 + wrong) wants `\(wanted)`"), "\(dialogue)")
        if let instead { #expect(shown.dropFirst(mark + 1).first?.hasPrefix(instead) == true, "\(dialogue)") }
        #expect(shown[0] == "# page.md:3: Case")
    }

    @Test func `replies that no line asks for fail the case`() throws {
        guard case .failed(let dialogue) = try outcome("S: 220\nC: NOOP") else {
            Issue.record("it passed")
            return
        }
        #expect(
            dialogue.contains("the server says more\nH? noop\nS: 250 2.0.0 OK")
                || dialogue.hasSuffix("S: 250 2.0.0 OK"))
    }

    @Test func `the dialogue of a failure is a case that passes`() throws {
        let lines = Self.begun + "C: RCPT TO:<b@example.org>\nH: 550 5.1.1 none\nS: 250"
        guard case .failed(let dialogue) = try outcome(lines) else {
            Issue.record("it passed")
            return
        }
        #expect(try outcome(dialogue) == .passed, "\(dialogue)")
    }

    @Test(arguments: [
        ("given proxy required\nS: 220", "PROXY"),
        ("given tls offered\nS: 220\nC: STARTTLS\nS: 220\nTLS", "TLS engine"),
        ("given tls implicit\nTLS\nS: 220", "TLS engine"), ("S: 220\nTLS fails", "TLS engine"),
    ])
    func `what cannot be run is skipped and the reason told`(lines: String, reason: String) throws {
        guard case .skipped(let told) = try outcome(lines) else {
            Issue.record("not skipped")
            return
        }
        #expect(told.contains(reason))
    }

    @Test(arguments: [
        ("H? noop\nS: 250", "`H?` lines"), ("wait 1s", "time"),
        ("given size 5000\nC: NOOP", "--given size=5000"),
    ])
    func `what the wire cannot show is skipped elsewhere`(lines: String, reason: String) throws {
        let lines = lines.hasPrefix("given") ? lines : "S: 220\nC: NOOP\n" + lines
        let nobody = Endpoint.tcp(host: "127.0.0.1", port: 1)
        let result = try #require(SpecRunner.run([specCase(lines)], on: .foreign(nobody)).first)
        guard case .skipped = result.outcome else {
            Issue.record("\(result.outcome)")
            return
        }
    }
}
