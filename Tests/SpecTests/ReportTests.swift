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

    @Test func `the matrix has a row for each case`() {
        let matrix = report(.matrix)
        #expect(
            matrix.text.prefix(7) == [
                "           core", "Topic", "  Good     ok", "  Bad      FAIL", "  Not yet  -", "",
                "Skipped:",
            ])
        #expect(matrix.text.contains("  1 on core: PROXY is not built yet"))
        #expect(matrix.text.last == "1 passed, 1 failed, 1 skipped")
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
