/// Something that holds what must not be seen. Printing, dumping or reflecting it shows nothing of it.
public protocol Redacted: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {}

extension Redacted {
    /// Says that there is something, not what.
    public var description: String { "<redacted>" }
    /// The same.
    public var debugDescription: String { "<redacted>" }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// A password, a token or a key. It is read through `octets`, on purpose, and shown by nothing else.
public struct Secret: Hashable, Sendable, Redacted {
    /// What nobody else should see. Not for a log.
    public let octets: [UInt8]

    /// The secret that is these octets.
    public init(_ octets: [UInt8]) { self.octets = octets }

    /// The secret that is this text in UTF-8.
    public init(_ text: String) { octets = Array(text.utf8) }

    /// Compares in a time that does not tell where the two differ.
    public static func == (one: Self, other: Self) -> Bool {
        one.octets.isEqualInConstantTime(to: other.octets)
    }

    /// Consistent with `==`; of the octets only their number goes into it.
    public func hash(into hasher: inout Hasher) { hasher.combine(octets.count) }
}
