import Glibc
import SMTPConnection
import SMTPSockets
import Testing

/// `smtp serve` as its users meet it: a process, sockets, signals.
@Suite struct ServeTests {
    @Test func `mail is printed safely, and SIGTERM ends it well`() throws {
        let child = try Child(
            "serve", "--listen", "127.0.0.1:0", "--hostname", "mx.example.org", "--banner", "hello")
        var dialogue = try Dialogue(child.endpoints()[0])
        #expect(try dialogue.reply() == ["220 mx.example.org hello"])
        let codes = try dialogue.deliver("Subject: h\u{1b}[31mi\r\n\r\n..dot\r\n")
        #expect(codes == ["250", "250", "250", "354", "250"])
        #expect(try dialogue.code("QUIT") == "221")
        dialogue.close()
        child.signal(SIGTERM)
        #expect(try child.end() == 0)
        let printed = child.text(.standardOutput)
        for text in ["a@example.com", "b@example.org", "Subject: h\\x1b[31mi\n", "\n.dot\n"] {
            #expect(printed.contains(text), "\(text) in \(printed)")
        }
        #expect(!child.bytes(.standardOutput).contains(0x1B))
    }

    @Test func `an idle client is told that the server goes down`() throws {
        let child = try Child("serve", "--listen", "127.0.0.1:0", "--grace", "30")
        var dialogue = try Dialogue(child.endpoints()[0])
        _ = try dialogue.reply()
        child.signal(SIGINT)
        #expect(try dialogue.reply().first?.hasPrefix("421") == true)
        #expect(try dialogue.reply() == [])
        dialogue.close()
        #expect(try child.end() == 0)
    }

    @Test func `a second signal cuts`() throws {
        let child = try Child("serve", "--listen", "127.0.0.1:0", "--grace", "600")
        var dialogue = try Dialogue(child.endpoints()[0])
        _ = try dialogue.reply()
        for line in ["EHLO client.example.com", "MAIL FROM:<>", "RCPT TO:<b@example.org>", "DATA"] {
            _ = try dialogue.code(line)
        }
        try dialogue.send("half of a mess")
        child.signal(SIGTERM)
        try child.line(.standardError) { $0.contains("draining") ? () : nil }
        child.signal(SIGTERM)
        #expect(try child.end(within: .seconds(20)) == 0)
        #expect(child.text(.standardOutput) == "")
    }

    @Test(arguments: [false, true]) func `a maildir keeps the message`(prints: Bool) throws {
        let folder = try Folder()
        let options = ["--maildir", "\(folder.path)/mail"] + (prints ? ["--print"] : [])
        let child = try Child(arguments: ["serve", "--listen", "127.0.0.1:0"] + options)
        var dialogue = try Dialogue(child.endpoints()[0])
        _ = try dialogue.reply()
        #expect(try dialogue.deliver("Subject: kept\r\n\r\nbody\r\n").last == "250")
        dialogue.close()
        let names = Folder.names(in: "\(folder.path)/mail/new")
        #expect(names.count == 1)
        let content = try contents(of: "\(folder.path)/mail/new/\(names.first ?? "")")
        let text = String(decoding: content, as: UTF8.self)
        #expect(text.hasPrefix("Return-Path: <a@example.com>\r\nReceived: "))
        #expect(text.hasSuffix("Subject: kept\r\n\r\nbody\r\n"))
        #expect(Folder.names(in: "\(folder.path)/mail/tmp") == [])
        child.signal(SIGTERM)
        #expect(try child.end() == 0)
        #expect(child.text(.standardOutput).contains("Subject: kept") == prints)
    }

    @Test func `a maildir that cannot be made is one line and exit status 1`() throws {
        let folder = try Folder()
        let file = try folder.write("file", "")
        let child = try Child("serve", "--listen", "127.0.0.1:0", "--maildir", "\(file)/mail")
        #expect(try child.end() == 1)
        #expect(child.lines(.standardError).count == 1)
        #expect(child.text(.standardError).contains("\(file)/mail"))
    }

    @Test func `a message that nobody can read is not accepted`() throws {
        let child = try Child("serve", "--listen", "127.0.0.1:0")
        var dialogue = try Dialogue(child.endpoints()[0])
        _ = try dialogue.reply()
        child.closeOutput()
        #expect(try dialogue.deliver("Subject: lost\r\n").last == "451")
        dialogue.close()
        #expect(try child.end() == 1)
        #expect(child.lines(.standardError).last?.contains("standard output") == true)
    }

