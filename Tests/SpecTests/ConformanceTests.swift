import SMTPThreads
import SpecRunner
import Testing

/// All pages, everywhere they can be run.
@Suite struct ConformanceTests {
    static let threads = Target.adapter(name: "threads") { ThreadRuntime() }

    @Test(arguments: [Target.core, threads]) func `every case passes`(target: Target) async throws {
        let cases = try SpecTree.cases()
        let results = try await onThread { SpecRunner.run(cases, on: target) }
        #expect(results.count > 50)
        for result in results {
            guard case .failed(let dialogue) = result.outcome else { continue }
            Issue.record("\(dialogue)")
        }
    }

    @Test func `the teaching page's examples are cases too`() throws {
        let cases = try SpecFile.parse(name: "README.md", text: try SpecTree.text("README.md")).cases
        #expect(cases.count >= 5)
        for result in SpecRunner.run(cases, on: .core) {
            if case .failed(let dialogue) = result.outcome { Issue.record("\(dialogue)") }
        }
    }
}

/// Ids lead from requirements to cases and back.
@Suite struct TraceabilityTests {
    @Test func `every id that a case names exists, and no exception is idle`() throws {
        let coverage = Coverage(
            try Requirements(SpecTree.text("requirements.txt")),
            try Exceptions(SpecTree.text("exceptions.md")),
            try SpecTree.cases())
        #expect(coverage.faults == [])
    }

    @Test func `an unknown id and an idle exception are faults`() throws {
        let text = "# T\n## A\ncovers R1-a R9-z\n```smtp\nS: 220\n```\n"
        let cases = try SpecFile.parse(name: "p.md", text: text).cases
        let requirements = try Requirements("# 1.1 One\nR1-a\nR1-b\n\n# 1.2 Two\nATK-X-1\n")
        let coverage = Coverage(
            requirements, try Exceptions("- R1-a: why\nATK-X-1: not built\nR7-q: what\n"), cases)
        #expect(coverage.open == ["R1-b"])
        #expect(coverage.faults.count == 3)
        #expect(coverage.faults.first == "p.md:2: `R9-z` is no known id")
        #expect(coverage.report.contains("1.1 One: 2 ids, 1 with a case, 0 excepted, 1 open"))
        #expect(throws: SpecError.self) { try Exceptions("R1-a:\n") }
        #expect(throws: SpecError.self) { try Requirements("# T\nR1-a\nR1-a\n") }
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
