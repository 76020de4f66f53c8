import SMTPConnection
import SMTPSockets
import Testing

@Suite struct EndpointParsingTests {
    @Test(arguments: [
        ("localhost:8025", Endpoint.tcp(host: "localhost", port: 8025)),
        ("127.0.0.1:0", .tcp(host: "127.0.0.1", port: 0)),
        ("mail-1.example_x.org:65535", .tcp(host: "mail-1.example_x.org", port: 65535)),
        (":25", .tcp(host: "", port: 25)),
        ("[::1]:25", .tcp(host: "::1", port: 25)),
        ("[::]:025", .tcp(host: "::", port: 25)),
        ("[2001:db8::192.0.2.1]:25", .tcp(host: "2001:db8::192.0.2.1", port: 25)),
        ("[fe80::1%1]:25", .tcp(host: "fe80::1%1", port: 25)),
        ("unix:/run/lmtp", .unix(path: "/run/lmtp")),
        ("unix:relative:25", .unix(path: "relative:25")),
        ("unix:[", .unix(path: "[")),
    ]) func read(_ text: String, _ endpoint: Endpoint) throws {
        #expect(try Endpoint(parsing: text) == endpoint)
    }

    @Test(arguments: [
        ("", EndpointSyntaxError.Problem.missingPort),
        ("localhost", .missingPort), ("localhost:", .missingPort), ("[::1]", .missingPort),
        ("[::1]:", .missingPort), (":", .missingPort),
        ("localhost:smtp", .badPort), ("localhost:65536", .badPort), ("localhost:+25", .badPort),
        ("localhost:-1", .badPort), ("localhost: 25", .badPort), ("localhost:25 ", .badPort),
        ("localhost:\u{662}\u{665}", .badPort), ("localhost:99999999999999999999999", .badPort),
        ("::1:25", .missingBrackets), ("a:b:25", .missingBrackets),
        ("[127.0.0.1]:25", .badIPv6), ("[localhost]:25", .badIPv6), ("[::1:25", .badIPv6),
        ("[]:25", .badIPv6),
        ("[::1]x:25", .badIPv6), ("[::1%no-such-interface]:25", .badIPv6), ("[::g]:25", .badIPv6),
        ("ho st:25", .badHost), ("*:25", .badHost), ("user@host:25", .badHost), ("h\u{f6}st:25", .badHost),
        ("::1]:25", .missingBrackets), ("h]:25", .badHost), ("a\u{0}b:25", .badHost),
        ("unix:", .badPath), ("unix:/run/\u{0}x", .badPath),
    ]) func refuse(_ text: String, _ problem: EndpointSyntaxError.Problem) {
        #expect(throws: EndpointSyntaxError(text: text, problem: problem)) { try Endpoint(parsing: text) }
    }

    @Test func theErrorNamesTextAndRemedy() {
        #expect(
            EndpointSyntaxError(text: "::1:25", problem: .missingBrackets).description
                == "'::1:25' is not an address: an IPv6 address needs brackets; "
                + "write HOST:PORT, :PORT for all interfaces, [IPV6]:PORT or unix:PATH")
    }

    @Test(arguments: ["localhost:8025", ":25", "[::1]:25", "unix:/run/lmtp"])
    func theDescriptionIsReadBack(_ text: String) throws {
        #expect(try Endpoint(parsing: text).description == text)
    }
}
