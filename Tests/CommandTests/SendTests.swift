import SMTPConnection
import Testing

/// `smtp send` as its users meet it, with `smtp serve` for a server.
@Suite struct SendTests {
    static func send(_ endpoint: Endpoint, _ arguments: String...) throws -> Child {
        try Child(arguments: ["send", "--server", "\(endpoint)", "--from", "a@example.com"] + arguments)
    }

    @Test func `messages arrive, and what became of each recipient is told`() throws {
        let folder = try Folder()
        let file = try folder.write("message", "Subject: hi\n\n.dot\n")
        let bad = try folder.write("bad", "a\0b\n")
        let server = try Child("serve", "--listen", "127.0.0.1:0", "--maildir", "\(folder.path)/mail")
        let endpoint = try server.endpoints()[0]
        let sent = try Self.send(endpoint, "--to", "b@example.org", "--trace", file)
        #expect(try sent.end() == 0)
        #expect(sent.text(.standardOutput) == "<b@example.org>: delivered: 250 2.0.0 Message accepted\n")
        let trace = sent.text(.standardError)
        for line in ["C: RCPT TO:<b@example.org>\n", "S: 354 ", "C: (25 octets of content)\n", "S: 221 "] {
            #expect(trace.contains(line), "\(line) in \(trace)")
        }
        let mixed = try Self.send(endpoint, "--to", "b@example.org", "--quiet", file, bad)
        #expect(try mixed.end() == 69)
        #expect(mixed.text(.standardOutput) == "")
        #expect(
            mixed.text(.standardError).contains(
                "bad: <b@example.org>: refused for good: the message has NUL\n"))
        let names = Folder.names(in: "\(folder.path)/mail/new")
        #expect(names.count == 2)
        for name in names {
            let text = String(decoding: try contents(of: "\(folder.path)/mail/new/\(name)"), as: UTF8.self)
            #expect(text.hasSuffix("Subject: hi\r\n\r\n.dot\r\n"), "\(text)")
        }
    }

    @Test func `nobody there is 75, no file is 66, and each is one line`() throws {
        let nobody = Endpoint.unix(path: "/tmp/smtp-send-nobody.sock")
        let folder = try Folder()
        let file = try folder.write("message", "x\n")
        let missed = try Self.send(nobody, "--to", "b@example.org", file)
        #expect(try missed.end() == 75)
        #expect(missed.text(.standardError).contains("unix:/tmp/smtp-send-nobody.sock: No such file"))
        let unread = try Self.send(nobody, "--to", "b@example.org", "\(folder.path)/none")
        #expect(try unread.end() == 66)
        for child in [missed, unread] { #expect(child.text(.standardError).utf8.count { $0 == 10 } == 1) }
    }
}
