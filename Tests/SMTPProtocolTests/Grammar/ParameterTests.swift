import SMTPProtocol
import Testing

@Suite struct ParameterTests {
    /// Each keyword with its value, and the offset of the error that ended it.
    static func parse(_ line: [UInt8], _ syntax: AddressSyntax = .strict) -> ([String], Int?) {
        var found: [String] = []
        var rest = ByteRange(0, line.count)
        do throws(SyntaxError) {
            while let parameter = try CommandParser.nextParameter(line.span, &rest, syntax) {
                found.append(
                    Parse.text(line, parameter.keyword)
                        + (parameter.value.map { "=" + Parse.text(line, $0) } ?? ""))
            }
            #expect(rest.isEmpty && rest.end == line.count)
            return (found, nil)
        } catch {
            #expect(error.production == .parameter)
            return (found, error.offset)
        }
    }

    static let accepted: [(String, [String])] = [
        ("", []), ("SIZE=1024", ["SIZE=1024"]), ("SIZE=1024 BODY=8BITMIME", ["SIZE=1024", "BODY=8BITMIME"]),
        ("X", ["X"]),
        (
            "SMTPUTF8 X-Y=!\"#$%&'()*+,-./:;<>?@[\\]^_`{|}~",
            ["SMTPUTF8", "X-Y=!\"#$%&'()*+,-./:;<>?@[\\]^_`{|}~"]
        ),
        ("1=2 3", ["1=2", "3"]), ("A-=1", ["A-=1"]), ("A--B", ["A--B"]), ("X=é", ["X=é"]),
        ("X=例子 Y=1", ["X=例子", "Y=1"]),
        ("AUTH=<>", ["AUTH=<>"]), ("X=1 X=1", ["X=1", "X=1"]),
    ]

    @Test(arguments: accepted) func accept(_ text: String, _ expected: [String]) {
        for syntax in [AddressSyntax.strict, .lenient] {
            let (found, error) = Self.parse(Array(text.utf8), syntax)
            #expect(found == expected && error == nil)
        }
    }

    @Test(arguments: [
        ("=", 0), ("=1", 0), ("SIZE=", 5), ("SIZE= X", 5), ("SIZE==1", 5), ("SIZE=1=2", 6), (" X", 0),
        ("X  Y", 2),
        ("-X", 0), ("X_Y=1", 1), ("X.Y", 1), ("X\tY", 1), ("X=1\tY", 3), ("X=\0", 2), ("X=1\0", 3),
        ("X=\u{7f}", 2),
        ("é=1", 0), ("Xé=1", 1), ("X=1\r\n", 3), ("X,Y", 1), ("<a@b>", 0), ("X\u{a0}Y", 1), ("ſIZE=1", 0),
    ]) func refuse(_ text: String, _ offset: Int) {
        #expect(Self.parse(Array(text.utf8)).1 == offset)
    }

    @Test(
        arguments: [
            ("  X", ["X"], nil), ("X  Y", ["X", "Y"], nil), ("X\tY \t", ["X", "Y"], nil),
            ("X=1 \t Y=2", ["X=1", "Y=2"], nil),
            (" ", [], nil), ("X=", [], 2), ("X=1\u{b}", [], 3), ("\r\n", [], 0), ("X= 1", [], 2),
        ] as [(String, [String], Int?)]) func `lenient about blanks`(
            _ text: String, _ expected: [String], _ offset: Int?
        )
    {
        let (found, error) = Self.parse(Array(text.utf8), .lenient)
        #expect(found == expected && error == offset)
    }

    @Test(arguments: UTF8CheckTests.malformed) func `malformed UTF-8`(_ malformed: [UInt8]) {
        #expect(Self.parse(Parse.octets("X=1", malformed)).1 == 3)
        #expect(Self.parse(Parse.octets("X", malformed)).1 == 1)
    }

    @Test func `every octet in a keyword and a value`() {
        for octet in UInt8.min...127 {
            let isLetterDigit =
                (48...57).contains(octet) || (65...90).contains(octet) || (97...122).contains(octet)
            #expect((Self.parse([octet]).1 == nil) == isLetterDigit, "\(octet)")
            let isEnd = octet == 32 || octet == 61
            #expect(
                (Self.parse([65, octet, 66]).1 == nil) == (isLetterDigit || octet == 45 || isEnd), "\(octet)")
            let isValue = (33...126).contains(octet) && octet != 61
            #expect((Self.parse([65, 61, octet]).1 == nil) == isValue, "\(octet)")
            let keyword = Keyword([octet].span)
            #expect((keyword != nil) == isLetterDigit, "\(octet)")
        }
    }

    @Test(
        arguments: [
            ("0", 0), ("1", 1), ("007", 7), ("9223372036854775807", Int.max),
            ("09223372036854775807", Int.max),
            ("00000000000000000001", 1), ("9223372036854775808", nil), ("18446744073709551616", nil),
            ("99999999999999999999", nil), ("000000000000000000001", nil), ("", nil), ("+5", nil),
            ("-0", nil), ("-1", nil),
            (" 5", nil), ("5 ", nil), ("5\0", nil), ("0x5", nil), ("٣", nil), ("1_000", nil), ("1e3", nil),
            ("/", nil), (":", nil),
        ] as [(String, Int?)]) func decimal(_ text: String, _ expected: Int?)
    {
        let line = Parse.octets("SIZE=", Array(text.utf8), "9")
        let found = CommandParser.decimal(line.span, ByteRange(5, line.count - 1))
        #expect(found == expected)
    }

    @Test func `values of our own`() throws {
        #expect(try Parameter("SIZE", value: "1") == Parameter("size", value: "1"))
        #expect(try Parameter("X", value: "a") != Parameter("X", value: "A"))
        #expect(try Parameter("X").value == nil)
        for (value, offset) in [("", 0), ("a b", 1), ("a=b", 1), ("a\r\nDATA", 1), ("\0", 0), ("é ", 2)] {
            let found = Parse.error { () throws(SyntaxError) in _ = try Parameter("X", value: value) }
            #expect(found == .error(.parameter, offset), "\(value)")
        }
    }
}

@Suite struct KeywordTests {
    static func matches(_ keyword: Keyword, _ name: String) -> Bool {
        let octets = Array(name.utf8)
        return keyword.matches(octets.span)
    }

    @Test(arguments: ["SIZE", "size", "SiZe"]) func `names are equal in any case`(_ name: String) {
        #expect(Keyword(name) == "SIZE" && Keyword(name)?.hashValue == Keyword("size").hashValue)
        #expect(Keyword(name)?.bytes == Array("SIZE".utf8) && Keyword(name)?.description == "SIZE")
        #expect(Self.matches("SIZE", name))
    }

    @Test(arguments: [
        "", "-", "-A", "A B", "A_B", "A=", "é", "A\0", "A\r\n", "\u{17f}ize", "A.B", "SI\u{17a}E",
    ])
    func `no keywords`(_ name: String) {
        #expect(Keyword(name) == nil)
        #expect(!Self.matches("SIZE", name))
    }

    @Test func `only the same name matches`() {
        for other in ["SIZ", "SIZES", "SIZF", "", "\u{17f}IZE", "S\u{131}ZE", "SIZ\u{5}", "\u{13}IZE"] {
            #expect(!Self.matches("SIZE", other), "\(other)")
        }
        #expect(Self.matches("X-1-", "x-1-"))
        #expect(Keyword("A-") != "A")
    }
}
