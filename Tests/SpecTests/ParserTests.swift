import SMTPConnection
import SMTPProtocol
import Testing

@testable import SpecRunner

@Suite struct ParserTests {
    @Test(arguments: [
        ("C: EHLO a.example", "EHLO a.example\r\n"), ("C:", "\r\n"), ("C: ", "\r\n"), ("C: a\\r", "a\\r\r\n"),
        ("C= a\\r\\n", "a\r\n"), ("C= \\t\\\\\\\"", "\t\\\""), ("C= a\\{3}b", "aaab"),
        ("C= \\x41\\{2}\\x7a", "AAz"),
        ("C= a\\{1}", "a"), ("C= a\\|b", "ab"), ("C= \u{E9}", "\u{E9}"), ("C=  a ", " a "),
    ])
    func `what the client says`(line: String, octets: String) throws {
        let kind = try #require(try SpecLine.parse(line))
        guard case .client(let said) = kind else {
            Issue.record("\(kind)")
            return
        }
        #expect(said.octets == Array(octets.utf8))
    }

    @Test func `octets that are no text`() throws {
        let read = try Octets.unescaped("\\xff\\0\\{3}\\|a\\|\\|b\\|".utf8)
        #expect(read.octets == [255, 0, 0, 0, 97, 98])
        #expect(read.cuts == [4, 5, 5, 6])
        #expect(Octets.escaped(read.octets, cuts: [4]) == "\\xff\\0\\0\\0\\|ab")
        let long = [UInt8](repeating: 97, count: 900) + Octets.crlf
        #expect(Octets.escaped(long) == "a\\{900}\\r\\n")
        #expect(try Octets.unescaped(Octets.escaped(long).utf8).octets == long)
    }

