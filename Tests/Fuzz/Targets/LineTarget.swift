import SMTPProtocol

/// What became of a line.
enum Line: Equatable {
    case line([UInt8])
    case tooLong(octets: Int)
}

/// What became of a stream.
struct Lines: Equatable {
    var lines: [Line] = []
    /// Octets of the last line, which has not ended.
    var rest = 0
}

/// The line buffer, cut somehow, against an oracle.
///
/// Input: flags, limit, number of cuts (or octet by octet), the distance of each, then the stream.
func fuzzLine(_ octets: [UInt8]) throws(BrokenInvariant) {
    var input = Octets(octets)
    let flags = input.next()
    let acceptsBareLF = flags & 16 != 0
    let number = Int(input.next())
    let limit = flags & 32 != 0 ? 1 + number % 16 : 1 + number * 2
    let cuts = Cuts(&input)
    let stream = input.rest()
    let expected = cutByOctets(stream, limit: limit, acceptsBareLF)
    let lines = try cut(stream, limit: limit, acceptsBareLF, cuts, finishes: flags & 64 != 0)
    try require(lines == expected, "limit \(limit), \(cuts): \(lines), not \(expected)")
}

/// Lets the buffer read `stream` in pieces. After a stored line it may be told to finish, or not.
private func cut(
    _ stream: [UInt8], limit: Int, _ acceptsBareLF: Bool, _ cuts: Cuts, finishes: Bool
) throws(BrokenInvariant) -> Lines {
    var buffer = LineBuffer()
    var result = Lines()
    var from = 0
    var cuts = cuts
    while let to = cuts.next(from, of: stream.count) {
        // The octet before the position may not be looked at.
        let input = [13] + stream[from..<to]
        var position = 1
        var event = LineBuffer.Event.needsInput
        repeat {
            let old = position
            let wasMidLine = buffer.isMidLine
            event = buffer.next(input.span, &position, limit: limit, acceptsBareLF: acceptsBareLF)
            try require(
                position >= old && position <= input.count, "a position that moves forward in the input")
            try require(buffer.bytes.count <= limit, "no more held than the limit")
            switch event {
            case .line(let range):
                try require(!wasMidLine && range.start == old, "a whole line in the input")
                result.lines.append(.line(Array(input[range.start..<range.end])))
            case .stored:
                try require(wasMidLine, "a stored line that had begun before")
                result.lines.append(.line(buffer.bytes))
                if finishes { buffer.finish() }
            case .tooLong:
                try require(buffer.bytes.isEmpty, "nothing held of a line over the limit")
                result.lines.append(.tooLong(octets: buffer.dropped))
            case .needsInput: try require(position == input.count, "all of the input taken")
            }
        } while event != .needsInput
        from = to
    }
    result.rest = buffer.bytes.count + buffer.dropped
    try require(buffer.isMidLine == (result.rest > 0), "mid-line exactly if something was taken")
    buffer.finish()
    try require(!buffer.isMidLine && buffer.bytes.capacity == 0, "no storage after a line")
    return result
}

/// The oracle: only CRLF ends a line, or LF where it is accepted (RFC 5321 §2.3.8).
private func cutByOctets(_ stream: [UInt8], limit: Int, _ acceptsBareLF: Bool) -> Lines {
    var result = Lines()
    var start = 0
    for end in stream.indices where stream[end] == 10 {
        let endsWithCRLF = end > start && stream[end - 1] == 13
        guard endsWithCRLF || acceptsBareLF else { continue }
        let count = end + 1 - start
        let line = stream[start..<(endsWithCRLF ? end - 1 : end)]
        result.lines.append(count > limit ? .tooLong(octets: count) : .line(Array(line)))
        start = end + 1
    }
    result.rest = stream.count - start
    return result
}
