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

private let digits = Array("0123456789ABCDEF".utf8)

private func encodeByOctets(_ octets: [UInt8]) -> [UInt8] {
    octets.flatMap { isPlain($0) ? [$0] : [43, digits[Int($0) / 16], digits[Int($0) % 16]] }
}

private func decodeByOctets(_ text: [UInt8]) -> [UInt8]? {
    var octets: [UInt8] = []
    var rest = text[...]
    while let octet = rest.popFirst() {
        if isPlain(octet) {
            octets.append(octet)
        } else {
            guard octet == 43, let high = rest.popFirst().flatMap(digits.firstIndex(of:)),
                let low = rest.popFirst().flatMap(digits.firstIndex(of:))
            else { return nil }
            octets.append(UInt8(high * 16 + low))
        }
    }
    return octets
}
