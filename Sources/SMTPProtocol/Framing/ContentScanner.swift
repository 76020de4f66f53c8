/// Runs of content that need no thought, found sixteen octets at a time.
///
/// Nearly all content is plain: its CRs and LFs come in pairs, and few lines begin with a dot. Whether a stretch is
/// plain can be told without finding its lines. With `b` an octet and `a` the one before it, both
///
///     (b == LF) != (a == CR)        a bare LF at b, or a bare CR at a
///     a == LF && b == "."           perhaps a dot at a line start
///
/// are false for each octet of it. Sixteen such tests are two loads, one octet apart, and a few compares; sixty-four
/// are decided with one branch. An octet for which one of them is true is a *point*. The scanner skips everything up
/// to the first point and leaves the point itself to the machine of `ContentDecoder`, which is the only place that
/// knows what it means. A false point (a dot after a bare LF) thus costs time but cannot change a result.
///
/// Vectors are compared with vectors and kept as `0x00`/`0xff` octets: comparing with a scalar, wider vectors and
/// `SIMDMask` operators were all measured to be many times slower.
enum ContentScanner {
    static let lf: UInt8 = 10
    static let cr: UInt8 = 13
    static let dot: UInt8 = 46

    /// Octets that one turn of the widest loop decides.
    static let block = 64

    /// Octets that `nearPoint` looks at.
    static let near = 20

    /// The first point in `from..<to`, or `to`. The octet before `from` must be there and be part of the content.
    static func firstPoint(_ input: Span<UInt8>, from: Int, to: Int) -> Int {
        let bytes = unsafe input.bytes
        var index = from
        // One small step first: where points are dense, the next one is near.
        if index &+ 16 <= to {
            let found = points(bytes, index)
            if isAnySet(found) { return index &+ firstSet(found) }
            index &+= 16
        }
        while index &+ block <= to {
            // A span of a length that the compiler knows: its bounds are checked once.
            let octets = bytes.extracting((index &- 1)..<(index &+ block))
            let (a, b, c, d) = (points(octets, 1), points(octets, 17), points(octets, 33), points(octets, 49))
            if isAnySet((a | b) | (c | d)) {
                if isAnySet(a) { return index &+ firstSet(a) }
                if isAnySet(b) { return index &+ 16 &+ firstSet(b) }
                if isAnySet(c) { return index &+ 32 &+ firstSet(c) }
                return index &+ 48 &+ firstSet(d)
            }
            index &+= block
        }
        while index &+ 16 <= to {
            let found = points(bytes, index)
            if isAnySet(found) { return index &+ firstSet(found) }
            index &+= 16
        }
        while index < to, !isPoint(input[index], after: input[index &- 1]) { index &+= 1 }
        return index
    }

    /// The first point of `near` octets, or `nil`; quicker than `firstPoint` where it is among the first four.
    @inline(__always)
    static func nearPoint(_ input: Span<UInt8>, from: Int) -> Int? {
        let bytes = unsafe input.bytes
        for index in from..<from &+ 4 where isPoint(input[index], after: input[index &- 1]) { return index }
        let found = points(bytes, from &+ 4)
        return isAnySet(found) ? from &+ 4 &+ firstSet(found) : nil
    }

    /// The position after the last CRLF whose LF is in `from..<to`, if there is one.
    /// The octet before `from` must be there and be part of the content.
    static func lastLineEnd(_ input: Span<UInt8>, from: Int, to: Int) -> Int? {
        let bytes = unsafe input.bytes
        var index = to
        while index &- 16 >= from {
            let found = equal(load(bytes, index &- 16), lf) & equal(load(bytes, index &- 17), cr)
            if isAnySet(found) { return index &- 16 &+ lastSet(found) &+ 1 }
            index &-= 16
        }
        while index > from {
            if input[index &- 1] == lf, input[index &- 2] == cr { return index }
            index &-= 1
        }
        return nil
    }

    /// Whether any octet is above 127, and whether any is NUL.
    static func survey(_ input: Span<UInt8>) -> (hasHigh: Bool, hasNUL: Bool) {
        let bytes = unsafe input.bytes
        var high = SIMD16<UInt8>()
        var nul = SIMD16<UInt8>()
        var index = 0
        while index &+ 16 <= input.count {
            let octets = load(bytes, index)
            high |= octets
            nul |= equal(octets, 0)
            index &+= 16
        }
        var (lastHigh, hasNUL): (UInt8, Bool) = (0, false)
        while index < input.count {
            lastHigh |= input[index]
            hasNUL = hasNUL || input[index] == 0
            index &+= 1
        }
        let top = halves(high)
        let hasHigh = (top.x | top.y) & 0x8080_8080_8080_8080 != 0 || lastHigh > 127
        return (hasHigh, hasNUL || isAnySet(nul))
    }

    /// The two tests of the essay, for one octet.
    @inline(__always)
    static func isPoint(_ octet: UInt8, after previous: UInt8) -> Bool {
        ((octet == lf) != (previous == cr)) || (previous == lf && octet == dot)
    }

    /// The two tests of the essay, for sixteen octets.
    @inline(__always)
    private static func points(_ bytes: RawSpan, _ offset: Int) -> SIMD16<UInt8> {
        let octets = load(bytes, offset)
        let previous = load(bytes, offset &- 1)
        return (equal(octets, lf) ^ equal(previous, cr)) | (equal(previous, lf) & equal(octets, dot))
    }

    @inline(__always)
    private static func load(_ bytes: RawSpan, _ offset: Int) -> SIMD16<UInt8> {
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
    }

    @inline(__always)
    private static func equal(_ octets: SIMD16<UInt8>, _ value: UInt8) -> SIMD16<UInt8> {
        unsafe unsafeBitCast(octets .== SIMD16<UInt8>(repeating: value), to: SIMD16<UInt8>.self)
    }

    @inline(__always)
    private static func halves(_ octets: SIMD16<UInt8>) -> SIMD2<UInt64> {
        unsafe unsafeBitCast(octets, to: SIMD2<UInt64>.self)
    }

    @inline(__always)
    private static func isAnySet(_ octets: SIMD16<UInt8>) -> Bool {
        let halves = halves(octets)
        return (halves.x | halves.y) != 0
    }

    /// The first lane that is not zero; one must be. Lanes are in memory order in the low octets first.
    @inline(__always)
    private static func firstSet(_ octets: SIMD16<UInt8>) -> Int {
        let halves = halves(octets)
        let low = UInt64(littleEndian: halves.x)
        let high = UInt64(littleEndian: halves.y)
        return (low != 0 ? low.trailingZeroBitCount : 64 &+ high.trailingZeroBitCount) &>> 3
    }

    /// The last lane that is not zero; one must be.
    @inline(__always)
    private static func lastSet(_ octets: SIMD16<UInt8>) -> Int {
        let halves = halves(octets)
        let low = UInt64(littleEndian: halves.x)
        let high = UInt64(littleEndian: halves.y)
        return (high != 0 ? 127 &- high.leadingZeroBitCount : 63 &- low.leadingZeroBitCount) &>> 3
    }
}
