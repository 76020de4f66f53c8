/// A half-open range of positions in bytes that somebody else holds.
///
/// Unlike `Range<Int>` it is `BitwiseCopyable`, so values parsed in place stay free of allocation.
public struct ByteRange: BitwiseCopyable, Hashable, Sendable {
    /// The position of the first byte.
    public var start: Int
    /// The position after the last byte.
    public var end: Int

    /// The range from `start` up to, not including, `end`.
    @inlinable
    public init(_ start: Int, _ end: Int) {
        self.start = start
        self.end = end
    }

    /// How many bytes it covers.
    @inlinable public var count: Int { end - start }
    /// Whether it covers none.
    @inlinable public var isEmpty: Bool { start == end }
}
