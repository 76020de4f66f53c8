import Testing

@testable import SpecRunner

@Suite struct ReportTests {
    static let text = """
        # Topic
        ## Good
        ```smtp
        S: 220
        ```
        ## Bad
        ```smtp
        S: 221
        ```
        ## Not yet
        ```smtp
        given proxy required
        ```
        """

    private func report(_ report: SpecRunner.Report, _ text: String = Self.text) -> (
        status: Int32, text: [String]
    ) {
        var options = SpecRunner.Options(pages: [("page.md", text)])
        options.report = report
        options.requirements = "# 1.1 One\nR1-a\n"
        var written: [String] = []
        let status = SpecRunner.run(options) { written.append($0) }
        return (
            status,
            written.joined(separator: "\n").split(separator: "\n", omittingEmptySubsequences: false).map(
                String.init)
        )
    }

    @Test func `the last line counts`() {
        let dialogue = report(.dialogue)
        #expect(dialogue.status == 1)
        #expect(dialogue.text.last == "1 passed, 1 failed, 1 skipped")
        #expect(dialogue.text.contains("# WRONG: line 8 wants `S: 221`; instead came"))
        let good = report(.dialogue, "# T\n## A\n```smtp\nS: 220\n```\n")
        #expect(good.status == 0 && good.text == ["1 passed, 0 failed, 0 skipped"])
    }

    @Test func `the matrix has a row for each case that ran, and totals at the end`() {
        let matrix = report(.matrix).text
        #expect(
            matrix.prefix(5) == [
                "           core", "Topic (1 not run)", "  Good     ok", "  Bad      FAIL", "",
            ])
        #expect(matrix.contains("# WRONG: line 8 wants `S: 221`; instead came"))
        #expect(
            matrix.suffix(9) == [
                "ok: as the case has it.  FAIL: otherwise; the dialogue is above.  -: not run there.", "",
                "                          core", "passed                    1",
                "failed                    1", "not run                   1",
                "  PROXY is not built yet  1", "", "1 passed, 1 failed, 1 skipped",
            ])
    }

    @Test func `a matrix of many servers has numbers for their names`() throws {
        let cases = try SpecFile.parse(name: "page.md", text: Self.text).cases
        let names = ["127.0.0.1:18025", "127.0.0.1:18026", "127.0.0.1:18027", "a.very.long.name.example:25"]
        let unvouched = "`given size 1k` is not vouched for (--given size=1k)"
        let results = names.map { name in
            cases.map {
                CaseResult(subject: $0, target: name, outcome: .skipped(reason: unvouched))
            }
        }
        var mixed = results
        mixed[3][1] = CaseResult(subject: cases[1], target: names[3], outcome: .passed)
        let matrix = Reports.matrix(mixed).split(separator: "\n").map(String.init)
        #expect(matrix.prefix(4) == names.enumerated().map { "\($0 + 1): \($1)" }[...])
        #expect(
            matrix.dropFirst(4) == [
                "           1     2     3     4", "Topic (2 not run)", "  Bad      -     -     -     ok",
            ])
        let totals = Reports.totals(mixed).split(separator: "\n").map(String.init)
        #expect(totals.contains { $0.hasPrefix("not run") && $0.hasSuffix("3     3     3     2") })
        #expect(totals.suffix(2) == ["More cases run on a server that is known to have:", "  size=1k"])
        #expect(Reports.matrix([]) == "no cases")
    }

    @Test func `a wrong page and a wrong id have a status`() {
        let wrong = report(.dialogue, "# T\n## A\n```smtp\nwhat\n```\n")
        #expect(wrong.status == 2 && wrong.text.first?.hasPrefix("page.md:4: ") == true)
        #expect(report(.coverage).text.last == "1 ids, 0 with a case, 0 excepted, 1 open")
        let unknown = report(.coverage, "# T\n## A\ncovers R9-z\n```smtp\nS: 220\n```\n")
        #expect(unknown.status == 1)
    }

    @Test(
        arguments: [
            ("250 ok\r\n", nil), ("250-a\r\n250 b\r\n", nil), ("250 ok\n", "CRLF"), ("250 ok", "CRLF"),
            ("250-a\r\n251 b\r\n", "different codes"), ("250-a\r\n", "no last line"),
            ("25 ok\r\n", "no code"),
            ("260 ok\r\n", "no code"), ("650 ok\r\n", "no code"), ("250ok\r\n", "neither"),
            ("250\r\n", "no code"),
            ("250 a\u{7}\r\n", "control"), ("550 2.1.1 no\r\n", "class"), ("550 5.1.1 no\r\n", nil),
            ("250 192.0.2.1 is you\r\n", nil), ("250 " + String(repeating: "x", count: 506) + "\r\n", nil),
            ("250 " + String(repeating: "x", count: 507) + "\r\n", "longer"), ("", nil), ("\r\n", "no code"),
        ] as [(String, String?)])
    func `malformed replies are found`(output: String, fault: String?) {
        let found = ReplyForm.fault(in: Array(output.utf8))
        #expect((found == nil) == (fault == nil))
        if let fault { #expect(found?.contains(fault) == true, "\(found ?? "")") }
    }
}
