import SMTPProtocol

/// Base64 in both directions (RFC 4648 §4): the input once as octets to encode, once as text to decode.
func fuzzBase64(_ octets: [UInt8]) throws(BrokenInvariant) {
    let text = Base64.encode(octets)
    try require(text == encodeByBits(octets), "encoded like RFC 4648 §4: \(shown(text))")
    try require(decoded(text) == octets, "decode(encode(x)) is x")

    let found = decoded(octets)
    let expected = decodeByBits(octets)
    try require(found == expected, "decoded like RFC 4648 §4: \(found ?? []), not \(expected ?? [])")
    if let found { try require(Base64.encode(found) == octets, "one text for the same octets") }
}

private func decoded(_ text: [UInt8]) -> [UInt8]? { try? Base64.decode(text.span) }

private let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
private let values: [UInt8?] = (0..<256).map { octet in
    letters.firstIndex { Int($0) == octet }.map { UInt8($0) }
}

/// The oracle: a row of bits, cut every six, filled with zeros; then `=` up to whole groups of four.
private func encodeByBits(_ octets: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(octets.count * 2 + 4)
    var bits = 0
    var count = 0
    for octet in octets {
        bits = (bits << 8 | Int(octet)) & 0xffff
        count += 8
        while count >= 6 {
            count -= 6
            text.append(letters[bits >> count & 63])
        }
    }
    if count > 0 { text.append(letters[bits << (6 - count) & 63]) }
    while text.count % 4 != 0 { text.append(61) }
    return text
}

/// The same backwards. Whole groups, at most two `=`, and zeros in the bits left over.
private func decodeByBits(_ text: [UInt8]) -> [UInt8]? {
    var end = text.count
    while end > 0, text.count - end < 2, text[end - 1] == 61 { end -= 1 }
    guard text.count % 4 == 0 else { return nil }
    var octets: [UInt8] = []
    octets.reserveCapacity(end)
    var bits = 0
    var count = 0
    for letter in text[..<end] {
        guard let value = values[Int(letter)] else { return nil }
        bits = (bits << 6 | Int(value)) & 0xffff
        count += 6
        if count >= 8 {
            count -= 8
            octets.append(UInt8(bits >> count & 255))
        }
    }
    return bits & (1 << count - 1) == 0 ? octets : nil
}
