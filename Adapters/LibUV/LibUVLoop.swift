import CLibUV
import SMTPConnection
import SMTPServer
import SMTPSockets

/// A `uv_loop_t` with a timer, and a bell for other threads.
@safe
final class LibUVLoop: EventLoop {
    unowned var client: ReadinessLoop?
    let loop: UnsafeMutablePointer<uv_loop_t>
    private let bell: UnsafeMutablePointer<uv_async_t>
    private let timer: UnsafeMutablePointer<uv_timer_t>

    /// A loop of its own.
    init() throws(SocketError) {
        unsafe loop = .allocate(capacity: 1)
        unsafe bell = .allocate(capacity: 1)
        unsafe timer = .allocate(capacity: 1)
        var failure = unsafe uv_loop_init(loop)
        if failure == 0 {
            failure = unsafe uv_async_init(loop, bell) {
                unsafe LibUVLoop.of($0?.pointee.data)?.client?.woken()
            }
            if failure != 0 { unsafe uv_loop_close(loop) }
        }
        guard failure == 0 else {
            unsafe loop.deallocate()
            unsafe bell.deallocate()
            unsafe timer.deallocate()
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
        LibUVWatch(self, descriptor, watched)
    }

    func setTimer(_ instant: Instant) {
        let left = MonotonicClock.now().duration(to: instant)
        // The loop's time is in milliseconds, and of when it last looked.
        unsafe uv_update_time(loop)
        let milliseconds = UInt64(max(left / .milliseconds(1), 0)) + 1
        unsafe uv_timer_start(
            timer, { unsafe LibUVLoop.of($0?.pointee.data)?.client?.timePassed() }, milliseconds, 0)
    }

    func wake() { unsafe uv_async_send(bell) }

    func run() { unsafe uv_run(loop, UV_RUN_DEFAULT) }

    func halt() { unsafe uv_stop(loop) }

    func end() {
        unsafe Self.close(bell)
        unsafe Self.close(timer)
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

/// A `uv_poll_t` over a descriptor that stays ours.
@safe
final class LibUVWatch: Watch {
    private let poll: UnsafeMutablePointer<uv_poll_t>
    private var watched: (any Watched)?
    private var wanted: Descriptor.Readiness = []

    init?(_ loop: LibUVLoop, _ descriptor: Int32, _ watched: any Watched) {
        unsafe poll = .allocate(capacity: 1)
        guard unsafe uv_poll_init(loop.loop, poll, descriptor) == 0 else {
            unsafe poll.deallocate()
            return nil
        }
        self.watched = watched
        unsafe poll.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    func want(_ readiness: Descriptor.Readiness) {
        wanted = readiness
        guard watched != nil else { return }
        var events: Int32 = 0
        if readiness.contains(.input) { events |= Int32(UV_READABLE.rawValue) }
        if readiness.contains(.output) { events |= Int32(UV_WRITABLE.rawValue) }
        guard events != 0 else {
            unsafe uv_poll_stop(poll)
            return
        }
        unsafe uv_poll_start(poll, events) { poll, status, events in
            guard let data = unsafe poll?.pointee.data else { return }
            unsafe Unmanaged<LibUVWatch>.fromOpaque(data).takeUnretainedValue().report(status, events)
        }
    }

    private func report(_ status: Int32, _ events: Int32) {
        var readiness = wanted
        if status == 0 {
            if events & Int32(UV_READABLE.rawValue) == 0 { readiness.remove(.input) }
            if events & Int32(UV_WRITABLE.rawValue) == 0 { readiness.remove(.output) }
        } else {
            // The descriptor is broken, and libuv has stopped: who watches it has to find out and end.
            want(wanted)
        }
        watched?.becomeReady(readiness)
    }

    func end() {
        guard let watched else { return }
        self.watched = nil
        unsafe LibUVLoop.close(poll)
        watched.watchHasEnded()
    }
}
