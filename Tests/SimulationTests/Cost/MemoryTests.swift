import SMTPConnection
import SMTPProtocol
import SMTPServer
import Testing

/// What a client can make a server hold has an end, and a small one (ATK-MEM-1 to -3 and -8, ATK-PIPE-6).
///
/// What is measured is what the whole process holds, so it is measured in a process that does nothing else.
struct MemoryTests {
    /// What each of `count` wires holds after `prepare`.
    private static func bytesEach(
        _ count: Int, _ change: @escaping (inout ServerConnection.Configuration) -> Void = { _ in },
        _ prepare: (Wire) -> Void
    ) throws -> Int {
        // What is made once for all is not theirs.
        prepare(try Wire(Policy(), change))
        let before = try #require(liveBytes())
        var wires: [Wire] = []
        wires.reserveCapacity(count)
        for _ in 0..<count {
            let wire = try Wire(Policy(), change)
            prepare(wire)
            wires.append(wire)
        }
        let after = try #require(liveBytes())
        withExtendedLifetime(wires) {}
        return (after - before) / count
    }

    static func normalizing(_ configuration: inout ServerConnection.Configuration) {
        configuration.session.bareNewlines = .normalize
    }

    static func mx(_ configuration: inout ServerConnection.Configuration) {
        configuration.session.limits = .mx
    }

    /// An idle connection.
    static let idle = 16 << 10
    /// A connection in the midst of a message, with one read of 64 KiB.
    static let active = 96 << 10
    /// A thousand recipients of short names, each with room for what RFC 3461 may say of it.
    static let crowded = 128 << 10