    @Test func `an address in use is one line and exit status 1`() throws {
        let listener = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0))
        defer { listener.close() }
        let child = try Child("serve", "--listen", "\(listener.endpoint)")
        #expect(try child.end() == 1)
        #expect(child.lines(.standardError).count == 1)
        #expect(child.text(.standardError).contains("\(listener.endpoint)"))
        #expect(child.text(.standardError).contains("in use"))
    }

    @Test func `several addresses, a Unix path among them`() throws {
        let folder = try Folder()
        let path = "\(folder.path)/socket"
        let child = try Child("serve", "--discard", "--listen", "unix:\(path)", "--listen", "127.0.0.1:0")
        let endpoints = try child.endpoints(2)
        #expect(endpoints.contains(.unix(path: path)))
        for endpoint in endpoints {
            var dialogue = try Dialogue(endpoint)
            _ = try dialogue.reply()
            #expect(try dialogue.deliver("dropped\r\n").last == "250")
        }
        child.signal(SIGTERM)
        #expect(try child.end() == 0)
        #expect(child.text(.standardOutput) == "")
        #expect(Folder.names(in: folder.path) == [])
    }

    @Test func `EHLO offers what the options leave`() throws {
        let child = try Child(
            "serve", "--listen", "127.0.0.1:0", "--discard", "--max-size", "1M", "--without", "smtputf8",
            "--without",
            "8BITMIME")
        var dialogue = try Dialogue(child.endpoints()[0])
        _ = try dialogue.reply()
        try dialogue.say("EHLO client.example.com")
        let offered = try dialogue.reply().map { String($0.dropFirst(4)) }
        #expect(offered.contains("SIZE 1048576") && offered.contains("PIPELINING"))
        #expect(!offered.contains("SMTPUTF8") && !offered.contains("8BITMIME"))
    }

    @Test func `risks are told at the start`() throws {
        let child = try Child(
            "serve", "--listen", "127.0.0.1:0", "--max-size", "0", "--lenient-addresses", "--bare-newlines",
            "preserve")
        _ = try child.endpoints()
        child.signal(SIGTERM)
        #expect(try child.end() == 0)
        for text in ["no size limit", "leniently", "bare CR and LF"] {
            #expect(
                child.lines(.standardError).filter { $0.contains("warning") && $0.contains(text) }.count == 1)
        }
    }

    @Test(arguments: ["text", "json"]) func `a log has one line for each event and no content`(
        format: String
    ) throws {
        let child = try Child(
            "serve", "--listen", "127.0.0.1:0", "--log-format", format, "--log-level", "info")
        let endpoint = try child.line(.standardError) { line in
            line.firstRange(of: "127.0.0.1:").flatMap { range in
                let port = line[range.upperBound...].prefix { $0 >= "0" && $0 <= "9" }
                return UInt16(port).map { Endpoint.tcp(host: "127.0.0.1", port: $0) }
            }
        }
        var dialogue = try Dialogue(endpoint)
        _ = try dialogue.reply()
        #expect(try dialogue.deliver("Subject: hidden\r\n\r\nsecret\r\n").last == "250")
        _ = try dialogue.code("BOGUS \u{1b}[31m")
        _ = try dialogue.code("QUIT")
        dialogue.close()
        child.signal(SIGTERM)
        #expect(try child.end() == 0)
        for line in child.lines(.standardError) {
            #expect(!line.contains("hidden") && !line.contains("secret") && !line.contains("BOGUS"))
            if format == "json" { #expect(line.hasPrefix("{\"time\":\"") && line.hasSuffix("}")) }
        }
        #expect(child.bytes(.standardError).allSatisfy { $0 == 10 || $0 >= 32 && $0 < 127 })
        let accepted = child.lines(.standardError).first { $0.contains("accepted") }
        #expect(accepted?.contains("a@example.com") == true && accepted?.contains("b@example.org") == true)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
    func `root's rights are given up before mail is taken`() throws {
        let folder = try Folder()
        guard let entry = unsafe getpwnam("nobody") else { return }
        let (user, group) = unsafe (entry.pointee.pw_uid, entry.pointee.pw_gid)
        #expect(unsafe chown(folder.path, user, group) == 0)
        let child = try Child(
            "serve", "--listen", "127.0.0.1:0", "--user", "nobody", "--maildir", "\(folder.path)/mail")
        var dialogue = try Dialogue(child.endpoints()[0])
        _ = try dialogue.reply()
        #expect(try dialogue.deliver("Subject: x\r\n").last == "250")
        dialogue.close()
        #expect(child.processStatus("Uid") == "Uid:\t\(user)\t\(user)\t\(user)\t\(user)")
        #expect(child.processStatus("Gid") == "Gid:\t\(group)\t\(group)\t\(group)\t\(group)")
        var status = stat()
        #expect(unsafe stat("\(folder.path)/mail/new", &status) == 0 && status.st_uid == user)
        child.signal(SIGTERM)
        #expect(try child.end() == 0)
    }
}
