import Glibc
import SMTPConnection
import SMTPSockets

/// The server behind a socket, in real time.
final class SocketLink: Link {
    /// How long a server may take.
    private static let patience = Duration.seconds(5)
    /// How long silence has to last to be believed.
    private static let silence = Duration.milliseconds(30)
    /// How long after each piece the next one comes, so that the server reads them apart.
    private static let gap: UInt32 = 1500
    private let client: BlockingClient
    private let stop: () -> Void
    private let isLocal: Bool
    private let divisor: Int
    private var early: [UInt8] = []
    private var hasEnded = false

    /// `stop` begins the server's shut-down; nil for a server that is not ours. Times are shorter by `divisor`.
    init(_ client: BlockingClient, divisor: Int = 1, stop: (() -> Void)?) {
        self.divisor = divisor
        self.client = client
        self.stop = stop ?? {}
        isLocal = stop != nil
    }

    deinit { client.close() }

    var hostDeadline: Instant? { MonotonicClock.now().advanced(by: Self.patience) }
    let provesSilence = false

    func send(_ pieces: [ArraySlice<UInt8>]) {
        for (index, piece) in pieces.enumerated() {
            if index > 0 { usleep(Self.gap) }
            // What the server says meanwhile is read, or it might stop reading.
            for start in stride(from: piece.startIndex, to: piece.endIndex, by: 1 << 14) {
                let part = piece[start..<min(start + (1 << 14), piece.endIndex)]
                let deadline = MonotonicClock.now().advanced(by: Self.patience)
                guard (try? client.send(Array(part), deadline: deadline)) != nil else { return }
                if piece.count > 1 << 14 { collect() }
            }
        }
    }

    func closeSending() { client.shutdownWriting() }

    func reset() {
        hasEnded = true
        client.reset()
    }

    func receive(_ patience: Patience) -> Received {
        if !early.isEmpty {
            defer { early = [] }
            return .octets(early)
        }
        switch patience {
        case .long: return read(for: Self.patience)
        case .short: return read(for: Self.silence)
        case .none: return read(for: .zero)
        }
    }

    private func read(for time: Duration) -> Received {
        guard !hasEnded else { return .end }
        let octets: [UInt8]?
        do throws(SocketError) {
            octets = try client.receive(deadline: MonotonicClock.now().advanced(by: time))
        } catch {
            octets = []
        }
        guard let octets else { return .nothing }
        hasEnded = octets.isEmpty
        return hasEnded ? .end : .octets(octets)
    }

    /// Sleeps a little less than the time to pass: deadlines are waited for, never raced against.
    func wait(_ duration: Duration) {
        let (seconds, attoseconds) = (duration * 7 / (10 * divisor)).components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        usleep(UInt32(clamping: microseconds))
    }

    func shutDown() -> Bool {
        stop()
        return isLocal
    }

    func deliverAnswers() {}

    private func collect() { if case .octets(let octets) = read(for: .zero) { early += octets } }
}
