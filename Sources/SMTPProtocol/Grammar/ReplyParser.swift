/// One line of a reply, as a client reads it (RFC 5321 §4.2).
package enum ReplyParser {
    /// What a line says.
    package struct Line: Hashable, Sendable {
        /// The code, of the four classes that there are.
        package let code: ReplyCode
        /// Whether no further line of the reply follows.
        package let isLast: Bool
        /// The enhanced code at the start of the text, if there is an exact one.
        package let status: EnhancedStatusCode?
        /// What follows, in printable ASCII; other octets as `\xHH`.
        package let text: String
    }

    /// The line without its CRLF; `nil` if it is none of a reply.
    ///
    /// After the code there may be nothing at all (RFC 5321 §4.2.1), so `250` and `334` are whole replies. A class
    /// other than 2yz to 5yz is none.
    package static func line(_ octets: Span<UInt8>) -> Line? {
        guard octets.count >= 3, let first = octets[0].decimalValue, let second = octets[1].decimalValue,
            let third = octets[2].decimalValue,
            let code = ReplyCode(received: UInt16(first) * 100 + UInt16(second) * 10 + UInt16(third))
        else { return nil }
        guard octets.count > 3 else { return Line(code: code, isLast: true, status: nil, text: "") }
        guard octets[3] == UInt8(ascii: " ") || octets[3] == UInt8(ascii: "-") else { return nil }
        for index in 4..<octets.count where octets[index] == 13 || octets[index] == 10 { return nil }
        let found = status(octets, from: 4, of: code)
        return Line(
            code: code, isLast: octets[3] == UInt8(ascii: " "), status: found?.status,
            text: visible(octets, from: found?.end ?? 4))
    }

    /// The enhanced code that stands at `start` and ends at a space or with the line (RFC 2034 §4, RFC 3463 §2).
    ///
    /// One whose class contradicts the code says nothing but the class; it stays in the text.
    private static func status(
        _ octets: Span<UInt8>, from start: Int, of code: ReplyCode
    ) -> (status: EnhancedStatusCode, end: Int)? {
        guard code.severity != .intermediate else { return nil }
        var index = start
        guard let `class` = number(octets, &index), [2, 4, 5].contains(`class`),
            index < octets.count, octets[index] == UInt8(ascii: ".")
        else { return nil }
        index += 1
        guard let subject = number(octets, &index), index < octets.count, octets[index] == UInt8(ascii: ".")
        else { return nil }
        index += 1
        guard let detail = number(octets, &index), index == octets.count || octets[index] == 32 else {
            return nil
        }
        guard `class` == UInt16(code.severity.rawValue) else {
            return (EnhancedStatusCode(code.severity.rawValue, 0, 0), start)
        }
        return (EnhancedStatusCode(UInt8(`class`), subject, detail), min(index + 1, octets.count))
    }

    /// One to three digits, without needless zeros.
    private static func number(_ octets: Span<UInt8>, _ index: inout Int) -> UInt16? {
        let start = index
        var value: UInt16 = 0
        while index < octets.count, let digit = octets[index].decimalValue {
            guard index - start < 3 else { return nil }
            value = value * 10 + UInt16(digit)
            index += 1
        }
        guard index > start, octets[start] != UInt8(ascii: "0") || index - start == 1 else { return nil }
        return value
    }

    /// What a person or a log may be shown: no control octets, nothing that is not ASCII.
    private static func visible(_ octets: Span<UInt8>, from start: Int) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(octets.count - start)
        for index in start..<octets.count {
            let octet = octets[index]
            if OctetSet.printable.contains(octet) {
                text.append(octet)
            } else {
                text += [UInt8(ascii: "\\"), UInt8(ascii: "x"), digit(octet >> 4), digit(octet & 15)]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + (value - 10)
    }
}
