import Glibc
import Testing

/// `smtp password`, and `smtp serve` with what it made.
@Suite struct AuthenticationTests {
    /// What `smtp password` makes of `input`.
    static func password(_ input: String, _ arguments: String...) throws -> (
        status: Int32, output: String, error: String
    ) {
        let folder = try Folder()
        let child = try Child(
            arguments: ["password"] + arguments, reading: try folder.write("input", input))
        let status = try child.end()
        return (status, child.text(.standardOutput), child.text(.standardError))
    }

    @Test func `a line for the list`() throws {
        let made = try Self.password("canary-pw\n", "alice", "--iterations", "4096")
        #expect(made.status == 0 && made.error == "")
        #expect(made.output.wholeMatch(of: #/alice:SCRAM-SHA-256\$4096:[^$:]+\$[^$:]+:[^$:]+\n/#) != nil)
        #expect(
            try Self.password("canary-pw", "alice", "--sha1").output.hasPrefix("alice:SCRAM-SHA-1$600000:"))
        #expect(try Self.password("canary-pw\r\n", "bob", "--clear").output == "bob:{CLEAR}canary-pw\n")
        for (input, arguments) in [
            ("", "alice"), ("\n", "alice"), ("a\nb\n", "alice"), ("canary-pw\u{7}", "alice"),
        ] {
            let refused = try Self.password(input, arguments)
            #expect(refused.status == 1 && refused.output == "" && !refused.error.contains("canary"))
        }
        #expect(try Self.password("canary-pw", "a:b").status == 2)
    }

    @Test(arguments: [
        ("", "lists nobody"), ("alice\n", "line 1"), ("# x\nalice:canary-pw\n", "line 2"),
    ]) func `a list that is none is one line and exit status 1`(_ text: String, _ named: String) throws {
        let folder = try Folder()
        let file = try folder.write("accounts", text)
        let child = try Child("serve", "--listen", "127.0.0.1:0", "--auth-file", file)
        #expect(try child.end() == 1)
        let error = child.text(.standardError)
        #expect(error.contains(file) && error.contains(named) && !error.contains("canary"))
    }

    @Test func `a server with a list says what is risky, and nothing secret`() throws {
        let folder = try Folder()
        let file = try folder.write("accounts", "bob:{CLEAR}canary-pw\n")
        let child = try Child(
            "serve", "--listen", "127.0.0.1:0", "--auth-file", file, "--auth-without-tls", "--discard",
            "--log-level", "trace")
        var dialogue = try Dialogue(child.endpoints()[0])
        _ = try dialogue.reply()
        try dialogue.say("EHLO client.example.com")
        #expect(try dialogue.reply().contains("250 AUTH SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN"))
        #expect(try dialogue.code("MAIL FROM:<a@example.com>") == "530")
        #expect(try dialogue.code("AUTH PLAIN AGJvYgBjYW5hcnktcHc=") == "235")
        #expect(try dialogue.code("MAIL FROM:<a@example.com>") == "250")
        #expect(try dialogue.code("QUIT") == "221")
        dialogue.close()
        child.signal(SIGTERM)
        #expect(try child.end() == 0)
        let log = child.text(.standardError)
        #expect(log.contains("passwords can be read on the way") && log.contains("authenticated"))
        #expect(!log.contains("canary") && !log.contains("AGJvYgBj"))
    }
}
