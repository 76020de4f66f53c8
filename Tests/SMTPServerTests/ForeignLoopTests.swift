import CLibUV
import Dispatch
import SMTPConnection
import SMTPDispatch
import SMTPLibUV
import SMTPServer
import SMTPSockets
import Testing

/// A loop that the caller runs, and goes on running.
private protocol ForeignLoop: AnyObject {
    var runtime: any Runtime { get }
    /// Carries events for a while, until `isOver`.
    func run(until isOver: () -> Bool)
    /// Lets go of the loop.
    func discard()
}

@safe
private final class UVLoop: ForeignLoop {
    let loop = UnsafeMutablePointer<uv_loop_t>.allocate(capacity: 1)
    let runtime: any Runtime

    init() {
        unsafe uv_loop_init(loop)
        runtime = unsafe LibUVRuntime(on: loop)
    }

    func run(until isOver: () -> Bool) {
        while !isOver() { unsafe uv_run(loop, UV_RUN_NOWAIT) }
    }

    /// What is closed has gone after one more turn; then nothing keeps the loop.
    func discard() {
        unsafe uv_run(loop, UV_RUN_NOWAIT)
        let failure = unsafe uv_loop_close(loop)
        #expect(failure == 0)
        unsafe loop.deallocate()
    }
}

private final class Queue: ForeignLoop {
    let queue = DispatchQueue(label: "caller")
    let runtime: any Runtime

    init() {
        runtime = DispatchRuntime(on: queue)
        queue.suspend()
    }

    func run(until isOver: () -> Bool) {
        queue.resume()
        while !isOver() {}
        // On the queue, so that nothing of ours is under way on it.
        queue.sync { queue.suspend() }
    }

    func discard() { queue.resume() }
}

@Suite struct ForeignLoopTests {
    enum Kind: CaseIterable { case libUV, dispatch }

    private static func make(_ kind: Kind) -> any ForeignLoop {
        switch kind {
        case .libUV: UVLoop()
        case .dispatch: Queue()
        }
    }

    /// Runs `body` on a thread of its own while the caller's loop is run here.
    private static func running(_ loop: any ForeignLoop, _ body: @escaping @Sendable () throws -> Void) throws
    {
        let result = Shared<Result<Void, any Error>?>(nil)
        #expect(
            startThread {
                let outcome = Result { try body() }
                result.update { $0 = outcome }
            } == 0)
        loop.run { result.value != nil }
        try result.value?.get()
    }

    @Test(arguments: Kind.allCases, Place.here)
    func `it serves while the loop runs, and only then`(_ kind: Kind, _ place: Place) throws {
        let directory = try TemporaryDirectory()
        let loop = Self.make(kind)
        let listener = try ListeningSocket(place.endpoint(directory))
        let endpoint = listener.endpoint
        try loop.runtime.attach(listener, to: service())
        // The system accepts, but nobody greets.
        let early = try Client(endpoint)
        #expect(try early.connection.receive(deadline: MonotonicClock.now()) == nil)
        try Self.running(loop) { () throws in
            #expect(try early.reply().hasPrefix("220 "))
            #expect(try Client(endpoint).reply().hasPrefix("220 "))
        }
        let late = try Client(endpoint)
        #expect(try late.connection.receive(deadline: MonotonicClock.now()) == nil)
        let isDrained = Shared(false)
        loop.runtime.drain(grace: .zero) { isDrained.update { $0 = true } }
        #expect(isDrained.value)
        #expect(throws: SocketError.self) { try Client(endpoint) }
        #expect(try early.reply().hasPrefix("421 "))
        #expect(try early.isAtEnd())
        loop.discard()
    }

    @Test(arguments: Kind.allCases)
    func `a drain with nobody in the loop ends politely by itself`(_ kind: Kind) throws {
        let loop = Self.make(kind)
        let listener = try ListeningSocket(anyPort)
        let endpoint = listener.endpoint
        try loop.runtime.attach(listener, to: service())
        let client = try Client(endpoint)
        try Self.running(loop) { try client.beginContent() }
        let replies = Shared<[String?]>([])
        let started = startThread {
            try? client.send("x\r\n.\r\n")
            let got = [try? client.reply(), try? client.reply()]
            client.connection.close()
            replies.update { $0 = got }
        }
        #expect(started == 0)
        let isDrained = Shared(false)
        loop.runtime.drain(grace: DrainTests.long) { isDrained.update { $0 = true } }
        #expect(isDrained.value)
        try replies.wait { $0.count == 2 }
        #expect(replies.value.map { $0?.prefix(4) } == ["250 ", "421 "])
        loop.discard()
    }

    @Test(arguments: Kind.allCases)
    func `a drain while the loop runs goes on in it, and the loop outlives it`(_ kind: Kind) throws {
        let loop = Self.make(kind)
        let listener = try ListeningSocket(anyPort)
        let endpoint = listener.endpoint
        try loop.runtime.attach(listener, to: service())
        let runtime = loop.runtime
        try Self.running(loop) {
            let client = try Client(endpoint)
            #expect(try client.reply().hasPrefix("220 "))
            let isDrained = Shared(false)
            runtime.drain(grace: DrainTests.long) { isDrained.update { $0 = true } }
            #expect(try client.reply().hasPrefix("421 "))
            #expect(!isDrained.value)
            client.connection.close()
            try isDrained.wait { $0 }
        }
        // And again: as new.
        let second = try ListeningSocket(endpoint)
        try runtime.attach(second, to: service())
        try Self.running(loop) { () throws in #expect(try Client(endpoint).reply().hasPrefix("220 ")) }
        runtime.drain(grace: .zero) {}
        #expect(throws: SocketError.self) { try Client(endpoint) }
        loop.discard()
    }
}
