import Dispatch
import Glibc
import SMTPServer
import SMTPSockets

/// A source for input and, once it is needed, one for output.
final class DispatchWatch: Watch, @unchecked Sendable {
    private let descriptor: Int32
    private let loop: DispatchLoop
    /// Nil once the watch has ended; then `ended` is who waits for the descriptor.
    private var watched: (any Watched)?
    private var ended: (any Watched)?
    private var input: (any DispatchSourceRead)?
    private var output: (any DispatchSourceWrite)?
    private var resumed: Descriptor.Readiness = []
    private var sourceCount = 0
    private var hasHungUp = false

    init(_ descriptor: Int32, _ watched: any Watched, _ loop: DispatchLoop) {
        self.descriptor = descriptor
        self.watched = watched
        self.loop = loop
    }

    func want(_ readiness: Descriptor.Readiness) {
        guard watched != nil else { return }
        if readiness.contains(.input), input == nil {
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: loop.queue)
            prepare(source, for: .input)
            input = source
        }
        if readiness.contains(.output), output == nil {
            let source = DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: loop.queue)
            prepare(source, for: .output)
            output = source
        }
        let changed = readiness.symmetricDifference(resumed)
        if changed.contains(.input) { readiness.contains(.input) ? input?.resume() : input?.suspend() }
        if changed.contains(.output) { readiness.contains(.output) ? output?.resume() : output?.suspend() }
        let wasAsleep = resumed.isEmpty
        resumed = readiness
        if hasHungUp, wasAsleep { reportHangUpSoon() }
    }

    /// Dispatch tells of a connection's breaking once, whatever is still to be read, and of nothing afterwards.
    private func noteHangUp() {
        var entry = pollfd(fd: descriptor, events: 0, revents: 0)
        hasHungUp = unsafe poll(&entry, 1, 0) > 0
    }

    private func reportHangUp() {
        watched?.becomeReady(resumed)
        reportHangUpSoon()
    }

    private func reportHangUpSoon() {
        guard watched != nil, !resumed.isEmpty else { return }
        loop.queue.async { self.loop.act(self.reportHangUp) }
    }

    private func prepare(_ source: any DispatchSourceProtocol, for readiness: Descriptor.Readiness) {
        sourceCount += 1
        loop.sources.enter()
        source.setEventHandler { [self] in
            loop.act {
                if !hasHungUp, source.data == 0 { noteHangUp() }
                hasHungUp ? reportHangUp() : watched?.becomeReady(readiness)
            }
        }
        source.setCancelHandler { [self] in loop.afterActing(sourceHasEnded) }
    }

    func end() {
        guard let watched else { return }
        self.watched = nil
        ended = watched
        // Until the caller's queue goes on the descriptor cannot be closed; but the peer need not wait for that.
        if loop.isTakenOver, !Descriptor.isListening(descriptor) { Descriptor.shutdownBoth(descriptor) }
        // A suspended source would never call its cancel handler.
        if !resumed.contains(.input) { input?.resume() }
        if !resumed.contains(.output) { output?.resume() }
        input?.cancel()
        output?.cancel()
        if sourceCount == 0 { release() }
    }

    private func sourceHasEnded() {
        sourceCount -= 1
        if sourceCount == 0 { release() }
        loop.sources.leave()
    }

    private func release() {
        input = nil
        output = nil
        ended?.watchHasEnded()
        ended = nil
    }
}
