import SMTPConnection
import SMTPSockets

/// What other threads have for a connection: late answers, and orders from the runtime.
final class Letterbox: @unchecked Sendable {
    /// What the runtime wants of a connection; it only gets stricter.
    enum Order: Int { case serve, drain, cut }

    private let condition = Condition()
    private var isFilled = false
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
            isFilled = true
            condition.signal()
        }
    }

    /// Gives an order. A cut ends the socket at once, so that a thread that waits for it wakes up.
    func order(_ new: Order) {
        condition.withLock {
            guard new.rawValue > order.rawValue else { return }
            order = new
            isFilled = true
            if new == .cut, let descriptor { Descriptor.shutdownBoth(descriptor) }
            condition.signal()
        }
    }

    /// Takes out what is there; nil if nothing is new. Waits for it until `deadline`, if there is one.
    func collect(until deadline: Instant? = nil) -> (order: Order, answers: [LateAnswer])? {
        condition.withLock {
            while let deadline, !isFilled, condition.wait(until: deadline) {}
            guard isFilled else { return nil }
            defer { (isFilled, answers) = (false, []) }
            return (order, answers)
        }
    }

    /// Closes the descriptor. Nothing is taken any more.
    func close() {
        condition.withLock {
            if let descriptor { Descriptor.close(descriptor) }
            descriptor = nil
        }
    }
}
