import SMTPConnection
import SMTPHandlers
import SMTPProtocol
import Testing

@Suite struct TraceHeadersTests {
    private static let date = MailDate(secondsSince1970: 1_234_567_890)

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var peer = Endpoint.tcp(host: "192.0.2.7", port: 25)
        var hello: Hello? = Hello(.ehlo, .name("client.example"))
        var hostname = "mx.example"
        var security: Security?
        var dialect = ServerSession.Dialect.smtp
        var isInternational = false
        var recipients = ["b@example.com", "c@example.com"]
        /// The field, unfolded, without its name and date.
        var expected: String
    }

    private static let tls = Security(version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384")

    static let rows: [Row] = [
        Row(
            testDescription: "ESMTP",
            expected: "from client.example ([192.0.2.7]) by mx.example with ESMTP id X1;"),
        Row(
            testDescription: "one recipient", recipients: ["b@example.com"],
            expected: "from client.example ([192.0.2.7]) by mx.example with ESMTP id X1 for <b@example.com>;"),
        Row(
            testDescription: "no recipient", recipients: [],
            expected: "from client.example ([192.0.2.7]) by mx.example with ESMTP id X1;"),
        Row(
            testDescription: "HELO", hello: Hello(.helo, .name("client.example")),
            expected: "from client.example ([192.0.2.7]) by mx.example with SMTP id X1;"),
        Row(
            testDescription: "HELO under TLS", hello: Hello(.helo, .name("client.example")),
            security: Security(version: "TLSv1.2", cipher: "ECDHE-RSA-AES256-GCM-SHA384"),
            expected: "from client.example ([192.0.2.7]) by mx.example with SMTP id X1;"),
        Row(
            testDescription: "ESMTPS", security: tls,
            expected: "from client.example ([192.0.2.7]) by mx.example with ESMTPS id X1 "
                + "tls TLS_AES_256_GCM_SHA384;"),
        Row(
            testDescription: "cipher with comment", security: Security(version: "x", cipher: "A (b)\r\nX: y"),
            expected: "from client.example ([192.0.2.7]) by mx.example with ESMTPS id X1;"),
        Row(
            testDescription: "LMTP", hello: Hello(.lhlo, .name("client.example")), dialect: .lmtp,
            expected: "from client.example ([192.0.2.7]) by mx.example with LMTP id X1;"),
        Row(
            testDescription: "LMTPS", hello: Hello(.lhlo, .name("client.example")), security: tls,
            dialect: .lmtp,
            expected: "from client.example ([192.0.2.7]) by mx.example with LMTPS id X1 "
                + "tls TLS_AES_256_GCM_SHA384;"),
        Row(
            testDescription: "UTF8SMTP", isInternational: true,
            expected: "from client.example ([192.0.2.7]) by mx.example with UTF8SMTP id X1;"),
        Row(
            testDescription: "UTF8SMTPS", security: tls, isInternational: true,
            expected: "from client.example ([192.0.2.7]) by mx.example with UTF8SMTPS id X1 "
                + "tls TLS_AES_256_GCM_SHA384;"),
        Row(
            testDescription: "UTF8LMTP", hello: Hello(.lhlo, .name("client.example")), dialect: .lmtp,
            isInternational: true,
            expected: "from client.example ([192.0.2.7]) by mx.example with UTF8LMTP id X1;"),
        Row(
            testDescription: "IPv6", peer: .tcp(host: "2001:db8::1", port: 25),
            expected: "from client.example ([IPv6:2001:db8::1]) by mx.example with ESMTP id X1;"),
        Row(
            testDescription: "IPv6 with a zone", peer: .tcp(host: "fe80::1%eth0", port: 25),
            expected: "from client.example ([IPv6:fe80::1]) by mx.example with ESMTP id X1;"),
        Row(
            testDescription: "IPv4 in IPv6", peer: .tcp(host: "::ffff:192.0.2.9", port: 25),
            expected: "from client.example ([192.0.2.9]) by mx.example with ESMTP id X1;"),
        Row(
            testDescription: "a name is no literal", peer: .tcp(host: "evil.example)", port: 25),
            expected: "from client.example by mx.example with ESMTP id X1;"),
        Row(
            testDescription: "Unix", peer: .unix(path: "/run/x\r\nX: y"),
            expected: "from client.example by mx.example with ESMTP id X1;"),
        Row(
            testDescription: "no hello", hello: nil,
            expected: "from unknown ([192.0.2.7]) by mx.example with SMTP id X1;"),
        Row(
            testDescription: "literal hello", hello: Hello(.ehlo, .literal(.ipv4(0xC000_0201))),
            expected: "from [192.0.2.1] ([192.0.2.7]) by mx.example with ESMTP id X1;"),
        Row(
            testDescription: "hostile literal",
            hello: Hello(.ehlo, .literal(.general(tag: "x", content: bytes("a(b\\;\"<>@,")))),
            expected: "from [X:a?b???????] ([192.0.2.7]) by mx.example with ESMTP id X1;"),
        Row(
            testDescription: "hostile host", hostname: "a\r\nX: (y\0\u{202E}é",
            expected: "from client.example ([192.0.2.7]) by a??X:??y??? with ESMTP id X1;"),
        Row(
            testDescription: "international host", hostname: "é\u{202E}.\u{85}\u{A0}x", isInternational: true,
            expected: "from client.example ([192.0.2.7]) by é?.??x with UTF8SMTP id X1;"),
    ]

    @Test(arguments: rows) func received(_ row: Row) throws {
        let session = SessionInfo(
            peer: row.peer, hostname: row.hostname, hello: row.hello, security: row.security,
            dialect: row.dialect)
        let envelope = try Envelope.made(
            to: row.recipients, MailParameters(isInternationalized: row.isInternational))
        let field = TraceHeaders.received(session: session, envelope: envelope, id: "X1", date: Self.date)
        #expect(unfolded(field) == "Received: \(row.expected) Fri, 13 Feb 2009 23:31:30 +0000")
        for line in lines(field) { #expect(line.utf8.count < 78) }
    }

    @Test func foldsBetweenClauses() throws {
        let session = SessionInfo(
            peer: .tcp(host: "2001:db8::1234", port: 1), hostname: "mx.example.com",
            hello: Hello(.ehlo, .name("a-rather-long-name.clients.example")))
        let envelope = try Envelope.made(to: ["bob@example.com"])
        let id = "M123456P1234Q1Rabcdefabcdef"
        let field = TraceHeaders.received(session: session, envelope: envelope, id: id, date: Self.date)
        #expect(
            text(field)
                == "Received: from a-rather-long-name.clients.example ([IPv6:2001:db8::1234])\r\n"
                + "    by mx.example.com with ESMTP id M123456P1234Q1Rabcdefabcdef\r\n"
                + "    for <bob@example.com>; Fri, 13 Feb 2009 23:31:30 +0000\r\n")
    }

    @Test func aLongWordHasALineOfItsOwn() throws {
        let host = (0..<6).map { _ in String(repeating: "h", count: 40) }.joined(separator: ".")
        let session = SessionInfo(
            peer: .unknown, hostname: host, hello: Hello(.ehlo, .name("client.example")))
        let field = TraceHeaders.received(
            session: session, envelope: try .made(), id: "a\r\n.b", date: Self.date)
        let long = lines(field).filter { $0.utf8.count >= 78 }
        #expect(long == ["    " + host])
        #expect(text(field).contains(" id a---b "))
    }

    @Test func theRecipientIsLeftOutWhereItWouldNeedUTF8() throws {
        let session = SessionInfo(
            peer: .unknown, hostname: "mx.example", hello: Hello(.ehlo, .name("c.example")))
        func field(_ isInternational: Bool) throws -> String {
            let envelope = Envelope(
                from: .null, MailParameters(isInternationalized: isInternational),
                to: [.init(.mailbox(try Mailbox("björn@example.com")))])
            return text(TraceHeaders.received(session: session, envelope: envelope, id: "X", date: Self.date))
        }
        #expect(try field(true).contains("for <björn@example.com>;"))
        #expect(try !field(false).contains("for "))
    }

    @Test func postmasterIsNamedWithoutADomain() {
        let session = SessionInfo(
            peer: .unknown, hostname: "mx.example", hello: Hello(.ehlo, .name("c.example")))
        let envelope = Envelope(from: .null, to: [.init(.postmaster)])
        let field = TraceHeaders.received(session: session, envelope: envelope, id: "X", date: Self.date)
        #expect(text(field).contains("for <Postmaster>;"))
    }

    @Test func returnPath() throws {
        #expect(text(TraceHeaders.returnPath(.null)) == "Return-Path: <>\r\n")
        let path = ReversePath.mailbox(try Mailbox("alice@example.org"))
        #expect(text(TraceHeaders.returnPath(path)) == "Return-Path: <alice@example.org>\r\n")
    }

    @Test(
        arguments: [
            (0, "Thu, 1 Jan 1970 00:00:00 +0000"), (-1, "Wed, 31 Dec 1969 23:59:59 +0000"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"), (951_868_800, "Wed, 1 Mar 2000 00:00:00 +0000"),
            (1_234_567_890, "Fri, 13 Feb 2009 23:31:30 +0000"),
            (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 +0000"),
            (2_147_483_648, "Tue, 19 Jan 2038 03:14:08 +0000"),
            (4_107_542_400, "Mon, 1 Mar 2100 00:00:00 +0000"),
            (4_107_456_000, "Sun, 28 Feb 2100 00:00:00 +0000"),
            (-2_208_988_800, "Mon, 1 Jan 1900 00:00:00 +0000"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 +0000"), (.min, "Mon, 1 Jan 1900 00:00:00 +0000"),
            (.max, "Fri, 31 Dec 9999 23:59:59 +0000"),
        ] as [(Int64, String)])
    func dates(_ seconds: Int64, _ expected: String) {
        #expect(MailDate(secondsSince1970: seconds).description == expected)
    }

    /// Day by day, with a calendar that counts.
    @Test func everyDayOfFourHundredYears() {
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        var day: Int64 = 0
        for year in 1970..<2371 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for (month, length) in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].enumerated()
            {
                for dayOfMonth in 1...length {
                    let expected =
                        "\(weekdays[Int(day % 7)]), \(dayOfMonth) \(names[month]) \(year) 12:34:56 +0000"
                    let written = MailDate(secondsSince1970: day * 86_400 + 45_296).description
                    guard written == expected else {
                        Issue.record("\(written) instead of \(expected)")
                        return
                    }
                    day += 1
                }
            }
        }
    }

    private func lines(_ field: [UInt8]) -> [String] {
        var lines: [String] = []
        var line: [UInt8] = []
        for byte in field where byte != 13 {
            if byte == 10 {
                lines.append(text(line))
                line = []
            } else {
                line.append(byte)
            }
        }
        if !line.isEmpty { lines.append("no CRLF at the end") }
        return lines
    }

    private func unfolded(_ field: [UInt8]) -> String {
        let lines = lines(field)
        return lines.prefix(1).joined()
            + lines.dropFirst().map { line in
                line.hasPrefix("    ") ? " \(line.dropFirst(4))" : "|not folded|\(line)"
            }.joined()
    }
}
