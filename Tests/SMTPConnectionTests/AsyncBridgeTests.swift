import SMTPConnection
import SMTPProtocol
import Testing

@Suite struct AsyncBridgeTests {
    /// Waits in MAIL until it is cancelled, and tells.
    private struct Patient: AsyncHandler {
        let told: AsyncStream<String>.Continuation

        func mail(
            _ path: ReversePath, _ parameters: MailParameters, in session: SessionInfo
        ) async throws -> Answer {
            told.yield("asked")
            let never = AsyncStream<Void> { _ in }
            for await _ in never {}
            told.yield(Task.isCancelled ? "cancelled" : "ended")
            throw CancellationError()
        }
    }

    private func context(_ later: @escaping @Sendable (Result<Answer, any Error>) -> Void) -> Context {
        Context(session: SessionInfo(peer: .unknown, hostname: "mx.example.org"), later: later)
    }

    @Test(arguments: [Notice.answerTimedOut, .closed(.peerClosed)])
    func `a question that was given up is cancelled`(notice: Notice) async {
        let (stream, told) = AsyncStream<String>.makeStream()
        let bridge = AsyncBridge(Patient(told: told))
        guard case .later = bridge.mail(.null, .init(), in: context { _ in }) else {
            Issue.record("an answer now")
            return
        }
        var events = stream.makeAsyncIterator()
        #expect(await events.next() == "asked")
        bridge.observe(notice, in: context { _ in })
        #expect(await events.next() == "cancelled")
    }

    @Test func `what is not decided is accepted, later`() async {
        struct Nothing: AsyncHandler {}
        let (stream, told) = AsyncStream<Answer?>.makeStream()
        let bridge = AsyncBridge(Nothing())
        let context = context { told.yield(try? $0.get()) }
        var events = stream.makeAsyncIterator()
        _ = bridge.connected(in: context)
        #expect(await events.next() == .some(.accept))
        _ = bridge.recipient(.postmaster, .init(), in: context)
        #expect(await events.next() == .some(.accept))
        _ = bridge.command("XTEST", argument: "", in: context)
        #expect(
            await events.next() == .reply(Reply(500, EnhancedStatusCode(5, 5, 1), "Command not recognized")))
    }
}
