import SMTPDispatch
import SMTPLibUV
import SMTPThreads
import SpecRunner
import Testing

/// All pages, everywhere they can be run.
@Suite struct ConformanceTests {
    static let threads = Target.adapter(name: "threads") { ThreadRuntime() }
    static let libUV = Target.adapter(name: "libuv") { LibUVRuntime(loops: 2) }
    static let dispatch = Target.adapter(name: "dispatch") { DispatchRuntime(loops: 2) }

    @Test(arguments: [Target.core, threads, libUV, dispatch]) func `every case passes`(target: Target)
        async throws
    {
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
