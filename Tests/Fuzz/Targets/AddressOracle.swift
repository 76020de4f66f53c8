/// The strict syntax of addresses a second time (RFC 5321 §4.1.2 and §4.1.3, RFC 6531 §3.3), by cutting at what
/// separates: slow, and without a cursor.
enum AddressOracle {
    typealias Text = ArraySlice<UInt8>

    struct Mailbox: Equatable {
        /// Without quotes.
        var localPart: [UInt8]
        var domain: Text
    }

    /// A path without its angle brackets, a source route before the mailbox included.
    static func path(_ text: Text) -> Mailbox? {
        guard text.first == at else { return mailbox(text) }
        guard let colon = text.firstIndex(of: 58) else { return nil }
        for hop in text[..<colon].split(separator: 44, omittingEmptySubsequences: false) {
            guard hop.first == at, isName(hop.dropFirst()) else { return nil }
        }
        return mailbox(text[(colon + 1)...])
    }

    static func mailbox(_ text: Text) -> Mailbox? {
        guard isText(text) else { return nil }
        if text.first == quote { return quotedMailbox(text) }
        guard let split = text.firstIndex(of: at) else { return nil }
        let localPart = text[..<split]
        let domain = text[(split + 1)...]
        let atoms = localPart.split(separator: dot, omittingEmptySubsequences: false)
        guard atoms.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isAtomText) }), isDomain(domain) else {
            return nil
        }
        return Mailbox(localPart: Array(localPart), domain: domain)
    }

    private static func quotedMailbox(_ text: Text) -> Mailbox? {
        var localPart: [UInt8] = []
        var rest = text.dropFirst()
        while let octet = rest.popFirst(), octet > 31, octet != 127 {
            if octet == quote {
                guard rest.popFirst() == at, isDomain(rest) else { return nil }
                return Mailbox(localPart: localPart, domain: rest)
            }
            if octet == 92 {
                guard let quoted = rest.popFirst(), (32...126).contains(quoted) else { return nil }
                localPart.append(quoted)
            } else {
                localPart.append(octet)
            }
        }
        return nil
    }

    /// A name or an address literal, of at most 255 octets.
    static func isDomain(_ text: Text) -> Bool {
        guard text.count <= 255, isText(text) else { return false }
        guard text.first == 91 else { return isName(text) }
        guard text.count > 2, text.last == 93 else { return false }
        return isLiteral(text.dropFirst().dropLast())
    }

    static func isName(_ text: Text) -> Bool {
        guard text.count <= 255, isText(text) else { return false }
        return text.split(separator: dot, omittingEmptySubsequences: false).allSatisfy { label in
            // As an A-label: `xn--`, and at least an octet for each character (RFC 5890 §2.3.2.1).
            let characters = label.count { $0 & 0xc0 != 0x80 }
            let length = characters == label.count ? label.count : characters + 4
            return !label.isEmpty && length <= 63 && label.first != 45 && label.last != 45
                && label.allSatisfy { isLetterOrDigit($0) || $0 == 45 || $0 > 127 }
        }
    }

    /// Without its brackets.
    private static func isLiteral(_ text: Text) -> Bool {
        guard let colon = text.firstIndex(of: 58) else { return isIPv4(text) }
        let tag = text[..<colon]
        let content = text[(colon + 1)...]
        if tag.map({ (65...90).contains($0) ? $0 + 32 : $0 }) == Array("ipv6".utf8) { return isIPv6(content) }
        guard let first = tag.first, let last = tag.last else { return false }
        return isLetterOrDigit(first) && isLetterOrDigit(last)
            && tag.allSatisfy { isLetterOrDigit($0) || $0 == 45 }
            && !content.isEmpty && content.allSatisfy { (33...90).contains($0) || (94...126).contains($0) }
    }

    private static func isIPv4(_ text: Text) -> Bool {
        let parts = text.split(separator: dot, omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy { (48...57).contains($0) }
                    && part.reduce(0) { $0 * 10 + Int($1) - 48 } <= 255
            }
    }

    /// Eight groups, or at most six around `::`; an IPv4 address at the end counts as two.
    private static func isIPv6(_ text: Text) -> Bool {
        var halves: [Text] = []
        var start = text.startIndex
        for index in text.indices.dropLast() where text[index] == 58 && text[index + 1] == 58 {
            guard index >= start else { return false }
            halves.append(text[start..<index])
            start = index + 2
        }
        halves.append(text[start...])
        guard halves.count <= 2 else { return false }
        var count = 0
        for (number, half) in halves.enumerated() where halves.count == 1 || !half.isEmpty {
            let groups = half.split(separator: 58, omittingEmptySubsequences: false)
            for (index, group) in groups.enumerated() {
                let isLast = number == halves.count - 1 && index == groups.count - 1
                if isLast, group.contains(dot) {
                    guard isIPv4(group) else { return false }
                    count += 2
                } else {
                    guard (1...4).contains(group.count), group.allSatisfy(isHexadecimal) else { return false }
                    count += 1
                }
            }
        }
        return halves.count == 2 ? count <= 6 : count == 8
    }

    private static let at: UInt8 = 64, dot: UInt8 = 46, quote: UInt8 = 34

    private static func isLetterOrDigit(_ octet: UInt8) -> Bool {
        (48...57).contains(octet) || (65...90).contains(octet) || (97...122).contains(octet)
    }

    private static func isHexadecimal(_ octet: UInt8) -> Bool {
        (48...57).contains(octet) || (65...70).contains(octet) || (97...102).contains(octet)
    }

    private static let atomText = Set("!#$%&'*+-/=?^_`{|}~".utf8)

    private static func isAtomText(_ octet: UInt8) -> Bool {
        isLetterOrDigit(octet) || octet > 127 || atomText.contains(octet)
    }

    private static func isText(_ text: Text) -> Bool {
        text.allSatisfy { $0 < 128 } || String(validating: text, as: UTF8.self) != nil
    }
}
