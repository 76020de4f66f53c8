/// Makes content fit to be sent with DATA: line ends are normalised, then dots are stuffed (RFC 5321 §4.5.2).
///
/// **What comes out** has no CR without LF and no LF without CR (RFC 5321 §2.3.8), and no line of it is a lone dot,
/// whatever goes in: an octet sequence that one server takes for the end mark and another does not cannot be made.
/// The state is kept across calls, so the pieces in which content is handed in do not matter.
///
/// **How.** `ContentScanner` finds what needs thought: a bare CR, a bare LF, a dot at a line start. What lies between
/// is copied in runs of many lines. A CR at the end of a piece is held back until the octet after it is known.
public struct ContentEncoder: Sendable {
    /// What is not to be sent; the first piece that has it is refused.
    public let refused: ContentTraits
    private var walk: ContentWalk

    /// An encoder at the start of content. Lines may have `longestLine` octets, CRLF and dot not counted
    /// (RFC 5321 §4.5.3.1.6).
    public init(refusing refused: ContentTraits = [], longestLine: Int = ContentTraits.longestLine) {
        self.refused = refused
        walk = ContentWalk(longestLine)
    }

    /// What the content has shown so far.
    public var traits: ContentTraits { walk.traits }
    /// Octets of content so far, as a receiver will count them: with CRLF, without stuffed dots (RFC 1870 §6).
    public var size: Int { walk.size }

    /// Appends the encoded form of `content`. If it is refused nothing is appended, and nothing may follow.
    public mutating func encode(_ content: Span<UInt8>, into output: inout [UInt8]) throws(ContentRefused) {
        var sink = EncodedOctets(octets: output)
        // One holder at a time, so that appending does not copy.
        output = []
        let start = sink.octets.count
        walk.take(content, &sink)
        output = sink.octets
        try check { output.removeLast(output.count - start) }
    }

    /// Appends what ends the content: a CRLF, if the last line has none, and the end mark (RFC 5321 §4.1.1.4).
    public mutating func finish(into output: inout [UInt8]) throws(ContentRefused) {
        var sink = EncodedOctets(octets: [])
        walk.finish(&sink)
        try check {}
        output += sink.octets
        output += [ContentScanner.dot, ContentScanner.cr, ContentScanner.lf]
    }

    private func check(_ undo: () -> Void) throws(ContentRefused) {
        let found = walk.traits.intersection(refused)
        guard !found.isEmpty else { return }
        undo()
        throw ContentRefused(traits: found)
    }
}

/// What is special about some content, as far as sending it depends on it.
public struct ContentTraits: OptionSet, Hashable, Sendable {
    /// The set as bits.
    public let rawValue: UInt8
    /// From bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Octets above 127: needs 8BITMIME (RFC 6152 §2).
    public static let eightBit = Self(rawValue: 1)
    /// NUL: no mail system promises to carry it (RFC 5322 §4).
    public static let nul = Self(rawValue: 2)
    /// A line longer than the limit.
    public static let longLine = Self(rawValue: 4)
    /// A CR or LF alone: it will be sent as CRLF.
    public static let bareNewline = Self(rawValue: 8)

    /// Octets in a line that every server takes, CRLF not counted (RFC 5321 §4.5.3.1.6).
    public static let longestLine = 998
}

/// The content has what is not to be sent.
public struct ContentRefused: Error, Hashable, Sendable {
    /// What that is.
    public let traits: ContentTraits
}

/// What has to be known of content before it is announced with MAIL: its size and what is special about it.
public struct ContentSummary: Hashable, Sendable {
    /// Octets as a receiver will count them: line ends as CRLF, the last line ended, no stuffed dots, no end mark
    /// (RFC 1870 §6).
    public let size: Int
    /// What is special about it.
    public let traits: ContentTraits

    /// What is known.
    public init(size: Int, traits: ContentTraits) {
        self.size = size
        self.traits = traits
    }

    /// Of the whole content.
    public init(of content: Span<UInt8>, longestLine: Int = ContentTraits.longestLine) {
        var survey = ContentSurvey(longestLine: longestLine)
        survey.add(content)
        self = survey.summary
    }
}

/// Sums up content that comes in pieces.
public struct ContentSurvey: Sendable {
    private var walk: ContentWalk

    /// Nothing so far.
    public init(longestLine: Int = ContentTraits.longestLine) { walk = ContentWalk(longestLine) }

    /// The next piece.
    public mutating func add(_ content: Span<UInt8>) {
        var sink = NoOctets()
        walk.take(content, &sink)
    }

