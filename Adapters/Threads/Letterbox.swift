import SMTPConnection
import SMTPSockets

/// What other threads have for a connection: late answers, and orders from the runtime.
final class Letterbox: @unchecked Sendable {
    /// What the runtime wants of a connection; it only gets stricter.
    enum Order: Int { case serve, drain, cut }

    /// What was in the letterbox.
    typealias Mail = (order: Order, answers: [LateAnswer])

    private let condition = Condition()
    private var order = Order.serve
    private var answers: [LateAnswer] = []
    /// Ours to close; nil afterwards, when the number may be another thread's.
    private var descriptor: Int32?

    /// For the connection with this descriptor.
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Puts an answer in. After the end it is dropped.
    func post(_ answer: LateAnswer) {
        condition.withLock {
            guard descriptor != nil else { return }
            answers.append(answer)
            condition.signal()
        }
    }

    /// Gives an order. A cut ends the socket at once, so that a thread that waits for it wakes up.
    func order(_ new: Order) {
        condition.withLock {
            guard new.rawValue > order.rawValue else { return }
            order = new
            if new == .cut, let descriptor { Descriptor.shutdownBoth(descriptor) }
            condition.signal()
        }
    }

    /// Takes out what is there; given what is `known`, waits for something new or the deadline first.
    func collect(after known: Order? = nil, until deadline: Instant? = nil) -> Mail {
        condition.withLock {
            while order == known, answers.isEmpty, condition.wait(until: deadline) {}
            defer { if !answers.isEmpty { answers = [] } }
            return (order, answers)
        }
    }

    /// Closes the descriptor. Nothing is taken any more.
    func close() {
        condition.withLock {
            if let descriptor { Descriptor.close(descriptor) }
            descriptor = nil
            answers = []
        }
    }
}
