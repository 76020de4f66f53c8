import SMTPProtocol
import Testing

@testable import SMTPClient

@Suite struct TracerTests {
    @Test(
        arguments: [
            ("AUTH PLAIN AHRpbQBzZWNyZXQ=", "C: AUTH PLAIN <redacted 16 octets>"),
            ("AUTH LOGIN", "C: AUTH LOGIN"),
            ("c2VjcmV0", "C: <redacted 8 octets>"), ("*", "C: <redacted 1 octets>"),
        ] as [(String, String)])
    func `what the client says in an exchange is not shown`(said: String, shown: String) {
        let lines = Lines()
        let tracer = Tracer { lines.add("\($0)") }
        tracer.sent(Array("\(said)\r\n".utf8).span, isSecret: true)
        tracer.sent(Array("QUIT\r\n".utf8).span, isSecret: false)
        #expect(lines.all == [shown, "C: QUIT"])
    }

    @Test(
        arguments: [
            ("334 VXNlcg==", "S: 334 <redacted 8 octets>"), ("334", "S: 334"), ("334 ", "S: 334 "),
            ("535 5.7.8 no", "S: 535 5.7.8 no"),
        ] as [(String, String)])
    func `nor what the server asks`(said: String, shown: String) {
        let lines = Lines()
        let tracer = Tracer { lines.add("\($0)") }
        for octet in Array("\(said)\r\n".utf8) { tracer.received([octet].span, isSecret: true) }
        #expect(lines.all == [shown])
    }

    @Test func `content is counted`() {
        let lines = Lines()
        let tracer = Tracer { lines.add("\($0)") }
        tracer.contentBegins()
        tracer.sent(Array("secret\r\n".utf8).span, isSecret: false)
        tracer.sent(Array(".\r\n".utf8).span, isSecret: false)
        tracer.received(Array("250 ok\r\n".utf8).span, isSecret: false)
        #expect(lines.all == ["C: (11 octets of content)", "S: 250 ok"])
    }
}
