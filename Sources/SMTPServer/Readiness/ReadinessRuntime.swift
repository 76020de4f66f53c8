import Glibc
import SMTPConnection
public import SMTPSockets

/// Carries connections on loops that tell when descriptors are ready. Adapters say what such a loop is.
///
/// One loop accepts and hands the connections round to all. A handler must not block: it would hold up all clients of
/// its loop.
open class ReadinessRuntime: Runtime, @unchecked Sendable {
    private let count: Int
    /// False if the caller runs the loop: then `drain` does what is left by itself if nobody is in it.
    public let ownsLoop: Bool
    private let makeEvents: () throws(SocketError) -> any EventLoop

    /// Guards what follows, and tells when it changes.
    private let condition = Condition()
    private var loops: [ReadinessLoop] = []
    private var isInLoop = false
    private var drainedCount = 0
    private var helperCount = 0
    private var waiting: [@Sendable () -> Void] = []

    /// As many loops of its own as `count` says, one for each processor unless told; each made when it is needed.
    package init(
        loops count: Int?, makeEvents: @escaping () throws(SocketError) -> any EventLoop
    ) {
        self.count = max(count ?? Processors.available, 1)
        self.makeEvents = makeEvents
        ownsLoop = true
    }

    /// On a loop that the caller runs.
    package init(onCallersLoop makeEvents: @escaping () throws(SocketError) -> any EventLoop) {
        count = 1
        self.makeEvents = makeEvents
        ownsLoop = false
    }

    deinit { for loop in loops { loop.end() } }

    public func attach(_ listener: consuming ListeningSocket, to service: Service) throws(SocketError) {
        let door = Door(listener, service)
        try condition.withLock { () throws(SocketError) in
            if loops.isEmpty { try makeLoops() }
            let loop = loops[0]
            var isOpen = false
            loop.events.whileNobodyActs { isOpen = loop.open(door) }
            guard isOpen else {
                throw SocketError(call: "watch", errno: errno, endpoint: door.listener.endpoint)
            }
        }
    }

    private func makeLoops() throws(SocketError) {
        var made: [ReadinessLoop] = []
        for _ in 0..<count {
            let loop = ReadinessLoop(try makeEvents())
            loop.events.client = loop
            loop.whenDrained = { [unowned self] in ownsLoop ? oneIsDrained() : callersIsDrained() }
            made.append(loop)
        }
        made[0].fellows = made
        loops = made
    }

    public func run() {
        let mayEnter = condition.withLock {
            guard !isInLoop, !loops.isEmpty else { return false }
            isInLoop = true
            return true
        }
        if mayEnter { carryOn() }
    }

    /// Carries until stopped or drained, by whoever has set `isInLoop`.
    private func carryOn() {
        while true {
            carry()
            guard let calls = leave() else { continue }
            for call in calls { call() }
            return
        }
    }

    /// Runs all loops until they halt, the first on the calling thread.
    private func carry() {
        let mine = condition.withLock { loops }
        let first = mine[0]
        first.fellows = [first]
        for helper in mine.dropFirst() {
            if startHelper(helper) { first.fellows.append(helper) } else { dismiss(helper) }
        }
        first.events.run()
    }

    /// Does without a loop that got no thread.
    private func dismiss(_ helper: ReadinessLoop) {
        condition.withLock { loops.removeAll { $0 === helper } }
        helper.end()
    }

    /// Whether the loop has got a thread.
    private func startHelper(_ loop: ReadinessLoop) -> Bool {
        condition.withLock { helperCount += 1 }
        let failure = startThread {
            loop.events.run()
            self.helperHasEnded()
        }
        if failure != 0 { helperHasEnded() }
        return failure == 0
    }

    private func helperHasEnded() {
        condition.withLock {
            helperCount -= 1
            condition.broadcast()
        }
    }

    /// Waits for the helpers; after a drain all is as in the beginning. Gives whom to tell; nil if a drain that was
    /// stopped has to go on.
    private func leave() -> [@Sendable () -> Void]? {
        condition.withLock {
            while helperCount > 0 { condition.wait(until: nil) }
            let isDrained = drainedCount == loops.count
            guard isDrained || waiting.isEmpty else { return nil }
            isInLoop = false
            guard isDrained else { return [] }
            for loop in loops { loop.end() }
            loops = []
            drainedCount = 0
            defer { waiting = [] }
            return waiting
        }
    }

    /// The last loop ends them all, since until then each may be given a connection.
    private func oneIsDrained() {
        let all = condition.withLock { () -> [ReadinessLoop] in
            drainedCount += 1
            return drainedCount == loops.count ? loops : []
        }
        for loop in all { loop.post(.halt) }
    }

    /// Leaves the caller's loop.
    private func callersIsDrained() {
        let (mine, calls) = condition.withLock { () -> ([ReadinessLoop], [@Sendable () -> Void]) in
            defer { (loops, waiting) = ([], []) }
            return (loops, waiting)
        }
        for loop in mine {
            loop.events.halt()
            loop.end()
        }
        for call in calls { call() }
    }

    public func stop() {
        for loop in condition.withLock({ loops }) { loop.post(.halt) }
    }

    public func pauseListening() { condition.withLock { loops.first }?.post(.accepting(false)) }

    public func resumeListening() { condition.withLock { loops.first }?.post(.accepting(true)) }

    public func drain(grace: Duration, drained: @escaping @Sendable () -> Void) {
        let end = MonotonicClock.now().advanced(by: grace)
        let (first, isMine) = condition.withLock { () -> (ReadinessLoop?, Bool) in
            guard let first = loops.first else { return (nil, false) }
            waiting.append(drained)
            defer { if ownsLoop { isInLoop = true } }
            return (first, ownsLoop && !isInLoop)
        }
        guard let first else { return drained() }
        first.post(.drain(until: end))
        if isMine {
            // Before anybody who waited outside is let in.
            first.events.whileNobodyActs(first.woken)
            carryOn()
        }
        if !ownsLoop { _ = first.events.takeOver(first.carryToEnd) }
    }
}
