/// Replies as octets, appended to one buffer that leaves in one write.
package struct ReplyWriter: Sendable {
    /// What has not been taken yet.
    package var octets: [UInt8] = []
    /// Whether enhanced codes are sent: only where ENHANCEDSTATUSCODES is offered (RFC 2034 §4).
    package var sendsStatus = true
    /// The most a reply line may hold, CRLF included (RFC 5321 §4.5.3.1.5).
    package static let lineLimit = 512

    package init() {}

    /// Appends a reply of ours.
    package mutating func append(_ reply: StandardReply) {
        reply.text.withUTF8Buffer { text in
            if sendsStatus || text.count < 10 {
                unsafe octets.append(contentsOf: text)
            } else {
                unsafe octets.append(contentsOf: text[..<4])
                // An enhanced code is C.S.D and a space; a 3yz has none.
                let isStatus = unsafe text[4] <= UInt8(ascii: "9") && text[5] == UInt8(ascii: ".")
                unsafe octets.append(contentsOf: text[(isStatus ? 10 : 4)...])
            }
        }
        endLine()
    }

    /// Appends a reply that is octets already. The first makes room for those that follow, so that it need not grow.
    mutating func append(whole reply: [UInt8]) {
        if octets.capacity == 0 { octets.reserveCapacity(max(192, reply.count)) }
        octets.append(contentsOf: reply)
    }

    @inline(__always)
    private mutating func endLine() {
        octets.append(13)
        octets.append(10)
    }

    /// Appends an application's reply, folded into lines of at most 512 octets. Octets above 127 are sent only where
    /// `allowsUTF8` (RFC 6531 §3.7.4); elsewhere each becomes `?`.
    package mutating func append(
        _ reply: Reply, allowsUTF8: Bool, showsStatus: Bool = true, leading: [UInt8]? = nil
    ) {
        let status = sendsStatus && showsStatus ? Self.status(of: reply) : []
        let room = Self.lineLimit - 6 - status.count
        var pieces: [[UInt8]] = []
        for (index, line) in reply.lines.enumerated() {
            var text = line.utf8.map { $0 > 127 && !allowsUTF8 ? UInt8(ascii: "?") : $0 }
            if index == 0, let leading {
                text = text.isEmpty ? leading : leading + [UInt8(ascii: " ")] + text
            }
            Self.fold(text, into: room, &pieces)
        }
        for (index, piece) in pieces.enumerated() {
            appendLine(reply.code, status + piece, isLast: index == pieces.count - 1)
        }
    }

    /// The enhanced code with its space: every 2yz, 4yz and 5yz has one, if need be one that says nothing (RFC 2034 §4).
    private static func status(of reply: Reply) -> [UInt8] {
        if let status = reply.status { return Array("\(status) ".utf8) }
        return reply.code.severity == .intermediate ? [] : Array("\(reply.code.severity.rawValue).0.0 ".utf8)
    }

    /// Appends one line of a reply.
    package mutating func appendLine(_ code: ReplyCode, _ text: [UInt8], isLast: Bool) {
        let number = code.rawValue
        octets.append(UInt8(truncatingIfNeeded: 48 + number / 100))
        octets.append(UInt8(truncatingIfNeeded: 48 + number / 10 % 10))
        octets.append(UInt8(truncatingIfNeeded: 48 + number % 10))
        octets.append(isLast ? UInt8(ascii: " ") : UInt8(ascii: "-"))
        octets.append(contentsOf: text)
        endLine()
    }

    /// Cuts `text` into pieces of at most `room` octets, at a space if one is near, never inside a character.
    private static func fold(_ text: [UInt8], into room: Int, _ pieces: inout [[UInt8]]) {
        var start = 0
        while text.count - start > room {
            var end = start + room
            while end > start + 1, text[end] & 0xC0 == 0x80 { end -= 1 }
            if let space = text[(start + room / 2)..<end].lastIndex(of: UInt8(ascii: " ")) { end = space + 1 }
            pieces.append(Array(text[start..<end]))
            start = end
        }
        pieces.append(Array(text[start...]))
    }
}
