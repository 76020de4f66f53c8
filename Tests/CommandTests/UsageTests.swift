import SMTPConnection
import Testing

/// What is wrong on the command line is told in one line, with exit status 2.
@Suite struct UsageTests {
    static let mistakes: [(arguments: [String], named: [String])] = [
        (["serve", "--listen", "nonsense"], ["--listen", "nonsense", "HOST:PORT"]),
        (["serve", "--listen", "localhost:99999"], ["--listen", "99999"]),
        (["serve", "--listen", "::1:25"], ["--listen", "::1:25", "bracket"]),
        (["serve", "--listen", "unix:"], ["--listen", "unix:"]),
        (["serve", "--loops", "0"], ["--loops", "0", "give 1 or more"]),
        (["serve", "--runtime", "threads", "--loops", "2"], ["--loops", "2", "leave it out"]),
        (["serve", "--runtime", "fibers"], ["--runtime", "fibers", "libuv", "threads"]),
        (["serve", "--hostname", "not a name"], ["--hostname", "not a name", "mx.example.org"]),
        (["serve", "--hostname", "mx.example.org\r\n250 x"], ["--hostname", "mx.example.org"]),
        (["serve", "--banner", "caf\u{e9}"], ["--banner", "ASCII"]),
        (["serve", "--banner", String(repeating: "x", count: 600)], ["--banner", "512"]),
        (["serve", "--profile", "submission"], ["--profile", "submission", "TLS", "AUTH"]),
        (["serve", "--profile", "fast"], ["--profile", "fast", "mx", "lmtp", "strict", "stress", "lab"]),
        (["serve", "--max-size", "1k"], ["--max-size", "1k", "64k"]),
        (["serve", "--max-size", "65535"], ["--max-size", "65535", "64k"]),
        (["serve", "--max-size", "10MB"], ["--max-size", "10MB"]),
        (["serve", "--max-size", "k"], ["--max-size", "k"]),
        (["serve", "--max-size", "99999999999999999999"], ["--max-size"]),
        (["serve", "--max-size", "9999999999G"], ["--max-size", "too large"]),
        (["serve", "--max-recipients", "99"], ["--max-recipients", "99", "100"]),
        (["serve", "--max-recipients", "\u{0663}\u{0663}\u{0663}"], ["--max-recipients", "digits"]),
        (["serve", "--max-connections", "0"], ["--max-connections", "0", "1 or more"]),
        (["serve", "--max-connections-per-peer", "few"], ["--max-connections-per-peer", "few"]),
        (["serve", "--idle-timeout", "0"], ["--idle-timeout", "0", "1 or more"]),
        (["serve", "--idle-timeout", "1m"], ["--idle-timeout", "1m", "seconds"]),
        (["serve", "--idle-timeout", "1.2.3"], ["--idle-timeout", "1.2.3"]),
        (["serve", "--grace=-1"], ["--grace", "-1"]),
        (["serve", "--without", "CHUNKING"], ["--without", "CHUNKING", "PIPELINING", "SMTPUTF8"]),
        (["serve", "--bare-newlines", "keep"], ["--bare-newlines", "keep", "reject, normalize, preserve"]),
        (["serve", "--discard", "--maildir", "/tmp/x"], ["--maildir", "--discard"]),
        (["serve", "--discard", "--print"], ["--print", "--discard"]),
        (["serve", "--maildir", ""], ["--maildir"]),
        (["serve", "--user", "nobody-of-that-name"], ["--user", "nobody-of-that-name", "no such user"]),
        (["serve", "--log-level", "loud"], ["--log-level", "loud", "trace", "critical"]),
        (["serve", "--log-format", "xml"], ["--log-format", "xml", "text, json"]),
        (["serve", "--auth-required"], ["--auth-required", "--auth-file", "--auth-any"]),
        (["serve", "--auth-mechanisms", "PLAIN"], ["--auth-mechanisms", "--auth-file"]),
        (["serve", "--auth-any", "--auth-file", "x"], ["--auth-file", "--auth-any"]),
        (["serve", "--auth-any", "--auth-optional"], ["--auth-optional"]),
        (["serve", "--auth-any", "--auth-mechanisms", "SCRAM-SHA-1"], ["SCRAM-SHA-1", "PLAIN, LOGIN"]),
        (["serve", "--auth-any", "--auth-mechanisms", ","], ["--auth-mechanisms", "names none"]),
        (["password"], ["name", "smtp password --help"]),
        (["password", "x", "--iterations", "1"], ["--iterations", "4096"]),
        (["password", "x", "--clear", "--sha1"], ["--clear", "--sha1"]),
        (["serve", "--no-such-option"], ["--no-such-option", "smtp serve --help"]),
        (["serve", "--listen"], ["--listen", "smtp serve --help"]),
        (["serve", "surplus"], ["surplus"]),
        (["send", "--to", "b@example.org"], ["--from", "smtp send --help"]),
        (["send", "--from", "<>"], ["--to", "name a recipient"]),
        (
            ["send", "--from", "<>", "--to", "b@example.org>\r\nDATA"],
            ["--to", "b@example.org>", "user@example.org"]
        ),
        (["send", "--from", "a b@x", "--to", "b@example.org"], ["--from", "a b@x"]),
        (
            ["send", "--from", "<>", "--to", "b@x.example", "--server", "smtps://x"],
            ["--server", "smtps://x", "TLS"]
        ),
        (["send", "--from", "<>", "--to", "b@x.example", "--server", "http://x"], ["--server", "http://x"]),
        (
            ["send", "--from", "<>", "--to", "b@x.example", "--server", "lmtp://x:25"],
            ["--server", "25", "LMTP"]
        ),
        (
            ["send", "--from", "<>", "--to", "b@x.example", "--tls", "required"],
            ["--tls", "required", "not built"]
        ),
        (["send", "--from", "<>", "--to", "b@x.example", "--hostname", "m\u{fc}ller"], ["--hostname"]),
        (["send", "--from", "<>", "--to", "b@x.example", "--timeout", "soon"], ["--timeout", "soon"]),
        (["send", "--from", "<>", "--to", "b@x.example", "-", "-"], ["FILE -"]),
        (["receive"], ["receive", "smtp --help"]),
        (["check"], ["FILE", "smtp check --help"]),
        (["check", "--target", "moon", "x.md"], ["--target", "moon", "core", "threads", "HOST:PORT"]),
        (["check", "--report", "song", "x.md"], ["--report", "song", "matrix", "dialogue", "coverage"]),
        (["check", "--given", "nonsense", "x.md"], ["--given", "nonsense", "KEY=VALUE"]),
        (["check", "--given", "nonsense=1", "x.md"], ["--given", "nonsense=1", "Spec/README.md"]),
        (["check", "--given", "size=1000", "x.md"], ["--given", "size=1000", "--target"]),
        (["check", "--strict", "x.md"], ["--strict", "--target"]),
        (["check", "--target", "core", "--report", "coverage", "x.md"], ["--target", "core", "coverage"]),
    ]

