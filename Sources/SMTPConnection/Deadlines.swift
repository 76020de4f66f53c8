package import SMTPProtocol

/// The deadlines of one connection as data: a slot for each thing that may be waited for, its instant or none.
package struct Deadlines: Sendable {
    private static var none: Instant { Instant(nanoseconds: .max) }
    private var slots = InlineArray<10, Instant>(repeating: Self.none)
    /// No slot is earlier than this.
    private var bound = Self.none

    package init() {}

    /// When `deadline` falls, or `nil` if it is not set.
    package subscript(deadline: Deadline) -> Instant? {
        get {
            let instant = slots[Int(deadline.rawValue)]
            return instant == Self.none ? nil : instant
        }
        set {
            let instant = newValue ?? Self.none
            slots[Int(deadline.rawValue)] = instant
            if instant < bound { bound = instant }
        }
    }

    /// The earliest deadline that has passed by `now`; taken out of its slot.
    package mutating func expired(by now: Instant) -> Deadline? {
        guard bound <= now else { return nil }
        guard let (deadline, instant) = earliest, instant <= now else {
            bound = earliest?.instant ?? Self.none
            return nil
        }
        slots[Int(deadline.rawValue)] = Self.none
        return deadline
    }

    /// When the earliest falls, if any is set.
    package var earliestInstant: Instant? {
        var first = Int64.max
        for index in slots.indices { first = min(first, slots[index].nanoseconds) }
        return first == .max ? nil : Instant(nanoseconds: first)
    }

    /// The earliest that is set: what an adapter waits until, and why.
    package var earliest: (deadline: Deadline, instant: Instant)? {
        var first = 0
        for index in slots.indices where slots[index] < slots[first] { first = index }
        guard slots[first] != Self.none, let deadline = Deadline(rawValue: UInt8(first)) else { return nil }
        return (deadline, slots[first])
    }
}
