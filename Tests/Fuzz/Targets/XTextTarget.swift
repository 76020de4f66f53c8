import SMTPProtocol

/// xtext in both directions (RFC 3461 §4): the input once as octets to encode, once as text to decode.
func fuzzXText(_ octets: [UInt8]) throws(BrokenInvariant) {
    let text = XText.encode(octets)
    try require(text == encodeByOctets(octets), "encoded like RFC 3461 §4: \(shown(text))")
    try require(decoded(text) == octets, "decode(encode(x)) is x")

    let expected = decodeByOctets(octets)
    let found = decoded(octets)
    try require(found == expected, "decoded like RFC 3461 §4: \(found ?? []), not \(expected ?? [])")
    guard let found else { return }
    let canonical = XText.encode(found)
    try require(decoded(canonical) == found, "the canonical form decodes to the same")
    try require(canonical.count <= octets.count, "nothing is shorter than the canonical form")
}

private func decoded(_ text: [UInt8]) -> [UInt8]? { try? XText.decode(text.span) }

private func isPlain(_ octet: UInt8) -> Bool { octet > 32 && octet < 127 && octet != 43 && octet != 61 }

private func digit(_ value: UInt8) -> UInt8 { value + (value < 10 ? 48 : 55) }

private func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 48...57: digit - 48
    case 65...70: digit - 55
    default: nil
    }
}

private func encodeByOctets(_ octets: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(3 * octets.count)
    for octet in octets {
        if isPlain(octet) {
            text.append(octet)
        } else {
            text.append(43)
            text.append(digit(octet / 16))
            text.append(digit(octet % 16))
        }
    }
    return text
}

private func decodeByOctets(_ text: [UInt8]) -> [UInt8]? {
    var octets: [UInt8] = []
    octets.reserveCapacity(text.count)
    var rest = text[...]
    while let octet = rest.popFirst() {
        if isPlain(octet) {
            octets.append(octet)
        } else {
            guard octet == 43, let high = rest.popFirst().flatMap(value),
                let low = rest.popFirst().flatMap(value)
            else { return nil }
            octets.append(high * 16 + low)
        }
    }
    return octets
}
