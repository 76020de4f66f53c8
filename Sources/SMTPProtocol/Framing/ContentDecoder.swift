/// Finds the end of content that is sent by DATA, and takes the transparency dots out (RFC 5321 §4.5.2).
///
/// Give it what was read, and a position in it; it moves the position over what it took and says what that was. It
/// holds no content: what it lets through is named as a range of the input, the longest that there is, over many
/// lines at once. Only where the decoded octets are not in the input does it name them itself, as a `Literal`.
///
/// **Everything is defined by octets that stand next to each other on the wire**, with CRLF set before the first one:
///
///     CR LF . CR LF      the first of these is the end, in every mode (RFC 5321 §4.1.1.4)
///     CR LF .            the dot is dropped
///     CR, no LF after    a bare CR
///     LF, no CR before   a bare LF
///
/// So nothing but CRLF makes a line: a dot after a bare LF or a bare CR is text and can end nothing, whatever becomes
/// of that LF or CR in the decoded content. What the peer and the next host take for the end of a message can then
/// not differ from what is taken for it here.
///
/// It follows that two octets of the past say everything, and `Phase` is what they were. One machine knows the rules
/// and takes one octet. Between two octets that matter, `ContentScanner` finds how far the machine would do nothing
/// but pass octets on, and the machine is set down there. The result cannot depend on how the wire was cut into
/// inputs: an octet is held only while it may be part of the end, and then it is a dot that is dropped anyway, or the
/// CR after such a dot, for which a `Literal` stands in if no LF follows.
public struct ContentDecoder: Sendable {
    /// What was taken from the input.
    public enum Event: BitwiseCopyable, Hashable, Sendable {
        /// Decoded content: these octets of the input.
        case content(ByteRange)
        /// Decoded content: octets that do not stand like this in the input.
        case literal(Literal)
        /// The end mark was taken; the position is just after it, and nothing more is ever taken.
        case end
        /// All of the input was taken.
        case needsInput
    }

    /// Decoded content that is no range of the input.
    public enum Literal: UInt8, BitwiseCopyable, Hashable, Sendable {
        /// CR.
        case cr
        /// LF.
        case lf
        /// CR LF.
        case crlf

        /// How many octets it stands for.
        public var count: Int {
            switch self {
            case .cr, .lf: 1
            case .crlf: 2
            }
        }
    }

    /// What is wrong with the content, as far as it was read.
    public struct Faults: OptionSet, BitwiseCopyable, Hashable, Sendable {
        /// The faults as bits.
        public let rawValue: UInt8

        /// The faults with these bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// An LF without a CR before it (RFC 5321 §2.3.8).
        public static let bareLineFeed = Self(rawValue: 1)
        /// A CR without an LF after it (RFC 5321 §2.3.8).
        public static let bareCarriageReturn = Self(rawValue: 2)
        /// A line of more octets than the limit (RFC 5321 §4.5.3.1.6).
        public static let lineTooLong = Self(rawValue: 4)
    }

    /// The octets before the position, as far as they matter.
    private enum Phase: UInt8, BitwiseCopyable {
        /// CRLF, or nothing yet.
        case lineStart
        /// Nothing of note.
        case text
        /// A CR, already passed on, of which it is not known whether it is bare.
        case afterCR
        /// A dot at a line start, dropped.
        case dot
        /// A dot at a line start, dropped, and a CR that was not passed on.
        case dotCR
        /// The end mark.
        case ended
    }

    /// How many octets of decoded content there were so far; it stays at `Int.max` if it gets there.
    public private(set) var size = 0
    /// What was wrong so far; nothing is ever taken back. With `.reject`, drop content once there is a fault.
    public private(set) var faults: Faults = []
    private var phase = Phase.lineStart
    /// Whether the last run was so short that the next dot to drop is probably near.
    private var isDense = false
    private let normalizes: Bool
    private var meter: LineMeter

