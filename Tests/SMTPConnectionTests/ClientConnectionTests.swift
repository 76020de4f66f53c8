import SMTPConnection
import SMTPProtocol
import Testing

@Suite struct ClientConnectionTests {
    @Test func `a message, and what is wanted in between`() throws {
        let wire = try ClientWire()
        #expect(wire.last == .init(until: 300, input: true, output: false, wants: .nothing))
        wire.open()
        #expect(wire.last == .init(until: nil, input: true, output: false, wants: .request))
        wire.submit(.deliver(try ClientWire.envelope()))
        #expect(wire.takeSaid() == "MAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n" && wire.sends == 2)
        wire.hear("250 ok\r\n250 ok\r\n354 go\r\n")
        #expect(wire.last == .init(until: nil, input: true, output: false, wants: .content))
        #expect(wire.send(Array("hi".utf8), isLast: true))
        #expect(wire.takeSaid() == "hi\r\n.\r\n" && !wire.send([], isLast: true))
        wire.hear("250 ok\r\n")
        #expect(wire.outcomes == ["delivered in finalReply"])
        wire.submit(.quit)
        wire.hear("221 bye\r\n")
        #expect(wire.isClosed && wire.failure == nil && wire.notices.last == .closed(nil))
    }

    /// Each reply has its time, from when the one before it came; a part of one does not extend it.
    @Test(
        arguments: [
            (0, 300, .greeting), (1, 300, .hello), (2, 300, .mail), (3, 300, .recipient),
            (4, 300, .recipient),
            (5, 120, .data), (6, 600, .finalReply),
        ] as [(Int, Double, ClientSession.Phase)])
    func `deadlines`(answered: Int, limit: Double, phase: ClientSession.Phase) throws {
        let replies = [
            "220 x\r\n", "250-x\r\n250 PIPELINING\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n",
            "354 go\r\n",
        ]
        let wire = try ClientWire()
        wire.submit(.deliver(try ClientWire.envelope(2)))
        for reply in replies.prefix(answered) {
            wire.wait(100)
            wire.hear(reply)
        }
        if answered == 6 { wire.send(Array("hi".utf8), isLast: true) }
        #expect(wire.last.until == wire.seconds + limit)
        wire.wait(limit - 1)
        wire.hear("2")
        wire.wait(0.5)
        #expect(!wire.isClosed)
        wire.wait(0.5)
        #expect(wire.isClosed && wire.failure == ClientFailure(.timedOut, in: phase))
        let result = answered == 6 ? "unknown" : "refusedForNow"
        #expect(wire.outcomes == [String](repeating: "\(result) in \(phase)", count: 2))
    }

    @Test func `QUIT is not waited for long, and RSET not as long as others`() throws {
        let wire = try ClientWire()
        wire.open()
        wire.submit(.reset)
        #expect(wire.last.until == 20)
        wire.hear("250 ok\r\n")
        wire.submit(.noOperation)
        #expect(wire.last.until == 300)
        wire.hear("250 ok\r\n")
        wire.submit(.quit)
        wire.wait(5)
        #expect(wire.isClosed && wire.failure == nil)
    }

    @Test func `the window of the server bounds what is held, and time`() throws {
        let wire = try ClientWire()
        try wire.begin()
        wire.room = 1000
        let block = [[UInt8]](repeating: [UInt8](repeating: 120, count: 78) + [13, 10], count: 500).flatMap {
            $0
        }
        wire.send(block, isLast: false)
        #expect(wire.last == .init(until: 180, input: true, output: true, wants: .content))
        wire.send(block, isLast: false)
        #expect(wire.last == .init(until: 180, input: true, output: true, wants: .nothing))
        wire.wait(100)
        wire.transportTakes(70_000)
        #expect(wire.last == .init(until: 280, input: true, output: true, wants: .content))
        wire.send(Array("end".utf8), isLast: true)
        wire.transportTakes(8_997)
        wire.wait(179)
        wire.transportTakes(10)
        #expect(wire.last == .init(until: 459, input: true, output: true, wants: .nothing))
        wire.wait(180)
        // The last octet of the end mark never left.
        #expect(wire.outcomes == ["refusedForNow in finalReply"] && wire.isClosed)
        #expect(wire.takeSaid().utf8.count == 80_007)
    }

    @Test func `the time for the last reply begins when the end mark has left`() throws {
        let wire = try ClientWire()
        try wire.begin()
        wire.room = 3
        wire.send(Array("hi".utf8), isLast: true)
        wire.wait(170)
        wire.transportTakes(4)
        #expect(wire.last == .init(until: 770, input: true, output: false, wants: .nothing))
        wire.fail()
        #expect(wire.outcomes == ["unknown in finalReply"])
    }

    @Test(arguments: [true, false]) func `a transport that fails`(isLate: Bool) throws {
        let wire = try ClientWire()
        try wire.begin()
        wire.room = isLate ? nil : 6
        wire.send(Array("hi".utf8), isLast: true)
        wire.fail()
        #expect(wire.outcomes == ["\(isLate ? "unknown" : "refusedForNow") in finalReply"])
        #expect(wire.isClosed && wire.failure?.cause == .transportFailed)
    }

    @Test func `a server that ends its side half-way`() throws {
        let wire = try ClientWire()
        try wire.begin()
        wire.send(Array("hi".utf8), isLast: false)
        wire.end()
        #expect(wire.outcomes == ["refusedForNow in content"] && wire.isClosed)
        #expect(wire.takeSaid() == "hi", "no end mark")
    }

    /// A peer with small buffers that writes before it reads: what it says is read while we write (RFC 2920 §3.1).
    @Test func `ten thousand recipients against a small window`() throws {
        let wire = try ClientWire()
        wire.open()
        wire.room = 0
        wire.submit(.deliver(try ClientWire.envelope(10_000)))
        var answered = 0
        var rounds = 0
        while wire.last.wants != .content, rounds < 2_000 {
            rounds += 1
            #expect(wire.last.input)
            wire.transportTakes(1024)
            let said = wire.takeOctets()
            let isData = said.suffix(6).elementsEqual("DATA\r\n".utf8)
            let commands = said.count { $0 == 10 }
            wire.hear(String(repeating: "250 ok\r\n", count: commands - (isData ? 1 : 0)))
            if isData { wire.hear("354 go\r\n") }
            answered += commands
        }
        #expect(answered == 10_002)
    }

    @Test func `the clock may not run backwards`() throws {
        let wire = try ClientWire()
        wire.seconds = 50
        wire.hear("220 x\r\n")
        wire.seconds = 10
        wire.hear("250 x\r\n")
        wire.submit(.noOperation)
        #expect(wire.last.until == 350)
    }
}
