import SMTPProtocol
import Testing

@Suite struct VerbTests {
    static let names: [(String, Verb)] = [
        ("HELO", .helo), ("EHLO", .ehlo), ("LHLO", .lhlo), ("MAIL", .mail), ("RCPT", .rcpt), ("DATA", .data),
        ("BDAT", .bdat), ("RSET", .rset), ("NOOP", .noop), ("QUIT", .quit), ("VRFY", .vrfy), ("EXPN", .expn),
        ("HELP", .help), ("STARTTLS", .startTLS), ("AUTH", .auth), ("SEND", .send), ("SOML", .soml),
        ("SAML", .saml), ("TURN", .turn),
    ]

    static func verb(_ line: [UInt8]) -> Verb { CommandParser.verb(line.span).verb }
    static func verb(_ line: String) -> Verb { verb(Array(line.utf8)) }

    @Test func `every verb has a name, in any case`() {
        #expect(Set(Self.names.map(\.1)) == Set(Verb.allCases).subtracting([.other]))
        for (name, verb) in Self.names {
            #expect(Self.verb(name) == verb)
            for mask in 0..<(1 << name.utf8.count) {
                let spelling = name.utf8.enumerated().map {
                    mask >> $0.offset & 1 == 1 ? $0.element | 32 : $0.element
                }
                #expect(Self.verb(spelling) == verb)
            }
        }
    }

    @Test func `a name with any other octet in it is another name`() {
        for (name, verb) in Self.names {
            for index in name.utf8.indices {
                let position = name.utf8.distance(from: name.utf8.startIndex, to: index)
                for octet in UInt8.min...255 where octet != 32 && octet != 9 {
                    var line = Array(name.utf8)
                    let isSame = octet | 32 == line[position] | 32 && octet >= 65
                    line[position] = octet
                    let found = Self.verb(line)
                    #expect(isSame ? found == verb : found != verb, "\(line)")
                }
            }
        }
    }

    @Test(arguments: [
        "", " ", "\t", "MAI", "MAILX", "MAIL\0", "\0MAIL", "STARTTL", "STARTTLSX", "STARTTLT", "TTLSSTAR",
        "ma\u{131}l", "\u{17f}TARTTLS", "\u{ff2d}AIL", "EHLO\u{a0}x", "QUIT\u{85}", "DATA\u{2028}", "XYZZ",
        "MAIL\r",
        "MAIL\nRCPT", "-", "MAIL=",
    ]) func `what is no verb`(_ line: String) {
        #expect(Self.verb(line) == .other)
    }

    /// The line; the name; the argument.
    static let lines: [(String, String, String)] = [
        ("QUIT", "QUIT", ""), ("QUIT ", "QUIT", ""), ("QUIT\t", "QUIT", ""), ("QUIT \t  ", "QUIT", ""),
        ("NOOP x", "NOOP", "x"), ("NOOP x y \t", "NOOP", "x y"), ("NOOP  x", "NOOP", " x"),
        ("NOOP\tx", "NOOP", "\tx"), ("NOOP \tx", "NOOP", "\tx"), (" NOOP", "", "NOOP"), ("", "", ""),
        ("  ", "", ""),
        ("MAIL FROM:<a@b> X=1 ", "MAIL", "FROM:<a@b> X=1"), ("NOOP \r", "NOOP", "\r"),
        ("x\0y z", "x\0y", "z"),
    ]

    @Test(arguments: lines) func `name and argument`(_ line: String, _ name: String, _ argument: String) {
        let octets = Array(line.utf8)
        let parsed = CommandParser.verb(octets.span)
        #expect(Parse.text(octets, parsed.name) == name)
        #expect(Parse.text(octets, parsed.argument) == argument)
    }
}