    /// A decoder at the start of content.
    /// `lineLimit` is in octets on the wire, CRLF and transparency dot included, and at least 1.
    public init(bareNewlines: BareNewlines, lineLimit: Int?) {
        precondition(lineLimit ?? 1 >= 1, "a line has at least one octet")
        switch bareNewlines {
        case .reject, .preserve: normalizes = false
        case .normalize: normalizes = true
        }
        meter = LineMeter(limit: lineLimit)
    }

    /// Takes octets of `input` from `position` on, up to the next event; looks at no octet before `position`.
    public mutating func next(_ input: Span<UInt8>, _ position: inout Int) -> Event {
        precondition(position >= 0 && position <= input.count, "a position in the input")
        if isDense, phase == .lineStart, let event = shortDottedLine(input, &position) { return event }
        return step(input, &position)
    }

    /// The machine: takes octets up to the next event.
    private mutating func step(_ input: Span<UInt8>, _ position: inout Int) -> Event {
        let entry = position
        var start = position  // of what is to be passed on
        var index = position
        meter.resume(at: entry)
        while index < input.count {
            let octet = input[index]
            switch phase {
            case .lineStart:
                guard octet == ContentScanner.dot else { break }
                if index > start { return pass(input, start, index, &position) }
                phase = .dot
                index &+= 1
                start = index
                continue
            case .dot:
                guard octet == ContentScanner.cr else { break }
                phase = .dotCR
                index &+= 1
                start = index
                continue
            case .dotCR:
                if octet == ContentScanner.lf { return end(after: index, &position) }
                faults.insert(.bareCarriageReturn)
                return insert(normalizes ? .crlf : .cr, input, index, &position)
            case .afterCR:
                guard octet != ContentScanner.lf else { break }
                faults.insert(.bareCarriageReturn)
                guard normalizes else { break }
                switch index &- start {
                case 0: return insert(.lf, input, index, &position)
                case 1: return insert(.crlf, input, index, &position)
                default: return pass(input, start, index, &position)
                }
            case .text: break
            case .ended: return .end
            }
            if index >= meter.end, meter.isOver(input, at: index) { faults.insert(.lineTooLong) }
            if octet == ContentScanner.lf, phase != .afterCR {
                faults.insert(.bareLineFeed)
                if normalizes {
                    if index > start { return pass(input, start, index, &position) }
                    return insert(.crlf, input, index &+ 1, &position)
                }
            }
            phase = Self.phase(after: octet, isAfterCR: phase == .afterCR)
            index &+= 1
            if phase == .lineStart { meter.begin(at: index) }
            skip(input, &index)
        }
        guard phase != .ended else { return .end }
        if index > start { return pass(input, start, index, &position) }
        meter.pause(input, at: index, isLineStart: phase == .lineStart)
        position = index
        return .needsInput
    }

    /// Takes a line with a dot to drop if the next such line is near, so that lines of nothing but dots are not slow.
    /// At a line start only; it leaves everything else, and everything that could be wrong, to the machine.
    @inline(__always)
    private mutating func shortDottedLine(_ input: Span<UInt8>, _ position: inout Int) -> Event? {
        let start = position &+ 1
        guard input.count &- start > ContentScanner.near, meter.isRoomy,
            input[position] == ContentScanner.dot,
            input[start] != ContentScanner.cr, input[start] != ContentScanner.lf,
            let point = ContentScanner.nearPoint(input, from: start &+ 1),
            // An LF before it is no point itself, so that one ends its line with CR.
            input[point] == ContentScanner.dot, input[point &- 1] == ContentScanner.lf
        else { return nil }
        count(point &- start)
        position = point
        return .content(ByteRange(start, point))
    }

    /// The phase after an octet that is not held.
    @inline(__always)
    private static func phase(after octet: UInt8, isAfterCR: Bool) -> Phase {
        if octet == ContentScanner.cr { return .afterCR }
        return octet == ContentScanner.lf && isAfterCR ? .lineStart : .text
    }

