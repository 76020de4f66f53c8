package import SMTPProtocol

/// The deadlines of one connection as data: a slot for each thing that may be waited for, its instant or none.
package struct Deadlines: Sendable {
    private static let none = Instant(nanoseconds: .max)
    private var slots = InlineArray<9, Instant>(repeating: Self.none)

    package init() {}

    /// When `deadline` falls, or `nil` if it is not set.
    package subscript(deadline: Deadline) -> Instant? {
        get {
            let instant = slots[Int(deadline.rawValue)]
            return instant == Self.none ? nil : instant
        }
        set { slots[Int(deadline.rawValue)] = newValue ?? Self.none }
    }

    /// The earliest that is set: what an adapter waits until, and why.
    package var earliest: (deadline: Deadline, instant: Instant)? {
        var found: (Deadline, Instant)?
        var earliest = Self.none
        for deadline in Deadline.allCases where slots[Int(deadline.rawValue)] < earliest {
            earliest = slots[Int(deadline.rawValue)]
            found = (deadline, earliest)
        }
        return found
    }
}
