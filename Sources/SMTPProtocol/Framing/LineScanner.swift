/// The fast way through command lines.
///
/// Nearly every command line is whole in the input and holds printable ASCII, then CRLF. Such a line needs one look,
/// eight octets at a time: the first octet that is not printable ASCII is the CR at its end, and with that both
/// questions are answered, where the line ends and whether its octets are all right. Whatever is not just so (a line
/// cut by the input's end, a control octet, UTF-8, an LF alone, a line that is too long) is left to `LineBuffer.next`,
/// which knows all the rules and takes one octet at a time. So this file decides nothing: it finds what is plain.
///
/// The search is arithmetic on eight octets in one word. With the top bit of each octet masked, adding 96 carries
/// into it from 32 on, and adding 1 carries into it at 127 only; neither carries further. So the top bits of
/// `~(low + 96) | (low + 1) | word` are set just where an octet is below 32, or 127, or above it.
enum LineScanner {
    /// The first octet from `index` on that is not printable ASCII; the input's length if there is none.
    @inline(__always)
    static func firstUnprintable(_ input: Span<UInt8>, from index: Int) -> Int {
        var index = index
        let bytes = unsafe input.bytes
        while index &+ 8 <= input.count {
            let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            let low = word & 0x7f7f_7f7f_7f7f_7f7f
            let found =
                (~(low &+ 0x6060_6060_6060_6060) | (low &+ 0x0101_0101_0101_0101) | word)
                & 0x8080_8080_8080_8080
            // The first octet is the lowest on every machine that this runs on.
            if found != 0 { return index &+ (UInt64(littleEndian: found).trailingZeroBitCount &>> 3) }
            index &+= 8
        }
        while index < input.count {
            let octet = unsafe input[unchecked: index]
            if octet &- 32 >= 95 { return index }
            index &+= 1
        }
        return index
    }
}

extension LineBuffer {
    /// Takes a line of printable ASCII that is whole in the input and within `limit`; `nil`, and nothing taken, if it
    /// is anything else. Its octets, without CRLF.
    @inline(__always)
    package mutating func nextPlain(_ input: Span<UInt8>, _ position: inout Int, limit: Int) -> ByteRange? {
        guard isEmpty else { return nil }
        let start = position
        let end = LineScanner.firstUnprintable(input, from: start)
        guard end &+ 1 < input.count, input[end] == 13, input[end &+ 1] == 10, end &+ 2 &- start <= limit
        else { return nil }
        position = end &+ 2
        return ByteRange(start, end)
    }
}
