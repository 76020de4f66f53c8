import SMTPSockets
import SpecRunner
import Testing

/// Where the pages are.
enum SpecTree {
    /// `Spec/`, beside `Tests/`.
    static let folder: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return (parts.dropLast(3) + ["Spec"]).joined(separator: "/")
    }()

    /// The text of one file in it.
    static func text(_ name: String) throws -> String { try SpecRunner.text(at: "\(folder)/\(name)") }

    /// The paths of all pages of cases below it.
    static func pages() throws -> [String] {
        try ["Server", "Client"].flatMap { try SpecRunner.files(in: "\(folder)/\($0)", endingWith: ".md") }
    }

    /// All cases of all pages.
    static func cases() throws -> [SpecCase] {
        try SpecRunner.pages(at: pages()).flatMap { page in
            try SpecFile.parse(name: String(page.name.dropFirst(folder.count + 1)), text: page.text).cases
        }
    }
}

/// Runs `body` on a thread of its own: threads that tasks share must not be blocked for long.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        let failure = startThread { continuation.resume(with: Swift.Result(catching: body)) }
        if failure != 0 { continuation.resume(throwing: NoThread(errno: failure)) }
    }
}

/// No thread could be started.
struct NoThread: Error { let errno: Int32 }

/// A page with one case, of these lines.
func page(_ lines: String) -> String { "# Topic\n\n## Case\n\n```smtp\n\(lines)\n```\n" }

/// The only case of such a page.
func specCase(_ lines: String) throws -> SpecCase {
    try #require(SpecFile.parse(name: "page.md", text: page(lines)).cases.first)
}

/// What becomes of such a case on the core.
func outcome(_ lines: String) throws -> CaseResult.Outcome {
    try #require(SpecRunner.run([specCase(lines)], on: .core).first).outcome
}
