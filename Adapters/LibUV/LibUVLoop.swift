import CLibUV
import Glibc
import SMTPConnection
import SMTPServer
import SMTPSockets
import Synchronization

/// A `uv_loop_t` with a timer, and a bell for other threads.
@safe
final class LibUVLoop: EventLoop {
    unowned var client: ReadinessLoop?
    let loop: UnsafeMutablePointer<uv_loop_t>
    private let bell = UnsafeMutablePointer<uv_async_t>.allocate(capacity: 1)
    private let timer = UnsafeMutablePointer<uv_timer_t>.allocate(capacity: 1)
    /// On a caller's loop only: what tells whether a callback is under way, and on which thread.
    private let presence: Presence?
    private var isInRun = false
    /// By the number of their descriptors, which are closed.
    private var keptPolls = unsafe [UnsafeMutablePointer<uv_poll_t>?](repeating: nil, count: mostKept)
    private static let mostKept = 1024

    /// A loop of its own.
    convenience init() throws(SocketError) {
        let loop = UnsafeMutablePointer<uv_loop_t>.allocate(capacity: 1)
        let failure = unsafe uv_loop_init(loop)
        guard failure == 0 else {
            unsafe loop.deallocate()
            throw SocketError(call: "make a loop", errno: -failure)
        }
        do throws(SocketError) {
            unsafe try self.init(loop, nil)
        } catch {
            unsafe uv_loop_close(loop)
            unsafe loop.deallocate()
            throw error
        }
    }

    /// The caller's loop.
    convenience init(on loop: UnsafeMutablePointer<uv_loop_t>) throws(SocketError) {
        unsafe try self.init(loop, Presence(loop))
    }

    private init(_ loop: UnsafeMutablePointer<uv_loop_t>, _ presence: Presence?) throws(SocketError) {
        unsafe self.loop = loop
        self.presence = presence
        let failure = unsafe uv_async_init(loop, bell) {
            unsafe LibUVLoop.of($0?.pointee.data)?.client?.woken()
        }
        guard failure == 0 else {
            unsafe bell.deallocate()
            unsafe timer.deallocate()
            presence?.end()
            throw SocketError(call: "make a loop", errno: -failure)
        }
        unsafe uv_timer_init(loop, timer)
        unsafe bell.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        unsafe timer.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    private static func of(_ data: UnsafeMutableRawPointer?) -> LibUVLoop? {
        unsafe data.map { unsafe Unmanaged<LibUVLoop>.fromOpaque($0).takeUnretainedValue() }
    }

    func watch(_ descriptor: Int32, for watched: any Watched) -> (any Watch)? {
        guard let poll = unsafe takePoll(descriptor) else { return nil }
        return unsafe LibUVWatch(self, descriptor, poll, watched)
    }

    /// A handle for a descriptor of this number. One that was used before costs three system calls less.
    private func takePoll(_ descriptor: Int32) -> UnsafeMutablePointer<uv_poll_t>? {
        if descriptor < Self.mostKept, let kept = unsafe keptPolls[Int(descriptor)] {
            unsafe keptPolls[Int(descriptor)] = nil
            return unsafe kept
        }
        let poll = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
        if unsafe uv_poll_init(loop, poll, descriptor) == 0 { return unsafe poll }
        unsafe poll.deallocate()
        return nil
    }

    /// Takes back a handle that watches nothing any more.
    func keep(_ poll: UnsafeMutablePointer<uv_poll_t>, for descriptor: Int32) {
        guard descriptor < Self.mostKept else { return unsafe Self.close(poll) }
        unsafe uv_poll_stop(poll)
        unsafe keptPolls[Int(descriptor)] = poll
    }

    func setTimer(_ instant: Instant) {
        let left = MonotonicClock.now().duration(to: instant)
        // The loop's time is in milliseconds, and of when it last looked.
        unsafe uv_update_time(loop)
        let milliseconds = UInt64(max(left / .milliseconds(1), 0)) + 1
        unsafe uv_timer_start(
            timer, { unsafe LibUVLoop.of($0?.pointee.data)?.timerHasRunOut() }, milliseconds, 0)
    }

    private func timerHasRunOut() {
        presence?.note(isInside: true)
        client?.timePassed()
        presence?.note(isInside: false)
    }

    func wake() { unsafe uv_async_send(bell) }

    func run() {
        isInRun = true
        unsafe uv_run(loop, UV_RUN_DEFAULT)
        isInRun = false
        presence?.leave()
    }

    /// The caller's own `uv_run` is not ours to end.
    func halt() { if isInRun { unsafe uv_stop(loop) } }

    func whileNobodyActs(_ body: () -> Void) { body() }

    func takeOver(_ body: () -> Void) -> Bool {
        guard let presence, presence.mayAct else { return false }
        body()
        return true
    }

    func end() {
        unsafe Self.close(bell)
        unsafe Self.close(timer)
        for index in 0..<Self.mostKept {
            if let poll = unsafe keptPolls[index] { unsafe Self.close(poll) }
        }
        if let presence { return presence.end() }
        while unsafe uv_run(loop, UV_RUN_NOWAIT) != 0 {}
        unsafe uv_loop_close(loop)
        unsafe loop.deallocate()
    }

    /// Closes a handle, whose memory goes when the loop has let go of it.
    static func close<Handle>(_ handle: UnsafeMutablePointer<Handle>) {
        unsafe handle.withMemoryRebound(to: uv_handle_t.self, capacity: 1) {
            unsafe uv_close($0) { unsafe UnsafeMutableRawPointer($0)?.deallocate() }
        }
    }
}

/// Knows who is in a caller's loop: between its preparation and its check somebody waits, or is being called back.
@safe
private final class Presence {
    /// Who was in the loop last; at first who is to run it. Zero once it is sure that nobody is. Threads that drain
    /// look at it while others are in the loop, and so at `isInside`.
    private let thread = Atomic(pthread_self())
    private let isInside = Atomic(false)
    private let before = UnsafeMutablePointer<uv_prepare_t>.allocate(capacity: 1)
    private let after = UnsafeMutablePointer<uv_check_t>.allocate(capacity: 1)

    init(_ loop: UnsafeMutablePointer<uv_loop_t>) {
        unsafe uv_prepare_init(loop, before)
        unsafe uv_check_init(loop, after)
        unsafe before.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        unsafe after.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        unsafe uv_prepare_start(before) { unsafe Presence.of($0?.pointee.data)?.enter() }
        unsafe uv_check_start(after) { unsafe Presence.of($0?.pointee.data)?.note(isInside: false) }
        // Neither keeps the loop going.
        unsafe before.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { unsafe uv_unref($0) }
        unsafe after.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { unsafe uv_unref($0) }
    }

    private static func of(_ data: UnsafeMutableRawPointer?) -> Presence? {
        unsafe data.map { unsafe Unmanaged<Presence>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Whether nobody can be in the loop while the calling thread acts; that is for callbacks to rule out.
    var mayAct: Bool {
        let last = thread.load(ordering: .acquiring)
        return !isInside.load(ordering: .acquiring) && (last == 0 || last == pthread_self())
    }

    /// The loop was left.
    func leave() { thread.store(0, ordering: .releasing) }

    /// Somebody is being called back, or not any more.
    func note(isInside: Bool) { self.isInside.store(isInside, ordering: .releasing) }

    private func enter() {
        thread.store(pthread_self(), ordering: .releasing)
        note(isInside: true)
    }

    func end() {
        unsafe LibUVLoop.close(before)
        unsafe LibUVLoop.close(after)
    }
}
