import SMTPConnection
import SMTPHandlers
import SMTPProtocol
import Testing

@Suite struct RecorderTests {
    private func record(_ content: String, in recorder: Recorder, from sender: String = "alice@example.org") {
        var conversation = Conversation(recorder.makeHandler())
        let answer = try? conversation.deliver(.made(sender), [bytes(content)])
        #expect(answer == .accept)
    }

    @Test func keepsEnvelopeContentAndSession() throws {
        let recorder = Recorder()
        var conversation = Conversation(recorder.makeHandler())
        let envelope = try Envelope.made(to: ["a@example.com", "b@example.com"])
        #expect(try conversation.deliver(envelope, [bytes("one "), bytes("two")]) == .accept)
        #expect(try conversation.deliver(envelope, [bytes("three")]) == .accept)
        #expect(recorder.messages.map { text($0.content) } == ["one two", "three"])
        #expect(recorder.messages.map(\.envelope) == [envelope, envelope])
        #expect(recorder.messages.first?.session.hello == Hello(.ehlo, .name("client.example")))
        recorder.removeAll()
        #expect(recorder.messages.isEmpty)
    }

    @Test func forgetsWhatWasInterrupted() throws {
        let recorder = Recorder()
        var conversation = Conversation(recorder.makeHandler())
        #expect(try conversation.begin(.made()) == .accept)
        #expect(try conversation.content(bytes("lost")) == .accept)
        conversation.observe(.reset(.rset))
        #expect(try conversation.deliver(.made(), [bytes("kept")]) == .accept)
        #expect(recorder.messages.map { text($0.content) } == ["kept"])
    }

    @Test func nextReturnsEachMessageOnceInOrder() {
        let recorder = Recorder()
        for content in ["1", "2", "3"] { record(content, in: recorder) }
        #expect(recorder.next(timeout: .zero) { text($0.content) == "2" }.map { text($0.content) } == "2")
        #expect(recorder.next(timeout: .zero).map { text($0.content) } == "1")
        #expect(recorder.next(timeout: .zero).map { text($0.content) } == "3")
        #expect(recorder.next(timeout: .milliseconds(5)) == nil)
        #expect(recorder.next(timeout: .seconds(-1)) == nil)
        #expect(recorder.messages.count == 3)
    }

    @Test func aMatchMayUseTheRecorder() {
        let recorder = Recorder()
        record("1", in: recorder)
        #expect(recorder.next(timeout: .zero) { _ in recorder.messages.count == 1 } != nil)
    }

    @Test func whatArrivesDuringTheSearchIsFound() {
        let recorder = Recorder()
        record("1", in: recorder)
        let message = recorder.next(timeout: .seconds(10)) { message in
            if text(message.content) == "1" { record("2", in: recorder) }
            return text(message.content) == "2"
        }
        #expect(message != nil)
    }

    @Test(.timeLimit(.minutes(1))) func whatArrivesDuringTheSearchIsFoundByTasks() async throws {
        let recorder = Recorder()
        record("1", in: recorder)
        _ = try await recorder.next { message in
            if text(message.content) == "1" { record("2", in: recorder) }
            return text(message.content) == "2"
        }
        #expect(recorder.messages.count == 2)
    }

    @Test func aThreadWaitsForWhatAnotherRecords() {
        let recorder = Recorder()
        onThreads(5) { index in
            if index == 0 {
                for number in 0..<40 { record("\(number % 4)", in: recorder) }
            } else {
                for _ in 0..<10 {
                    let message = recorder.next(timeout: .seconds(60)) { text($0.content) == "\(index - 1)" }
                    #expect(message != nil)
                }
            }
        }
        #expect(recorder.next(timeout: .zero) == nil)
        #expect(recorder.messages.count == 40)
    }

    /// Each side records only after it has the other's message, so both have to wait and to be woken.
    @Test func twoThreadsTakeTurns() {
        let recorders = [Recorder(), Recorder()]
        onThreads(2) { side in
            for round in 0..<200 {
                if side == 0 { record("\(round)", in: recorders[1]) }
                let message = recorders[side].next(timeout: .seconds(10)) { text($0.content) == "\(round)" }
                guard message != nil else {
                    Issue.record("round \(round)")
                    return
                }
                if side == 1 { record("\(round)", in: recorders[0]) }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func twoTasksTakeTurns() async throws {
        let recorders = [Recorder(), Recorder()]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for side in 0...1 {
                group.addTask {
                    for round in 0..<200 {
                        if side == 0 { record("\(round)", in: recorders[1]) }
                        _ = try await recorders[side].next { text($0.content) == "\(round)" }
                        if side == 1 { record("\(round)", in: recorders[0]) }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func tasksWaitForWhatAThreadRecords() async throws {
        let recorder = Recorder()
        let contents = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<20 {
                group.addTask {
                    text(try await recorder.next { text($0.content) == "\(number % 10)" }.content)
                }
            }
            group.addTask {
                for number in 0..<20 { record("\(number / 2)", in: recorder) }
                return "recorded"
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(contents.sorted() == ((0..<20).map { "\($0 / 2)" } + ["recorded"]).sorted())
    }

    @Test func aCancelledTaskStopsWaiting() async throws {
        let recorder = Recorder()
        for _ in 0..<50 {
            let waiting = Task { try await recorder.next() }
            await Task.yield()
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
        }
        record("1", in: recorder)
        #expect(text(try await recorder.next().content) == "1")
    }

    @Test func theSinkTakesEverything() throws {
        var conversation = Conversation(Sink())
        #expect(try conversation.deliver(.made(), [bytes("x")]) == .accept)
    }
}