    /// As if the content ended here.
    public var summary: ContentSummary {
        var ended = walk
        var sink = NoOctets()
        ended.finish(&sink)
        return ContentSummary(size: ended.size, traits: ended.traits)
    }
}

/// Where encoded content goes.
private protocol ContentSink {
    mutating func run(_ content: Span<UInt8>, _ from: Int, _ to: Int)
    mutating func lineEnd()
    mutating func dot()
}

private struct EncodedOctets: ContentSink {
    var octets: [UInt8]

    @inline(__always)
    mutating func run(_ content: Span<UInt8>, _ from: Int, _ to: Int) {
        unsafe content.extracting(from..<to).withUnsafeBufferPointer { run in
            unsafe octets.append(contentsOf: run)
        }
    }
    @inline(__always)
    mutating func lineEnd() {
        octets.append(ContentScanner.cr)
        octets.append(ContentScanner.lf)
    }
    @inline(__always)
    mutating func dot() { octets.append(ContentScanner.dot) }
}

private struct NoOctets: ContentSink {
    func run(_ content: Span<UInt8>, _ from: Int, _ to: Int) {}
    func lineEnd() {}
    func dot() {}
}

/// The way through content: where lines begin, what is special, what is copied as it is.
private struct ContentWalk: Sendable {
    let longestLine: Int
    private(set) var traits: ContentTraits = []
    private(set) var size = 0
    private var isLineStart = true
    private var holdsCR = false
    /// Octets of the line at hand.
    private var lineLength = 0

    init(_ longestLine: Int) { self.longestLine = longestLine }

    /// How much is looked at twice while it is near.
    private static let window = 16 << 10

    mutating func take(_ content: Span<UInt8>, _ sink: inout some ContentSink) {
        var start = 0
        while start < content.count {
            let end = min(start + Self.window, content.count)
            let window = content.extracting(start..<end)
            let (hasHigh, hasNUL) = ContentScanner.survey(window)
            if hasHigh { traits.insert(.eightBit) }
            if hasNUL { traits.insert(.nul) }
            pass(window, &sink)
            start = end
        }
    }

    mutating func finish(_ sink: inout some ContentSink) {
        if holdsCR {
            holdsCR = false
            traits.insert(.bareNewline)
            endLine(&sink)
        } else if !isLineStart {
            endLine(&sink)
        }
    }

    private mutating func pass(_ content: Span<UInt8>, _ sink: inout some ContentSink) {
        var index = 0
        while index < content.count {
            let octet = content[index]
            if holdsCR {
                holdsCR = false
                endLine(&sink)
                if octet == ContentScanner.lf {
                    index &+= 1
                    continue
                }
                traits.insert(.bareNewline)
            }
            if octet == ContentScanner.lf {
                traits.insert(.bareNewline)
                endLine(&sink)
                index &+= 1
                continue
            }
            if octet == ContentScanner.cr {
                guard index &+ 1 < content.count, content[index &+ 1] == ContentScanner.lf else {
                    holdsCR = true
                    index &+= 1
                    continue
                }
            }
            if isLineStart, octet == ContentScanner.dot { sink.dot() }
            let point = ContentScanner.firstPoint(content, from: index &+ 1, to: content.count)
            // A CR at the end of the run is a bare one, or the window ends before its LF.
            holdsCR = content[point &- 1] == ContentScanner.cr
            let end = holdsCR ? point &- 1 : point
            sink.run(content, index, end)
            size &+= end &- index
            measure(content, index, end)
            isLineStart = end > index ? content[end &- 1] == ContentScanner.lf : isLineStart
            index = point
        }
    }

    private mutating func endLine(_ sink: inout some ContentSink) {
        sink.lineEnd()
        size &+= 2
        if lineLength > longestLine { traits.insert(.longLine) }
        lineLength = 0
        isLineStart = true
    }

    /// Looks for a line that is too long in a run whose line ends are all CRLF, without looking at each line.
    private mutating func measure(_ content: Span<UInt8>, _ from: Int, _ to: Int) {
        var start = from &- lineLength
        while to &- start > longestLine &+ 2 {
            // The farthest line end that is near enough; there has to be one.
            guard
                let next = ContentScanner.lastLineEnd(
                    content, from: from &+ 1, to: max(from &+ 1, min(to, start &+ longestLine &+ 2))),
                next > start
            else {
                traits.insert(.longLine)
                break
            }
            start = next
        }
        if let last = ContentScanner.lastLineEnd(content, from: max(from, start) &+ 1, to: to) {
            start = last
        }
        lineLength = to &- start
    }
}
