/// Bounded storage for a command line that is split across reads, and the search for its end.
///
/// Only CRLF ends a line, or LF where the caller accepts it; a CR or LF that ends nothing stays in the line, for the
/// session to refuse (RFC 5321 §2.3.8). A line that is whole in the input is named and not copied. A line over the
/// limit is dropped as it comes, up to its end, so that one line never needs more than the limit.
package struct LineBuffer: Sendable {
    /// What was taken from the input.
    package enum Event: BitwiseCopyable, Hashable, Sendable {
        /// A line, whole in the input: these octets of it, without the octets that end it.
        case line(ByteRange)
        /// A line, now in `bytes` without the octets that end it; call `finish` when it is done with.
        case stored
        /// The end of a line over the limit; its octets are gone.
        case tooLong
        /// All of the input was taken.
        case needsInput
    }

    /// The octets of an unfinished line, or of the line that `stored` told of.
    package private(set) var bytes: [UInt8] = []
    /// Octets taken of the line that is over the limit, also when its end was reached; it stays at `Int.max`.
    package private(set) var dropped = 0
    private var phase = Phase.lineStart

    /// What of a line was taken.
    private enum Phase: UInt8, BitwiseCopyable {
        /// Nothing.
        case lineStart
        /// Octets that are in `bytes`.
        case held
        /// A line, whole, in `bytes`.
        case stored
        /// Octets of a line over the limit, the last one not CR.
        case overlong
        /// The same, the last one CR.
        case overlongAfterCR
        /// A line over the limit, whole.
        case overlongEnded
    }

    /// An empty buffer, at a line start; it has no storage.
    package init() {}

    /// Whether a part of a line was taken that has not ended yet.
    package var isMidLine: Bool {
        switch phase {
        case .held, .overlong, .overlongAfterCR: true
        case .lineStart, .stored, .overlongEnded: false
        }
    }

    /// Whether nothing of a line was taken.
    var isEmpty: Bool { phase == .lineStart }

    /// Takes octets of `input` from `position` on, up to the end of a line or of the input.
    /// `limit` is in octets, those that end the line included (RFC 5321 §4.5.3.1.4); it may change between lines.
    package mutating func next(
        _ input: Span<UInt8>, _ position: inout Int, limit: Int, acceptsBareLF: Bool
    ) -> Event {
        precondition(position >= 0 && position <= input.count, "a position in the input")
        switch phase {
        case .stored, .overlongEnded: finish()
        case .lineStart, .held, .overlong, .overlongAfterCR: break
        }
        let start = position
        guard let ending = lineEnd(input, from: start, acceptsBareLF) else {
            position = input.count
            take(input, start, limit)
            return .needsInput
        }
        position = ending.after
        let count = ending.after &- start
        switch phase {
        case .lineStart:
            if count <= limit { return .line(ByteRange(start, ending.after &- ending.count)) }
            phase = .overlongEnded
            drop(count)
            return .tooLong
        case .held:
            if count > limit &- bytes.count { return endOverlong(bytes.count, count) }
            append(input, start, ending.after)
            bytes.removeLast(ending.count)
            phase = .stored
            return .stored
        case .overlong, .overlongAfterCR, .stored, .overlongEnded:
            return endOverlong(0, count)
        }
    }

    /// Gives back the storage of a line that is done with, and forgets a line that has not ended.
    package mutating func finish() {
        bytes = []
        dropped = 0
        phase = .lineStart
    }

    /// The position after the line, and how many octets end it.
    @inline(__always)
    private func lineEnd(
        _ input: Span<UInt8>, from start: Int, _ acceptsBareLF: Bool
    ) -> (after: Int, count: Int)? {
        var index = start
        while index < input.count {
            if input[index] == 10 {
                // The CR may have come with an earlier input.
                let isAfterCR =
                    index > start ? input[index &- 1] == 13 : phase == .overlongAfterCR || bytes.last == 13
                if isAfterCR { return (index &+ 1, 2) }
                if acceptsBareLF { return (index &+ 1, 1) }
            }
            index &+= 1
        }
        return nil
    }

    /// Stores what is left of the input, or drops it with all that was stored if it is too much.
    private mutating func take(_ input: Span<UInt8>, _ start: Int, _ limit: Int) {
        let count = input.count &- start
        guard count > 0 else { return }
        let isCR = input[input.count &- 1] == 13
        switch phase {
        case .lineStart, .held, .stored, .overlongEnded:
            if count <= limit &- bytes.count {
                append(input, start, input.count)
                phase = .held
                return
            }
            drop(bytes.count)
            bytes = []
            drop(count)
        case .overlong, .overlongAfterCR:
            drop(count)
        }
        phase = isCR ? .overlongAfterCR : .overlong
    }

    private mutating func append(_ input: Span<UInt8>, _ start: Int, _ end: Int) {
        if bytes.isEmpty { bytes.reserveCapacity(end &- start) }
        for index in start..<end { bytes.append(input[index]) }
    }

    private mutating func endOverlong(_ held: Int, _ count: Int) -> Event {
        bytes = []
        drop(held)
        drop(count)
        phase = .overlongEnded
        return .tooLong
    }

    private mutating func drop(_ octets: Int) {
        let (sum, overflows) = dropped.addingReportingOverflow(octets)
        dropped = overflows ? .max : sum
    }
}
