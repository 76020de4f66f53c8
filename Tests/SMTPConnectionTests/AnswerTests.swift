import SMTPConnection
import SMTPProtocol
import SMTPServer
import Synchronization
import Testing

/// Where an answer meets a deadline, an end or another answer.
@Suite struct AnswerTests {
    @Test func `the session's end waits for what is being decided`() {
        let rig = Rig { $0.timeouts.session = .seconds(100) }
        rig.answers["message"] = .some(nil)
        rig.begin()
        rig.receive("DATA\r\n")
        rig.receive("hi\r\n.\r\n")
        rig.wait(150)
        #expect(rig.lastLine.hasPrefix("354"))
        rig.answerLater(.accept)
        #expect(
            rig.text.hasSuffix("250 2.0.0 Message accepted\r\n421 4.4.2 Timed out, closing connection\r\n"))
        #expect(rig.notices == [.reset(.delivered), .closed(.timedOut(.session))])
    }

    @Test func `an answer that is there when its deadline falls has come in time`() {
        let rig = Rig()
        rig.answers["mail"] = .some(nil)
        rig.receive("EHLO c.example.com\r\nMAIL FROM:<a@example.com>\r\n")
        rig.seconds += 300
        #expect(rig.answerLater(.accept))
        #expect(rig.lastLine == "250 2.1.0 Sender accepted" && rig.notices == [])
    }

    @Test func `a last word of 250 takes the message, and ends the session`() {
        let rig = Rig()
        rig.answers["message"] = .close(Reply(250, EnhancedStatusCode(2, 0, 0), "kept; goodbye"))
        rig.begin()
        rig.receive("DATA\r\n")
        rig.receive("hi\r\n.\r\n")
        #expect(rig.lastLine == "250 2.0.0 kept; goodbye")
        #expect(rig.notices == [.reset(.delivered), .closed(.refused)])
    }

    @Test func `a reply without an enhanced code gets one, but for the greeting`() {
        let rig = Rig()
        rig.answers["rcpt"] = .reply(Reply(550, nil, "no"))
        rig.answers["noop"] = .reply(Reply(250, nil, "yes"))
        rig.begin()
        #expect(rig.lastLine == "550 5.0.0 no")
        rig.receive("NOOP\r\n")
        #expect(rig.lastLine == "250 2.0.0 yes")
        #expect(rig.text.hasPrefix("220 mx.example.org ESMTP ready\r\n250-mx.example.org\r\n"))
    }

    @Test func `no configured name or banner forges a line or makes one too long`() {
        let rig = Rig {
            $0.session.hostname = "evil.example\r\n250 forged"
            $0.session.banner = String(repeating: "long ", count: 300)
        }
        rig.receive("HELO c.example.com\r\n")
        let lines = rig.text.split(separator: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 510 } && lines.count > 3)
        #expect(lines.dropLast().allSatisfy { $0.hasPrefix("220") })
        #expect(lines.last == "250 evil.example250forged")
    }

    /// A handler that blocks, on a clock of its own.
    private final class Blocking: Handler {
        let work: () -> Void
        init(_ work: @escaping () -> Void) { self.work = work }
        func content(_ bytes: Span<UInt8>, in context: Context) -> Decision {
            work()
            return .accept
        }
    }

    /// A clock that only a test moves.
    private final class Seconds: Sendable {
        let count = Atomic<Int64>(0)
    }

    @Test func `the time that a blocking handler takes is not the client's`() throws {
        let seconds = Seconds()
        let clock = { @Sendable in
            Instant(nanoseconds: seconds.count.load(ordering: .relaxed) * 1_000_000_000)
        }
        let service = Service(.init(.init(hostname: "mx.example.org"))) { _ in
            Blocking { seconds.count.add(200, ordering: .relaxed) }
        }
        let connection = try ServedConnection(
            service, peer: .unknown, local: .unknown, at: clock(), clock: clock, post: { _ in })
        func feed(_ text: String) -> Instant? {
            connection.receive(Array(text.utf8).span, at: clock())
            while true {
                switch connection.next() {
                case .send: connection.sent(connection.withOutput { $0.count }, at: clock())
                case .wait(let until, _, _): return until
                case .close, .finishSending: return nil
                }
            }
        }
        _ = feed("EHLO c.example.com\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
        #expect(feed("hello\r\n") == Instant(nanoseconds: 260_000_000_000))
    }
}
