import CLibUV
import Dispatch
import SMTPDispatch
import SMTPLibUV
import SMTPServer
import Testing

extension CallersLoop {
    /// A `uv_loop_t` of the test's, run through the runtime and so no longer than until a drain has finished.
    static func libUV() -> CallersLoop {
        let loop = UVLoopOfTest()
        let inner = CallersLoop(running: unsafe LibUVRuntime(on: loop.loop), .oneLoop)
        return CallersLoop(
            runtime: inner.runtime, run: inner.run,
            stop: {
                try inner.stop()
                _ = loop
            }, perform: nil, carriesSessions: true, isCurrent: inner.isCurrent)
    }

    /// A queue of the test's, suspended while it is not to run.
    static func dispatch() -> CallersLoop {
        let loop = QueueOfTest()
        return CallersLoop(
            runtime: DispatchRuntime(on: loop.queue), run: loop.run, stop: loop.stop, perform: loop.perform,
            carriesSessions: true, isCurrent: loop.isCurrent)
    }
}

@safe
private final class UVLoopOfTest: @unchecked Sendable {
    let loop = UnsafeMutablePointer<uv_loop_t>.allocate(capacity: 1)

    init() { unsafe uv_loop_init(loop) }

    deinit {
        while unsafe uv_run(loop, UV_RUN_NOWAIT) != 0 {}
        let failure = unsafe uv_loop_close(loop)
        #expect(failure == 0)
        unsafe loop.deallocate()
    }
}

private final class QueueOfTest: @unchecked Sendable {
    let queue = DispatchQueue(label: "caller")
    private let mark = DispatchSpecificKey<Bool>()
    private let isRunning = Shared(false)

    init() {
        queue.setSpecific(key: mark, value: true)
        queue.suspend()
    }

    /// A suspended queue may not be released.
    deinit { run() }

    func run() {
        guard !isRunning.value else { return }
        isRunning.update { $0 = true }
        queue.resume()
    }

    /// On the queue itself, so that nothing is under way on it.
    func stop() {
        guard isRunning.value else { return }
        isRunning.update { $0 = false }
        queue.sync { queue.suspend() }
    }

    func perform(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }

    func isCurrent() -> Bool { DispatchQueue.getSpecific(key: mark) == true }
}
