import SMTPConnection
import SMTPSockets
import Testing

/// The programs in `Examples` do what they say.
@Suite struct ExamplesTests {
    @Test func `the core alone holds a dialogue`() throws {
        let child = try Child(program: "ExampleCoreAlone")
        #expect(try child.end() == 0)
        let codes = child.lines(.standardOutput).map { String($0.prefix(4)) }.filter { $0.hasSuffix(" ") }
        #expect(codes == ["220 ", "250 ", "250 ", "550 ", "250 ", "354 ", "250 ", "221 "])
    }

    /// Each serves one message on the port that it is given, and ends.
    @Test(arguments: ["ExampleBlocking", "ExampleLibUV", "ExampleDispatch"])
    func `an embedded server takes a message`(program: String) throws {
        let listener = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0))
        guard case .tcp(_, let port) = listener.endpoint else { return }
        listener.close()
        let child = try Child(program: program, "\(port)")
        var dialogue = try Self.connect(listener.endpoint)
        _ = try dialogue.reply()
        #expect(try dialogue.deliver("Subject: x\r\n").last == "250")
        dialogue.close()
        #expect(try child.end() == 0)
        #expect(child.text(.standardOutput).contains("listening on \(listener.endpoint)\n"))
        #expect(child.text(.standardOutput).contains("12 octets for 1 recipients\n"))
    }

    /// As soon as the program listens.
    static func connect(_ endpoint: Endpoint) throws -> Dialogue {
        let deadline = MonotonicClock.now().advanced(by: .seconds(30))
        while true {
            do {
                return try Dialogue(endpoint)
            } catch  where MonotonicClock.now() < deadline {}
        }
    }
}
