public import SMTPConnection
import SMTPSockets

/// Accepts in turns, and keeps its head when the system has no more to give.
public final class Reception {
    /// How long accepting rests when the system has no more descriptors or memory to give.
    public static let rest = Duration.milliseconds(100)
    /// How many connections are taken from one listener before the others have their turn.
    private static let turn = 64

    private let reserve = DescriptorReserve()
    private let nonBlocking: Bool
    private var isExhausted = false

    /// Keeps a descriptor in reserve. Says whether connections are to be non-blocking.
    public init(nonBlocking: Bool) { self.nonBlocking = nonBlocking }

    /// What a turn came to.
    public enum Outcome: Hashable, Sendable {
        /// Wait until the listener is ready again.
        case done
        /// Leave all listeners alone for `rest`.
        case rest
        /// The listener is of no use any more.
        case broken
    }

    /// Takes who waits at `door`. `carry` owns each connection that is let in; false if it cannot be carried.
    public func takeTurn(
        at door: Door, carry: (_ descriptor: Int32, _ peer: Endpoint) -> Bool
    ) -> Outcome {
        for _ in 0..<Self.turn {
            switch Descriptor.accept(door.listener.descriptor, nonBlocking: nonBlocking) {
            case .accepted(let descriptor, let peer):
                isExhausted = false
                guard door.admit(descriptor, from: peer) else { continue }
                if !carry(descriptor, peer) { door.giveUp(descriptor, from: peer) }
            case .wouldBlock: return .done
            case .exhausted(let errno):
                // At first the clients wait, since a descriptor may soon be free; those who come later are closed.
                guard isExhausted else {
                    isExhausted = true
                    door.service.observe(.acceptFailed(errno: errno))
                    return .rest
                }
                guard reserve.turnAway(from: door.listener.descriptor) else { return .rest }
            case .failed(let errno):
                door.service.observe(.acceptFailed(errno: errno))
                return .broken
            }
        }
        return .done
    }
}