    @Test(arguments: mistakes) func `a mistake is one line and exit status 2`(
        _ mistake: (arguments: [String], named: [String])
    ) throws {
        let child = try Child(arguments: mistake.arguments)
        #expect(try child.end() == 2)
        #expect(child.text(.standardOutput) == "")
        let lines = child.lines(.standardError)
        #expect(lines.count == 1, "\(lines)")
        #expect(lines.first?.hasPrefix("smtp: ") == true)
        for name in mistake.named {
            #expect(child.text(.standardError).contains(name), "\(name) in \(lines)")
        }
    }

    static let questions: [(arguments: [String], said: [String])] = [
        ([], ["serve", "check", "password"]),
        (["--help"], ["serve", "check", "Exit status"]),
        (["serve", "--help"], ["--listen", "--maildir", "--bare-newlines", "--log-format", "SIGTERM"]),
        (["help", "check"], ["--target", "--given", "--report", "--strict"]),
        (["--generate-completion-script", "bash"], ["--max-recipients", "complete"]),
        (["--generate-completion-script", "zsh"], ["--max-recipients"]),
        (["--generate-completion-script", "fish"], ["max-recipients"]),
    ]

    @Test(arguments: questions) func `help and completion go to standard output`(
        _ question: (arguments: [String], said: [String])
    ) throws {
        let child = try Child(arguments: question.arguments)
        #expect(try child.end() == 0)
        #expect(child.text(.standardError) == "")
        for text in question.said { #expect(child.text(.standardOutput).contains(text), "\(text)") }
    }

    @Test func `one version is seen everywhere`() throws {
        let child = try Child("--version")
        #expect(try child.end() == 0)
        #expect(child.text(.standardOutput) == "\(SMTPVersion.current)\n")
        let package = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let changes = String(decoding: try contents(of: "\(package)/CHANGELOG.md"), as: UTF8.self)
        let latest = changes.split(separator: "\n").first { $0.hasPrefix("## ") }
        #expect(try #require(latest).hasPrefix("## \(SMTPVersion.current) "))
    }
}
