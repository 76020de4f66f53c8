import Testing

@testable import SpecRunner

/// Ids lead from requirements to cases and back.
@Suite struct TraceabilityTests {
    static func exceptions() throws -> Exceptions { try Exceptions(SpecTree.text("exceptions.md")) }

    @Test func `every id has a case or an exception, and none has both`() throws {
        let coverage = Coverage(
            try Requirements(SpecTree.text("requirements.txt")), try Self.exceptions(), try SpecTree.cases())
        #expect(coverage.faults == [])
        #expect(coverage.open == [])
    }

    @Test func `every test that an exception names is there`() throws {
        let tests = try Self.exceptions().tests
        #expect(tests.count > 30)
        for (id, test) in tests {
            #expect(Self.isThere(test), "\(id) is shown by \(test.file): \(test.name)")
        }
    }

    @Test(
        arguments: [
            ("Tests/SpecTests/TraceabilityTests.swift: a test that is not there is found", true),
            ("Tests/SpecTests/TraceabilityTests.swift: isThere", true),
            ("Tests/SpecTests/TraceabilityTests.swift: a test that is not there", false),
            ("Tests/SpecTests/NoTests.swift: isThere", false), ("Tests/SpecTests: isThere", false),
            ("Tests/Tidy/purity.sh: 17_StringProcessing; and more", true),
            ("Tests/Tidy/purity.sh: 17_StringProcessings", false),
        ] as [(String, Bool)])
    func `a test that is not there is found`(reason: String, isThere: Bool) throws {
        #expect(Self.isThere(try #require(Exceptions.NamedTest("shown by " + reason))) == isThere)
    }

    /// Whether the file can be read and has a function, or a script such a word.
    private static func isThere(_ test: Exceptions.NamedTest) -> Bool {
        guard let text = try? SpecTree.text("../" + test.file) else { return false }
        guard test.file.hasSuffix(".swift") else { return text.contains(test.name) }
        return text.contains("func `\(test.name)`(") || text.contains("func \(test.name)(")
    }

    @Test func `an unknown id and an idle exception are faults`() throws {
        let text = "# T\n## A\ncovers R1-a R9-z\n```smtp\nS: 220\n```\n"
        let cases = try SpecFile.parse(name: "p.md", text: text).cases
        let requirements = try Requirements("# 1.1 One\nR1-a\nR1-b\nR1-c\n\n# 1.2 Two\nATK-X-1\n")
        let exceptions = "- R1-a: why\nATK-X-1: not built\nR7-q: what\nR1-c: shown by F: t; and more\n"
        let coverage = Coverage(requirements, try Exceptions(exceptions), cases)
        #expect(coverage.open == ["R1-b"])
        #expect(coverage.faults.count == 3)
        #expect(coverage.faults.first == "p.md:2: `R9-z` is no known id")
        let lines = coverage.report.split(separator: "\n").map(String.init)
        #expect(lines.first == "1.1 One: 3 ids, 1 with a case, 1 shown by a test, 0 excepted, 1 open")
        #expect(lines.contains("  R1-c  shown by F: t; and more") && lines.contains("  R1-b  OPEN"))
        #expect(lines.contains("1.2 Two: 1 ids, 0 with a case, 1 excepted, 0 open"))
        #expect(lines.last == "4 ids, 1 with a case, 1 shown by a test, 1 excepted, 1 open")
    }

    @Test(arguments: [
        "R1-a:", "R1-a: why\nR1-a: why not", "R1-a: shown by", "R1-a: shown by F", "R1-a: shown by F:",
        "R1-a: shown by : t", "R1-a: shown by F; t: u",
    ])
    func `an exception without a reason is wrong`(text: String) {
        #expect(throws: SpecError.self) { try Exceptions(text + "\n") }
    }

    @Test(arguments: ["R1-a\n", "# T\nR1-a\nR1-a\n"])
    func `a list of ids that is none is wrong`(text: String) {
        #expect(throws: SpecError.self) { try Requirements(text) }
    }

    @Test func `every page is reached and holds cases`() throws {
        let all = try SpecRunner.files(in: SpecTree.folder, endingWith: ".md")
        let others = ["README.md", "exceptions.md"].map { "\(SpecTree.folder)/\($0)" }
        #expect(Set(all) == Set(try SpecTree.pages() + others))
        for page in try SpecRunner.pages(at: try SpecTree.pages()) {
            #expect(try !SpecFile.parse(name: page.name, text: page.text).cases.isEmpty, "\(page.name)")
        }
    }
}
