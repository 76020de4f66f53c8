import SMTPConnection
import SMTPProtocol
import SMTPSockets
import Synchronization

/// A client of few words: waits for `220`, says QUIT and is content. Over bytes; the caller does the IO.
public struct ReadinessProbe: Sendable {
    /// The most a greeting may have; after that it is none.
    private static let longestReply = 4096

    private enum Phase { case greeting, farewell, done }
    private var phase = Phase.greeting
    private var isFarewellDue = false
    private var hasPeerEnded = false
    private var line: [UInt8] = []
    private var received = 0

    /// Has seen nothing yet.
    public init() {}

    /// Whether the greeting has come: from here on the server is known to serve.
    public private(set) var isGreeted = false

    /// What the caller does next.
    public enum Action: Hashable, Sendable {
        /// Send these octets.
        case send([UInt8])
        /// Wait for octets or the end.
        case wait
        /// All was said: close.
        case close
    }

    /// Octets arrived.
    public mutating func receive(_ bytes: Span<UInt8>) throws(ProbeError) {
        for index in bytes.indices where phase != .done {
            received += 1
            guard received <= Self.longestReply else { throw .malformed }
            guard bytes[index] == 10 else {
                line.append(bytes[index])
                continue
            }
            try take(line)
            line.removeAll(keepingCapacity: true)
        }
    }

    /// The server ended the connection.
    public mutating func receiveEnd() { hasPeerEnded = true }

    /// The next thing to do.
    public mutating func next() throws(ProbeError) -> Action {
        if isFarewellDue {
            isFarewellDue = false
            return .send(Array("QUIT\r\n".utf8))
        }
        if phase == .done { return .close }
        guard hasPeerEnded else { return .wait }
        guard isGreeted else { throw received == 0 ? .closed : .malformed }
        return .close
    }

    /// One line of a reply, with its CR and without its LF (RFC 5321 §4.2).
    private mutating func take(_ line: [UInt8]) throws(ProbeError) {
        guard line.count >= 4, line.last == 13, line[..<3].allSatisfy({ 48...57 ~= $0 }) else {
            throw .malformed
        }
        switch line[3] {
        case UInt8(ascii: "-"): return
        case UInt8(ascii: " "), 13: break
        default: throw .malformed
        }
        switch phase {
        case .greeting:
            guard line.starts(with: "220".utf8) else {
                let shown = line.dropLast().map { 32...126 ~= $0 ? $0 : UInt8(ascii: "?") }
                throw .refused(String(decoding: shown, as: UTF8.self))
            }
            isGreeted = true
            isFarewellDue = true
            phase = .farewell
        case .farewell: phase = .done
        case .done: return
        }
    }
}

/// Stands between a service and whoever observes it while the controller probes: the probe is no client.
///
/// Its connection is known by its address, which is there before the loop accepts anything. On a Unix socket clients
/// have no address, and the first one counts as the probe.
final class ProbeWatch: @unchecked Sendable {
    private let observe: @Sendable (ServiceEvent) -> Void
    private let condition = Condition()
    private var expected: Endpoint?
    private var missing: (any Error)?
    private let number = Atomic<UInt64>(0)

    /// Hands on to `observe` what is not about the probe.
    init(_ observe: @escaping @Sendable (ServiceEvent) -> Void) { self.observe = observe }

    /// The next client from `peer` is the probe.
    func expect(_ peer: Endpoint) { condition.withLock { expected = peer } }

    /// What `makeHandler` threw at the probe.
    var handlerError: (any Error)? { condition.withLock { missing } }

    /// Whether the probe was given a handler before `deadline`.
    func awaitHandler(until deadline: Instant) -> Bool {
        condition.withLock {
            while number.load(ordering: .relaxed) == 0, missing == nil {
                guard condition.wait(until: deadline) else { break }
            }
            return number.load(ordering: .relaxed) != 0
        }
    }

    /// Passes an event on unless it is about the probe.
    func receive(_ event: ServiceEvent) {
        switch event {
        case .connected(let id, let peer):
            guard !isProbe(peer, { number.store(id.number, ordering: .relaxed) }) else { return }
        case .handlerMissing(let peer, let error):
            guard !isProbe(peer, { missing = error }) else { return }
        case .noticed(let id, _), .accepted(let id, _, _):
            guard id.number != number.load(ordering: .relaxed) else { return }
        case .warning, .turnedAway, .handlerFailed, .acceptFailed: break
        }
        observe(event)
    }

    private func isProbe(_ peer: Endpoint, _ note: () -> Void) -> Bool {
        condition.withLock {
            guard expected == peer else { return false }
            expected = nil
            note()
            condition.broadcast()
            return true
        }
    }
}
