import CLibUV
import SMTPServer
import SMTPSockets

/// A `uv_poll_t` over a descriptor that stays ours.
@safe
final class LibUVWatch: Watch {
    private unowned let loop: LibUVLoop
    private let descriptor: Int32
    private let poll: UnsafeMutablePointer<uv_poll_t>
    private var watched: (any Watched)?
    private var wanted: Descriptor.Readiness = []

    init(
        _ loop: LibUVLoop, _ descriptor: Int32, _ poll: UnsafeMutablePointer<uv_poll_t>,
        _ watched: any Watched
    ) {
        self.loop = loop
        self.descriptor = descriptor
        unsafe self.poll = poll
        self.watched = watched
        unsafe poll.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    func want(_ readiness: Descriptor.Readiness) {
        guard watched != nil else { return }
        wanted = readiness
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
            // The descriptor is broken, and libuv has stopped: whoever watches it has to find out and end.
            want(wanted)
        }
        watched?.becomeReady(readiness)
    }

    func end() {
        guard let watched else { return }
        self.watched = nil
        unsafe loop.keep(poll, for: descriptor)
        watched.watchHasEnded()
    }
}