    @Test func `the measure sees what is held`() async {
        await #expect(processExitsWith: .success) {
            let before = try #require(liveBytes())
            let held = (0..<1000).map { _ in [UInt8](repeating: 1, count: 40_000) }
            let after = try #require(liveBytes())
            #expect(after - before > 30_000_000)
            withExtendedLifetime(held) {}
        }
    }

    @Test func `an idle connection after EHLO holds at most 16 KiB`() async {
        await #expect(processExitsWith: .success) {
            let each = try MemoryTests.bytesEach(1000) { $0.receive("EHLO c.example.com\r\n") }
            #expect(each <= MemoryTests.idle)
        }
    }

    @Test func `an idle connection after a message holds no more than before it`() async {
        await #expect(processExitsWith: .success) {
            let line = Array((String(repeating: "x", count: 76) + "\r\n..\r\n").utf8)
            let message = Array(repeatElement(line, count: 100).joined())
            let each = try MemoryTests.bytesEach(50) {
                $0.begin()
                $0.receive(message)
                $0.receive(".\r\n")
            }
            #expect(each <= MemoryTests.idle)
        }
    }

    @Test func `a command line without end holds at most twice its limit`() async {
        await #expect(processExitsWith: .success) {
            for size in [1, 700, 2047, 2048, 60_000] {
                let chunk = [UInt8](repeating: 120, count: size)
                let each = try MemoryTests.bytesEach(50) { wire in
                    wire.receive("EHLO c.example.com\r\n")
                    for _ in 0..<max(1, 2100 / size) { wire.receive(chunk) }
                }
                // The connection itself, the line and room for it to grow.
                #expect(each <= (4 << 10) + (4 << 10) + 512, "in chunks of \(size)")
            }
        }
    }

    @Test func `a command line without end is answered once and ends the session`() throws {
        let wire = try Wire { $0.session.limits = .mx }
        let said = wire.said
        wire.receive([UInt8](repeating: 120, count: 60_000))
        #expect(wire.said == said && !wire.isClosed)
        wire.receive([UInt8](repeating: 120, count: 10_000))
        #expect(wire.last.starts(with: Array("421 4.7.0 Line without end".utf8)))
    }

    @Test func `a line of content without end passes through`() async {
        await #expect(processExitsWith: .success) {
            let chunk = [UInt8](repeating: 120, count: 64 << 10)
            let chunks = 256
            let wire = try Wire {
                $0.session.limits.messageSize = nil
                $0.timeouts.contentRate = 0
            }
            wire.begin()
            wire.receive(chunk)
            let before = try #require(liveBytes())
            var most = before
            for index in 1..<chunks {
                wire.receive(chunk)
                if index.isMultiple(of: 64) { most = max(most, liveBytes() ?? .max) }
            }
            #expect(wire.policy.content == chunks * chunk.count)
            #expect(most - before <= 256 << 10)
        }
    }

    @Test func `content of dots is gathered, but not for long`() async {
        await #expect(processExitsWith: .success) {
            for line in ["x\r\n..\r\n", ".\r", "\n.\r\n", "..x\r\n", ".\r\n\r\n"] {
                // Short runs first, then one as long as an input can be.
                let dots = Array(repeatElement(Array(("x" + line).utf8), count: 10).joined())
                let chunk = dots + [UInt8](repeating: 120, count: (64 << 10) - dots.count)
                let each = try MemoryTests.bytesEach(10, MemoryTests.normalizing) { wire in
                    wire.begin()
                    for _ in 0..<2 { wire.receive(chunk) }
                }
                #expect(each <= MemoryTests.active, "with lines \(line.debugDescription)")
            }
        }
    }

    @Test func `recipients beyond the limit hold nothing`() async {
        await #expect(processExitsWith: .success) {
            func held(_ recipients: Int) throws -> Int {
                try MemoryTests.bytesEach(20, MemoryTests.mx) { wire in
                    wire.receive("EHLO c.example.com\r\nMAIL FROM:<a@example.com>\r\n")
                    for _ in 0..<recipients { wire.receive("RCPT TO:<recipient@example.org>\r\n") }
                }
            }
            let full = try held(1000)
            #expect(full <= MemoryTests.crowded)
            let crowd = try held(2000)
            #expect(crowd <= full + 8192)
        }
    }

    @Test func `recipients beyond the limit end the session some time`() throws {
        let wire = try Wire { $0.session.limits = .mx }
        wire.receive("EHLO c.example.com\r\nMAIL FROM:<a@example.com>\r\n")
        for _ in 0..<1200 { wire.receive("RCPT TO:<b@example.org>\r\n") }
        #expect(wire.last.starts(with: Array("452".utf8)))
        wire.receive("RCPT TO:<b@example.org>\r\n")
        #expect(wire.last.starts(with: Array("421".utf8)))
    }

    @Test func `refused recipients end the session at the hundredth`() throws {
        let wire = try Wire { $0.session.limits = .mx }
        wire.policy.refusesRecipients = true
        wire.receive("EHLO c.example.com\r\nMAIL FROM:<a@example.com>\r\n")
        for _ in 0..<99 { wire.receive("RCPT TO:<b@example.org>\r\n") }
        #expect(wire.last.starts(with: Array("550".utf8)))
        wire.receive("RCPT TO:<b@example.org>\r\n")
        #expect(wire.last.starts(with: Array("421".utf8)))
    }

    @Test func `a client that never reads is no longer read`() throws {
        let wire = try Wire()
        wire.takes = 0
        let noops = Array(repeatElement(Array("NOOP\r\n".utf8), count: 1000).joined())
        var reads = 0
        repeat {
            wire.receive(noops)
            reads += 1
        } while wire.waitsForInput && reads < 100
        #expect(reads < 10)
        let backlog = wire.served.withOutput { $0.count }
        #expect(backlog >= 64 << 10 && backlog < (64 << 10) + 512)
        // What was read already waits, and is answered as soon as there is room.
        wire.takes = nil
        wire.drain()
        #expect(wire.waitsForInput)
    }

    @Test func `input behind a late answer is one read and no more`() async {
        await #expect(processExitsWith: .success) {
            let noops = Array(repeatElement(Array("NOOP\r\n".utf8), count: (64 << 10) / 6).joined())
            let wire = try Wire()
            wire.policy.delays = true
            wire.receive(noops)
            #expect(!wire.waitsForInput)
            let each = try MemoryTests.bytesEach(100) { wire in
                wire.policy.delays = true
                wire.receive(noops)
            }
            #expect(each <= MemoryTests.active)
        }
    }

    @Test func `input that was held is given back once it is read`() async {
        await #expect(processExitsWith: .success) {
            let noops = Array(repeatElement(Array("NOOP\r\n".utf8), count: 3000).joined())
            let each = try MemoryTests.bytesEach(30) { wire in
                wire.policy.delays = true
                wire.receive(noops)
                wire.policy.delays = false
                #expect(wire.answer() && wire.waitsForInput)
            }
            #expect(each <= MemoryTests.idle)
        }
    }

    @Test func `output that cannot be sent any more is gone`() throws {
        let wire = try Wire()
        wire.takes = 0
        wire.receive("HELP\r\n")
        #expect(wire.served.withOutput { $0.count } > 0)
        wire.served.fail(at: .init(nanoseconds: 0))
        wire.drain()
        #expect(wire.isClosed && wire.served.withOutput { $0.count } == 0)
    }

    @Test(arguments: ["a short line\r\n", "..\r\n", ".\r\n"]) func `a session holds no more than it says`(
        _ line: String
    ) {
        var configuration = ServerSession.Configuration(hostname: "mx.example.org")
        configuration.limits = .lab
        var session = ServerSession(configuration)
        var most = 0
        let lines = Array(repeatElement(Array(line.utf8), count: 2000).joined())
        let input = Array("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n".utf8) + lines
        var position = 0
        loop: while true {
            switch session.next(input.span, &position) {
            case .ask:
                if case .content(.gathered) = session.question { most = max(most, session.gathered.capacity) }
                session.answer(.accept)
            case .note: continue
            case .wait: break loop
            }
            var output: [UInt8] = []
            session.takeReplies(into: &output)
        }
        #expect(most <= 40 << 10)
    }
}