    /// Moves `index` over octets that only have to be passed on, and sets the phase to what is before it then.
    /// The octet before `index` must have been taken in this call: nothing before that may be looked at.
    @inline(__always)
    private mutating func skip(_ input: Span<UInt8>, _ index: inout Int) {
        let from = index
        if index < input.count, ContentScanner.isPoint(input[index], after: input[index &- 1]) { return }
        while true {
            let stop = min(input.count, meter.end)
            var to = stop
            // Short of the limit, whole blocks first: most likely a line has ended in them, and the limit moves.
            if stop < input.count, stop &- index >= ContentScanner.block &+ 16 {
                to = index &+ 16 &+ ((stop &- index &- 16) & ~(ContentScanner.block &- 1))
            }
            guard index < to else { break }
            index = ContentScanner.firstPoint(input, from: index, to: to)
            guard index == to, to < input.count else { break }
            meter.measure(input, at: index)
        }
        guard index > from else { return }
        phase = Self.phase(after: input[index &- 1], isAfterCR: input[index &- 2] == ContentScanner.cr)
    }

    /// Ends the call with a range of the input.
    @inline(__always)
    private mutating func pass(
        _ input: Span<UInt8>, _ start: Int, _ end: Int, _ position: inout Int
    ) -> Event {
        meter.pause(input, at: end, isLineStart: phase == .lineStart)
        isDense = end &- start <= ContentScanner.near
        count(end &- start)
        position = end
        return .content(ByteRange(start, end))
    }

    /// Ends the call with octets that are not in the input, in the middle of a line.
    private mutating func insert(
        _ literal: Literal, _ input: Span<UInt8>, _ index: Int, _ position: inout Int
    ) -> Event {
        phase = .text
        meter.pause(input, at: index, isLineStart: false)
        count(literal.count)
        position = index
        return .literal(literal)
    }

    /// Ends the call, and the content, with the LF at `index`.
    private mutating func end(after index: Int, _ position: inout Int) -> Event {
        phase = .ended
        position = index &+ 1
        return .end
    }

    @inline(__always)
    private mutating func count(_ octets: Int) {
        let (sum, overflows) = size.addingReportingOverflow(octets)
        size = overflows ? .max : sum
    }
}

/// Measures lines against a limit without looking at each of them.
///
/// While the octets since a line start are no more than the limit, no line that began since can be too long either.
/// So only when that many have gone by does it look back for the line that is open then.
private struct LineMeter: Sendable {
    /// The first octet that would be too many; positions in the input, as all here.
    private(set) var end: Int
    /// Where the line began, or an earlier one that began not before `known`; negative if in an earlier input.
    private var start = 0
    /// Line starts up to here have been seen.
    private var known = 0
    /// `nil` also once a line was too long: that is said once.
    private var limit: Int?

    /// Whether short lines need not be measured.
    let isRoomy: Bool

    init(limit: Int?) {
        isRoomy = limit ?? .max >= ContentScanner.block
        self.limit = limit.map { min($0, .max / 2) }
        end = .max
    }

    /// Starts a call. Between calls, `start` is relative to the position.
    @inline(__always)
    mutating func resume(at position: Int) {
        guard let limit else { return }
        start &+= position
        end = start &+ limit
        known = position &+ 1
    }

    /// Ends a call.
    @inline(__always)
    mutating func pause(_ input: Span<UInt8>, at position: Int, isLineStart: Bool) {
        guard limit != nil else { return }
        if isLineStart {
            start = 0
        } else {
            measure(input, at: position)
            start &-= position
        }
    }

    /// Notes that a line starts here.
    @inline(__always)
    mutating func begin(at position: Int) {
        guard let limit else { return }
        start = position
        end = position &+ limit
        known = position
    }

    /// Notes the line that is open here.
    mutating func measure(_ input: Span<UInt8>, at position: Int) {
        guard let limit, position > known else { return }
        if let lineEnd = ContentScanner.lastLineEnd(input, from: known, to: position) {
            start = lineEnd
            end = lineEnd &+ limit
        }
        known = position
    }

    /// Whether an octet of this line at `position` is one too many. If so, it ceases to measure.
    mutating func isOver(_ input: Span<UInt8>, at position: Int) -> Bool {
        measure(input, at: position)
        guard position >= end else { return false }
        limit = nil
        end = .max
        return true
    }
}
