import SMTPProtocol

/// What decoding came to.
struct DecodedContent: Equatable {
    var content: [UInt8] = []
    /// The position after the end mark, if there was one.
    var end: Int?
    var size = 0
    var faults: ContentDecoder.Faults = []
}

/// Decodes a whole stream, straight from the definitions, one octet at a time; knows nothing of the decoder.
func decodeSlowly(_ stream: [UInt8], _ newlines: BareNewlines, lineLimit: Int?) -> DecodedContent {
    let cr: UInt8 = 13
    let lf: UInt8 = 10
    let dot: UInt8 = 46
    // The end mark may use the CRLF that is before the stream.
    let wire = [cr, lf] + stream
    var result = DecodedContent()
    var stop = wire.count
    for i in wire.indices where i + 5 <= wire.count && Array(wire[i..<i + 5]) == [cr, lf, dot, cr, lf] {
        stop = i + 2
        result.end = i + 5 - 2
        break
    }
    // What may become the end mark with the next octet is neither content nor line yet.
    if result.end == nil, wire.suffix(4) == [cr, lf, dot, cr] { stop -= 1 }
    var octetsOfLine = 0
    for i in 2..<max(stop, 2) {
        let octet = wire[i]
        octetsOfLine += 1
        if let lineLimit, octetsOfLine > lineLimit { result.faults.insert(.lineTooLong) }
        let startsLine = wire[i - 2] == cr && wire[i - 1] == lf
        if octet == lf && wire[i - 1] == cr { octetsOfLine = 0 }
        let isBareLineFeed = octet == lf && wire[i - 1] != cr
        // Of a CR at the end of what was read, nothing is known yet.
        let isBareReturn = octet == cr && i + 1 < wire.count && wire[i + 1] != lf
        if isBareLineFeed { result.faults.insert(.bareLineFeed) }
        if isBareReturn { result.faults.insert(.bareCarriageReturn) }
        if startsLine && octet == dot { continue }
        if newlines == .normalize && (isBareLineFeed || isBareReturn) {
            result.content += [cr, lf]
        } else {
            result.content.append(octet)
        }
    }
    result.size = result.content.count
    return result
}

/// Lets the decoder read `stream` in pieces that end at `cuts`, and again whenever it needs input.
func decode(
    _ stream: [UInt8], _ newlines: BareNewlines, lineLimit: Int?, cuts: [Int] = []
) -> DecodedContent {
    var decoder = ContentDecoder(bareNewlines: newlines, lineLimit: lineLimit)
    var result = DecodedContent()
    var from = 0
    reading: for to in cuts + [stream.count] {
        // Octets before the position are there and mislead; they may not be looked at.
        let before: [UInt8] = [[13, 10], [13], [46], []][(from + to) & 3]
        let input = before + stream[from..<to]
        var position = before.count
        while true {
            let old = position
            let event = decoder.next(input.span, &position)
            switch event {
            case .content(let range):
                precondition(range.start >= old && range.end == position && !range.isEmpty)
                result.content += input[range.start..<range.end]
            case .literal(.cr): result.content += [13]
            case .literal(.lf): result.content += [10]
            case .literal(.crlf): result.content += [13, 10]
            case .end:
                result.end = from + position - before.count
                break reading
            case .needsInput:
                precondition(position == input.count)
            }
            if event == .needsInput { break }
        }
        from = to
    }
    result.size = decoder.size
    result.faults = decoder.faults
    return result
}

/// Numbers that are the same in every run (SplitMix64).
struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Below `bound`.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
