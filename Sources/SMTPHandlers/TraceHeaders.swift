public import SMTPConnection
public import SMTPProtocol

/// The header fields that a server puts on top of a message it takes over (RFC 5321 §4.4).
public enum TraceHeaders {
    /// `Return-Path`, which final delivery puts first; `<>` stays `<>`.
    public static func returnPath(_ path: ReversePath) -> [UInt8] {
        Array("Return-Path: \(isPrintable(path.text) ? path.text : "<>")\r\n".utf8)
    }

    /// `Received`, folded, with all that the client said made harmless.
    ///
    /// `id` is an atom of the caller's, by which the message can be found again. The recipient is named only if
    /// there is exactly one, so that none learns of another.
    public static func received(
        session: SessionInfo, envelope: Envelope, id: String, date: MailDate
    ) -> [UInt8] {
        let isInternational = envelope.parameters.isInternationalized
        var clauses: [[String]] = [["Received:"]]
        // From-domain and By-domain (RFC 5321 §4.4)
        var from = ["from", domainText(session.hello?.client.description ?? "", isInternational)]
        if let literal = literal(of: session.peer) { from.append("(\(literal))") }
        clauses[0] += from
        clauses.append(["by", domainText(session.hostname, isInternational)])
        clauses.append(["with", transmissionType(session, isInternational)])
        clauses.append(["id", atom(id)])
        // Naming one of several would tell on the others (RFC 5321 §4.4, §7.2).
        if envelope.recipients.count == 1, let path = envelope.recipients.first?.path.text, isPrintable(path),
            isInternational || isASCII(path)
        {
            clauses.append(["for", path])
        }
        if let cipher = session.security?.cipher, isCipherName(cipher) {
            clauses.append(["tls", cipher])  // (RFC 8314 §4.3)
        }
        clauses[clauses.count - 1][clauses[clauses.count - 1].count - 1] += ";"
        clauses.append([date.description])
        return fold(clauses)
    }

    /// The registered name of how the mail came (RFC 3848 §2, RFC 6531 §4.3).
    private static func transmissionType(_ session: SessionInfo, _ isInternational: Bool) -> String {
        let base: String
        switch (session.dialect, session.hello?.verb) {
        case (.lmtp, _): base = isInternational ? "UTF8LMTP" : "LMTP"
        case (.smtp, .ehlo), (.smtp, .lhlo): base = isInternational ? "UTF8SMTP" : "ESMTP"
        // No registered name tells of TLS without EHLO.
        case (.smtp, .helo), (.smtp, nil): return "SMTP"
        }
        return session.security == nil ? base : base + "S"
    }

    /// The peer's address literal (RFC 5321 §4.1.3); `nil` if it has no numeric address.
    private static func literal(of peer: Endpoint) -> String? {
        switch peer {
        case .unix, .unknown: return nil
        case .tcp(let host, _):
            // A zone means nothing on another machine.
            let number = Array(host.utf8.prefix { $0 != UInt8(ascii: "%") })
            let hasColon = number.contains(UInt8(ascii: ":"))
            let hasDot = number.contains(UInt8(ascii: "."))
            guard hasColon || hasDot, number.allSatisfy({ isNumeric($0, isVersion6: hasColon) })
            else { return nil }
            let mapped = Array("::ffff:".utf8)
            if hasDot, number.starts(with: mapped) {
                return "[\(String(decoding: number.dropFirst(mapped.count), as: UTF8.self))]"
            }
            return "[\(hasColon ? "IPv6:" : "")\(String(decoding: number, as: UTF8.self))]"
        }
    }

    /// A domain or an address literal with `?` for whatever could end or open anything in a header field.
    private static func domainText(_ text: String, _ isInternational: Bool) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            guard result.count < 255 else { break }
            let isHarmless =
                if let byte = UInt8(exactly: scalar.value), byte < 128 {
                    isAlphanumeric(byte) || harmlessInDomains.contains(byte)
                } else {
                    isInternational && scalar.properties.generalCategory != .spaceSeparator
                        && VisibleText.isVisible(scalar)
                }
            result.append(isHarmless ? scalar : "?")
        }
        return result.isEmpty ? "unknown" : String(result)
    }

    private static let harmlessInDomains = Array("-._:[]=+/".utf8)

    private static func atom(_ text: String) -> String {
        let bytes = text.utf8.map { isAlphanumeric($0) || $0 == 45 || $0 == 95 ? $0 : UInt8(ascii: "-") }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isCipherName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
    }

    private static func isPrintable(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 32 && $0 != 127 } }
    private static func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 128 } }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
    private static func isNumeric(_ byte: UInt8, isVersion6: Bool) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: ".")
            || isVersion6 && (byte == UInt8(ascii: ":") || byte | 0x20 >= 97 && byte | 0x20 <= 102)
    }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte >= 65 && byte <= 90 || byte >= 97 && byte <= 122
    }

    /// One field of lines below 78 octets as far as its words allow (RFC 5322 §2.1.1), broken between clauses first.
    private static func fold(_ clauses: [[String]]) -> [UInt8] {
        let limit = 77
        let indentation = "    "
        var lines: [String] = []
        var line = ""
        func add(_ words: String) -> Bool {
            guard !line.isEmpty, line.utf8.count + 1 + words.utf8.count <= limit else { return false }
            line += " " + words
            return true
        }
        func breakLine(before word: String) {
            if !line.isEmpty { lines.append(line) }
            line = lines.isEmpty ? word : indentation + word
        }
        for clause in clauses where !add(clause.joined(separator: " ")) {
            var isFirst = true
            for word in clause {
                // A field's name stays with what follows it, and so does a clause's.
                if isFirst || !add(word) { breakLine(before: word) }
                isFirst = false
            }
        }
        lines.append(line)
        return Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
    }
}
