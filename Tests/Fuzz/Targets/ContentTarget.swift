import SMTPProtocol

/// What decoding came to.
struct Decoded: Equatable {
    var content: [UInt8] = []
    /// The position after the end mark, if there was one.
    var end: Int?
    var size = 0
    var faults: ContentDecoder.Faults = []
}

/// The decoder, cut in several ways, against the oracle.
///
/// Input: mode and kind of limit, limit, number of cuts, the distance of each, then the content.
func fuzzContent(_ octets: [UInt8]) throws(BrokenInvariant) {
    var input = Octets(octets)
    let mode = input.next()
    let newlines: BareNewlines = [.reject, .normalize, .preserve][Int(mode & 15) % 3]
    let number = Int(input.next())
    let limit: Int? = [nil, 1 + number, 64 + 4 * number, 998 + number][Int(mode >> 4) & 3]
    let distances = input.next(Int(input.next() & 15))
    let stream = input.rest()
    var cuts: [Int] = []
    for distance in distances { cuts.append(min(stream.count, (cuts.last ?? 0) + Int(distance))) }

    let expected = decodeByOctets(stream, newlines, lineLimit: limit)
    try compare(decode(stream, newlines, lineLimit: limit, cuts: []), expected, "whole")
    try compare(decode(stream, newlines, lineLimit: limit, cuts: cuts), expected, "cut at \(cuts)")
    if stream.count <= 64 {
        let each = try decode(stream, newlines, lineLimit: limit, cuts: Array(0...stream.count))
        try compare(each, expected, "octet by octet")
    }
    if let cut = cuts.first {
        let part = Array(stream[..<cut])
        let known = decodeByOctets(part, newlines, lineLimit: limit)
        try compare(decode(part, newlines, lineLimit: limit, cuts: []), known, "up to \(cut)")
    }

    func compare(_ decoded: Decoded, _ expected: Decoded, _ how: String) throws(BrokenInvariant) {
        try require(decoded == expected, "content \(how), limit \(limit ?? 0): \(decoded), not \(expected)")
    }
}

/// Lets the decoder read `stream` in pieces that end at `cuts`.
func decode(
    _ stream: [UInt8], _ newlines: BareNewlines, lineLimit: Int?, cuts: [Int]
) throws(BrokenInvariant) -> Decoded {
    var decoder = ContentDecoder(bareNewlines: newlines, lineLimit: lineLimit)
    var result = Decoded()
    var from = 0
    reading: for to in cuts + [stream.count] {
        // Octets before the position mislead; they may not be looked at.
        let before: [UInt8] = [[13, 10], [13], [46], []][(from + to) & 3]
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
            case .literal(.cr): result.content += [13]
            case .literal(.lf): result.content += [10]
            case .literal(.crlf): result.content += [13, 10]
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

/// The oracle: the definitions of RFC 5321 §4.5.2, applied to one octet after the other.
func decodeByOctets(_ stream: [UInt8], _ newlines: BareNewlines, lineLimit: Int?) -> Decoded {
    var result = Decoded()
    let end = endOfContent(stream)
    result.end = end
    // The end mark is no content; nor is what may become it with the next octet.
    var count = end.map { $0 - 3 } ?? stream.count
    if end == nil, isTail(stream, [13, 10, 46, 13]) { count -= 1 }
    var column = 0
    for index in 0..<count {
        let octet = stream[index]
        let previous = octetBefore(stream, index, 1)
        let isBareLF = octet == 10 && previous != 13
        // Of a CR at the very end nothing is known yet.
        let isBareCR = octet == 13 && index + 1 < stream.count && stream[index + 1] != 10
        if isBareLF { result.faults.insert(.bareLineFeed) }
        if isBareCR { result.faults.insert(.bareCarriageReturn) }
        column += 1
        if let lineLimit, column > lineLimit { result.faults.insert(.lineTooLong) }
        let startsLine = previous == 10 && octetBefore(stream, index, 2) == 13
        if octet == 10, previous == 13 { column = 0 }
        if startsLine, octet == 46 { continue }
        if newlines == .normalize, isBareLF || isBareCR {
            result.content += [13, 10]
        } else {
            result.content.append(octet)
        }
    }
    result.size = result.content.count
    return result
}

/// After the first CRLF.CRLF; the first CRLF may be the one before the stream.
func endOfContent(_ stream: [UInt8]) -> Int? {
    for index in stream.indices where stream[index] == 10 {
        if isTail(stream[...index], [13, 10, 46, 13, 10]) { return index + 1 }
    }
    return nil
}

/// Whether the stream, with CRLF before it, ends with `tail`.
private func isTail(_ stream: some BidirectionalCollection<UInt8>, _ tail: [UInt8]) -> Bool {
    var octets = stream.reversed().makeIterator()
    var before: [UInt8] = [13, 10]
    for octet in tail.reversed() where (octets.next() ?? before.popLast()) != octet { return false }
    return true
}

private func octetBefore(_ stream: [UInt8], _ index: Int, _ distance: Int) -> UInt8 {
    index >= distance ? stream[index - distance] : [10, 13][distance - index - 1]
}