    @Test(arguments: [
        ("C", "is no line"), ("S:250", "is no line"), ("c: QUIT", "is no line"),
        ("S: 2502", "`S:` is followed by"),
        ("S: ok", "`S:` is followed by"), ("S: 25x", "`S:` is followed by"), ("C= \\q", "is no escape"),
        ("C= a\\", "escapes nothing"), ("C= \\x4", "two hexadecimal digits"),
        ("C= \\x+4", "two hexadecimal digits"),
        ("C= \\{3}", "needs an octet before"), ("C= a\\{0}", "a number from 1 on"),
        ("C= a\\{}", "a number from 1 on"),
        ("C= a\\{3", "a number from 1 on"), ("C= a\\|\\{3}", "needs an octet before"),
        ("C= a\\{999999999}", "makes more than"), ("wait 300", "is no duration"),
        ("wait s", "is no duration"),
        ("wait -1s", "is no duration"), ("H? sender <a@b.example>", "names nothing"),
        ("H? mail a@b", "`<address>`"),
        ("H? message hi", "quotation marks"), ("H? message \"a\\|b\"", "no meaning here"),
        ("H? reset tired", "names no cause"), ("H? closed timed-out tea", "names no cause"),
        ("H: maybe", "`H:` is"),
        ("H: 99 no", "`H:` is followed by"), ("H: 600 no", "`H:` is followed by"),
        ("H: close", "`H:` is followed"),
        ("given", "a key and its value"), ("given sise 5", "`given sise` is not known"),
        ("given size big", "followed by a number"), ("given recipients none", "needs a number"),
        ("given timeout tea 5s", "`given timeout tea` is not known"),
        ("given timeout command 5", "is no duration"),
        ("given dialect uucp", "`lmtp`"), ("given profile x", "`lab`, `lmtp`"),
        ("given with", "followed by a keyword"),
        ("given with XTEST to=X", "`mail=PARAMETER`"), ("S+ SIZE", "needs a reply before it"),
        ("S: 220\ngiven size 5", "comes first"), ("S= 250 ok", "for `given role client`"),
        ("H: 250-first", "not finished"),
    ])
    func `a line that is wrong is named`(lines: String, problem: String) {
        let error = #expect(throws: SpecError.self) { try specCase(lines) }
        #expect(error?.description.contains(problem) == true, "\(lines): \(String(describing: error))")
        let wrong = 6 + lines.utf8.filter { $0 == 10 }.count
        #expect(error?.description.hasPrefix("page.md:\(wrong): ") == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        ("## Case\n", 1, "needs a topic"), ("```smtp\n```\n", 1, "needs a title"),
        ("```smtp setup\n```\n", 1, "needs a topic"), ("# T\n## A\n## B\n", 2, "has no block"),
        ("# T\n## A\n", 2, "has no block"), ("# T\n## A\n```smtp\nS: 220\n", 3, "never closed"),
        ("# T\n```smtp steup\n```\n", 2, "not `smtp steup`"), ("# T\ncovers R5321-1-a\n", 2, "between"),
        ("# T\n## A\ncovers all of it\n", 3, "`all` is no requirement id"),
        ("# T\n## A\ncovers R1-a R1-a\n", 3, "named twice"),
        ("# T\n## A\n```smtp\nS: 220\n```\n```smtp\n```\n", 6, "needs a title"),
    ])
    func `a page that is wrong is named`(text: String, line: Int, problem: String) {
        let error = #expect(throws: SpecError.self) { try SpecFile.parse(name: "page.md", text: text) }
        #expect(error?.line == line)
        #expect(error?.problem.contains(problem) == true, "\(String(describing: error))")
    }

    @Test func `setups come before every case under their topic`() throws {
        let text = """
            # One
            ```smtp setup
            given size 100k
            S: 220
            ```
            Prose, and a fence that is none of ours:
            ````markdown
            ```smtp
            nonsense
            ```
            ````
            ## A
            covers R5321-3.1-a, ATK-EOD-1
            covers R5321-3.2-a
            ```smtp
            # a remark

            C: QUIT
            S: 221
            ```
            ## B
            ```smtp
            given recipients 100
            ```
            # Two
            ## C
            ```smtp
            S: 220
            ```
            """
        let cases = try SpecFile.parse(name: "p", text: text).cases
        #expect(cases.map(\.title) == ["A", "B", "C"])
        #expect(cases.map(\.topic) == ["One", "One", "Two"])
        #expect(cases.map(\.lines.count) == [4, 3, 1])
        #expect(cases[0].covers == ["R5321-3.1-a", "ATK-EOD-1", "R5321-3.2-a"])
        #expect(cases[0].line == 12)
        #expect(cases[0].lines.last?.number == 19)
        let session = cases[1].settings.configuration().session
        #expect(session.limits.messageSize == 100 << 10 && session.limits.recipients == 100)
    }

    @Test(arguments: [
        ("250", "250", true), ("250", "251", false), ("5yz", "550", true), ("5yz", "450", false),
        ("25z", "259", true), ("250/550/554", "554", true), ("250/550/554", "551", false),
        ("250", "25", false),
    ])
    func `codes`(pattern: String, code: String, allows: Bool) throws {
        #expect(try #require(CodePattern(Array(pattern.utf8))).allows(Array(code.utf8)) == allows)
    }

    @Test(arguments: ["", "25", "2500", "ok", "x50", "2y0", "250/", "250 ok", "y50"])
    func `what is no code`(text: String) { #expect(CodePattern(Array(text.utf8)) == nil) }

    @Test(arguments: [
        ("250 queued as 5", "250 *queued*", true), ("SIZE 100", "SIZE *", true), ("SIZE", "SIZE *", false),
        ("SIZE", "SIZE", true), ("ab", "*", true), ("", "*", true), ("aab", "*ab", true),
        ("abab", "*ab", true),
        ("abc", "*ab", false), ("axbxc", "a*b*c", true), ("axbx", "a*b*c", false), ("a", "", false),
    ])
    func `globs`(text: String, pattern: String, isMatch: Bool) {
        #expect(Octets.matches(Array(text.utf8), Array(pattern.utf8)) == isMatch)
    }
}
