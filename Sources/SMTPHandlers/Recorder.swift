public import SMTPConnection
public import SMTPProtocol

/// Keeps every message in memory, for tests that ask what arrived.
///
/// Any number of connections may record into one recorder, and any thread may ask.
public final class Recorder: Sendable {
    private let store = Monitor(Store())

    /// Nothing recorded yet.
    public init() {}

    /// A handler for one connection that accepts everything and records it here.
    public func makeHandler() -> any Handler { RecordingHandler(self) }

    /// All messages so far, in the order of their acceptance, whether `next` has returned them or not.
    public var messages: [RecordedMessage] { store.withState { $0.entries.map(\.message) } }

    /// Forgets all messages; who waits keeps waiting.
    public func removeAll() { store.withState { $0.entries.removeAll() } }

    /// The oldest matching message that no `next` has returned before; blocks until there is one.
    ///
    /// `nil` after `timeout`. A message is returned once, to one caller. Not for use in tasks, whose threads must
    /// not block.
    @available(*, noasync, message: "use the async form")
    public func next(
        timeout: Duration, where matches: (RecordedMessage) -> Bool = { _ in true }
    ) -> RecordedMessage? {
        let deadline = Monitor<Store>.deadline(after: timeout)
        var seen = 0
        while true {
            if let message = take(after: &seen, where: matches) { return message }
            guard store.wait(until: deadline, while: { $0.lastNumber == seen }) else { return nil }
        }
    }

    /// The oldest matching message that no `next` has returned before; suspends until there is one.
    ///
    /// A message is returned once, to one caller. Throws only `CancellationError`.
    public func next(
        where matches: (RecordedMessage) -> Bool = { _ in true }
    ) async throws -> RecordedMessage {
        var seen = 0
        while true {
            if let message = take(after: &seen, where: matches) { return message }
            await waitForMessage(after: seen)
            try Task.checkCancellation()
        }
    }

    fileprivate func record(_ message: RecordedMessage) {
        let waiting = store.withState { store in
            store.lastNumber += 1
            store.entries.append(Entry(number: store.lastNumber, message: message))
            defer { store.waiting = [:] }
            return store.waiting
        }
        store.announceChange()
        for continuation in waiting.values { continuation.resume() }
    }

    /// Takes the first match after number `seen`; otherwise moves `seen` to the last number looked at.
    private func take(after seen: inout Int, where matches: (RecordedMessage) -> Bool) -> RecordedMessage? {
        let first = seen
        let (candidates, last) = store.withState { store in
            (store.entries.filter { !$0.isTaken && $0.number > first }, store.lastNumber)
        }
        seen = last
        // The caller's closure runs outside the lock, so it may use the recorder.
        for candidate in candidates where matches(candidate.message) {
            let isOurs = store.withState { store in
                let index = store.entries.firstIndex { $0.number == candidate.number && !$0.isTaken }
                guard let index else { return false }
                store.entries[index].isTaken = true
                return true
            }
            if isOurs { return candidate.message }
        }
        return nil
    }

    /// Returns when a message after number `seen` has been recorded, or the task is cancelled.
    private func waitForMessage(after seen: Int) async {
        let number = store.withState { store in
            store.lastWaiter += 1
            return store.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = store.withState { store in
                    let isOver = store.lastNumber != seen || store.cancelled.remove(number) != nil
                    if !isOver { store.waiting[number] = continuation }
                    return isOver
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let continuation = store.withState { store in
                let continuation = store.waiting.removeValue(forKey: number)
                if continuation == nil { store.cancelled.insert(number) }
                return continuation
            }
            continuation?.resume()
        }
        store.withState { _ = $0.cancelled.remove(number) }
    }

    private struct Entry {
        let number: Int
        let message: RecordedMessage
        var isTaken = false
    }

    private struct Store {
        var entries: [Entry] = []
        var lastNumber = 0
        var lastWaiter = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        /// Waiters cancelled before they began to wait.
        var cancelled: Set<Int> = []
    }
}

/// One message as a recorder took it.
public struct RecordedMessage: Sendable {
    /// The connection at that moment.
    public let session: SessionInfo
    /// Sender, recipients and parameters.
    public let envelope: Envelope
    /// The content, dots unstuffed.
    public let content: [UInt8]

    /// A message; tests make their own to compare.
    public init(session: SessionInfo, envelope: Envelope, content: [UInt8]) {
        self.session = session
        self.envelope = envelope
        self.content = content
    }
}

private final class RecordingHandler: Handler {
    private let recorder: Recorder
    private var content: [UInt8] = []

    init(_ recorder: Recorder) { self.recorder = recorder }

    func data(in context: Context) throws -> Decision {
        content = []
        return .accept
    }

    func content(_ bytes: Span<UInt8>, in context: Context) throws -> Decision {
        unsafe bytes.withUnsafeBufferPointer { unsafe content.append(contentsOf: $0) }
        return .accept
    }

    func message(_ envelope: Envelope, size: Int, in context: Context) throws -> Decision {
        recorder.record(RecordedMessage(session: context.session, envelope: envelope, content: content))
        content = []
        return .accept
    }

    func observe(_ notice: Notice, in context: Context) {
        switch notice {
        case .reset, .closed: content = []
        case .secured, .authenticated, .quit, .peerError, .answerTimedOut: break
        }
    }
}
