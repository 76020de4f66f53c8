import SMTPProtocol

/// What decoding came to.
struct Decoded: Equatable {
    var content: [UInt8] = []
    /// The position after the end mark, if there was one.
    var end: Int?
    var size = 0
    var faults: ContentDecoder.Faults = []

    mutating func append(_ first: UInt8, _ second: UInt8) {
        content.append(first)
        content.append(second)
    }
}

/// The decoder, cut somehow, against the oracle.
///
/// Input: mode and kind of limit, limit, number of cuts (or octet by octet), the distance of each, then the content.
func fuzzContent(_ octets: [UInt8]) throws(BrokenInvariant) {
    var input = Octets(octets)
    let mode = input.next()
    let newlines: BareNewlines =
        switch mode & 3 {
        case 1: .normalize
        case 2: .preserve
        default: .reject
        }
    let number = Int(input.next())
    let limit: Int? =
        switch mode >> 4 & 3 {
        case 0: nil
        case 1: 1 + number
        case 2: 64 + 4 * number
        default: 998 + number
        }
    let cuts = Cuts(&input)
    let stream = input.rest()
    let decoded = try decode(stream, newlines, lineLimit: limit, cuts)
    let expected = decodeByOctets(stream, newlines, lineLimit: limit)
    try require(decoded == expected, "limit \(limit ?? 0), \(cuts): \(decoded), not \(expected)")
}

/// Lets the decoder read `stream` in pieces.
func decode(
    _ stream: [UInt8], _ newlines: BareNewlines, lineLimit: Int?, _ cuts: Cuts
) throws(BrokenInvariant) -> Decoded {
    var decoder = ContentDecoder(bareNewlines: newlines, lineLimit: lineLimit)
    var result = Decoded()
    result.content.reserveCapacity(stream.count + 1)
    var from = 0
    var cuts = cuts
    reading: while let to = cuts.next(from, of: stream.count) {
        // Octets before the position mislead; they may not be looked at. Nor may what follows, which is not there.
        let before = misleading[(from + to) & 3]
        let input = before + stream[from..<to]
        var position = before.count
        while true {
            let old = position
            let event = decoder.next(input.span, &position)
            try require(
                position >= old && position <= input.count, "a position that moves forward in the input")
            switch event {
            case .content(let range):
                let isNext = range.start >= old && range.end == position && range.start < range.end
                try require(isNext, "content that was just taken: \(range) from \(old) to \(position)")
                result.content += input[range.start..<range.end]
            case .literal(.cr): result.content.append(13)
            case .literal(.lf): result.content.append(10)
            case .literal(.crlf): result.append(13, 10)
            case .end:
                result.end = from + position - before.count
                var after = position
                let isOver = decoder.next(input.span, &after) == .end && after == position
                try require(isOver, "nothing taken after the end")
                break reading
            case .needsInput: try require(position == input.count, "all of the input taken")
            }
            if event == .needsInput { break }
        }
        from = to
    }
    result.size = decoder.size
    result.faults = decoder.faults
    return result
}

private let misleading: [[UInt8]] = [[13, 10], [13], [46], []]

/// The oracle: the definitions of RFC 5321 §4.5.2, applied to one octet after the other.
func decodeByOctets(_ stream: [UInt8], _ newlines: BareNewlines, lineLimit: Int?) -> Decoded {
    var result = Decoded()
    result.content.reserveCapacity(stream.count + 1)
    result.end = endOfContent(stream[...])
    // The end mark is no content; nor is what may become it with the next octet.
    var count = result.end.map { $0 - 3 } ?? stream.count
    if result.end == nil, mayBecomeEnd(stream) { count -= 1 }
    var column = 0
    // There is a CRLF before the stream.
    var (previous, beforePrevious): (UInt8, UInt8) = (10, 13)
    for index in 0..<max(count, 0) {
        let octet = stream[index]
        let startsLine = previous == 10 && beforePrevious == 13
        let isBareLF = octet == 10 && previous != 13
        // Of a CR at the very end nothing is known yet.
        let isBareCR = octet == 13 && index + 1 < stream.count && stream[index + 1] != 10
        if isBareLF { result.faults.insert(.bareLineFeed) }
        if isBareCR { result.faults.insert(.bareCarriageReturn) }
        column += 1
        if let lineLimit, column > lineLimit { result.faults.insert(.lineTooLong) }
        if octet == 10, previous == 13 { column = 0 }
        (previous, beforePrevious) = (octet, previous)
        if startsLine, octet == 46 { continue }
        if newlines == .normalize, isBareLF || isBareCR {
            result.append(13, 10)
        } else {
            result.content.append(octet)
        }
    }
    result.size = result.content.count
    return result
}

/// The index after the first CRLF.CRLF; the first CRLF may be the one before the stream.
func endOfContent(_ stream: ArraySlice<UInt8>) -> Int? {
    var recent: UInt64 = 0x0d0a
    for index in stream.indices {
        recent = recent << 8 | UInt64(stream[index])
        if recent & 0xff_ffff_ffff == 0x0d_0a2e_0d0a { return index + 1 }
    }
    return nil
}

/// Whether the stream, with CRLF before it, ends with CRLF.CR.
private func mayBecomeEnd(_ stream: [UInt8]) -> Bool {
    var recent: UInt64 = 0x0d0a
    for octet in stream.suffix(4) { recent = recent << 8 | UInt64(octet) }
    return stream.count >= 2 && recent & 0xffff_ffff == 0x0d0a_2e0d
}
