import SMTPProtocol
import Testing

@Suite struct RepliesTests {
    /// Enhanced codes as registered (RFC 5248), with the basic codes they may stand behind.
    static let registered: [String: Set<UInt16>] = [
        "2.0.0": [220, 221, 250, 214], "2.1.0": [250], "2.1.5": [250], "2.5.0": [252],
        "2.7.0": [235],
        "4.3.0": [451], "4.3.2": [421], "4.4.2": [421], "4.7.0": [421, 454], "4.5.3": [452],
        "5.1.3": [501], "5.1.7": [501], "5.3.2": [554], "5.3.4": [552], "5.5.0": [554],
        "5.5.1": [500, 502, 503],
        "5.5.2": [500, 501, 550], "5.5.4": [501, 504, 555], "5.5.6": [500], "5.6.0": [500],
        "5.6.7": [550, 553], "5.7.0": [501, 530], "5.7.8": [535], "5.7.11": [538],
    ]

    @Test func `every standard reply is ASCII, one line, with a registered pair of codes`() {
        for reply in StandardReplies.all {
            let text = "\(reply.text)"
            #expect(text.utf8.allSatisfy { $0 >= 32 && $0 < 127 } && text.utf8.count <= 510)
            #expect(text.hasPrefix("\(reply.code.rawValue) "))
            guard reply.code.severity != .intermediate else { continue }
            let status = String(text.split(separator: " ")[1])
            #expect(Self.registered[status]?.contains(reply.code.rawValue) == true, "\(text)")
            #expect(status.utf8.first == text.utf8.first)
        }
    }

    @Test func `a reply's text cannot become a second reply`() {
        var writer = ReplyWriter()
        writer.append(
            Reply(250, EnhancedStatusCode(2, 0, 0), "ok\r\n250 forged", "a\u{0}b\u{7f}c\td"),
            allowsUTF8: false)
        #expect(writer.text == "250-2.0.0 ok??250 forged\r\n250 2.0.0 a?b?c?d\r\n")
    }

    @Test func `a status of another class is replaced, and 3yz has none`() {
        #expect(Reply(550, EnhancedStatusCode(2, 1, 5), "x").status == EnhancedStatusCode(5, 0, 0))
        #expect(Reply(354, EnhancedStatusCode(5, 1, 5), "x").status == nil)
        #expect(Reply(450, nil, "x").status == nil)
    }

    @Test func `no reply line is longer than 512 octets, and none is cut inside a character`() {
        for allowsUTF8 in [true, false] {
            for count in [0, 1, 499, 500, 501, 505, 506, 507, 1000, 5000] {
                var writer = ReplyWriter()
                let text =
                    String(repeating: "é", count: count / 2) + String(repeating: "word ", count: count / 10)
                writer.append(Reply(550, EnhancedStatusCode(5, 7, 1), text), allowsUTF8: allowsUTF8)
                let lines = writer.text.split(separator: "\r\n", omittingEmptySubsequences: false)
                #expect(lines.last == "")
                for (index, line) in lines.dropLast().enumerated() {
                    #expect(line.utf8.count + 2 <= 512)
                    let isLast = index == lines.count - 2
                    #expect(line.hasPrefix(isLast ? "550 5.7.1 " : "550-5.7.1 "), "\(line)")
                    #expect(!line.unicodeScalars.contains("\u{FFFD}"))
                }
            }
        }
    }

    @Test func `without ENHANCEDSTATUSCODES no reply has one`() {
        var writer = ReplyWriter()
        writer.sendsStatus = false
        for reply in StandardReplies.all { writer.append(reply) }
        for (line, reply) in zip(writer.text.split(separator: "\r\n"), StandardReplies.all) {
            let words = line.split(separator: " ")
            #expect(words[0] == "\(reply.code.rawValue)")
            #expect(words[1].utf8.first.map { $0 < 48 || $0 > 57 } == true, "\(line)")
        }
    }

    @Test func `which numbers are reply codes`() {
        for number in UInt16(0)...700 {
            let isCode = (2...5).contains(number / 100) && number / 10 % 10 <= 5
            #expect((ReplyCode(rawValue: number) != nil) == isCode, "\(number)")
        }
    }
}

extension ReplyWriter {
    var text: String { String(decoding: octets, as: UTF8.self) }
}
