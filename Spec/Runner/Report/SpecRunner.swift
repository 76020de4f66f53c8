/// Reads pages, runs their cases, reports.
public enum SpecRunner {
    /// What is to be run, and how it is reported.
    public struct Options: Sendable {
        /// The pages: name and text. `pages(at:)` reads them from files.
        public var pages: [(name: String, text: String)]
        /// Where they are run.
        public var targets: [Target]
        /// The `given` keys and values that a foreign server is known to have.
        public var vouched: [String: String] = [:]
        /// Whether a foreign server's texts are compared too.
        public var isStrict = false
        /// What is printed before the last line.
        public var report = Report.dialogue
        /// The text of `Spec/requirements.txt`, for the coverage report.
        public var requirements = ""
        /// The text of `Spec/exceptions.md`, for the coverage report.
        public var exceptions = ""

        /// These pages on these targets, failures reported.
        public init(pages: [(name: String, text: String)], targets: [Target] = [.core]) {
            self.pages = pages
            self.targets = targets
        }
    }

    /// What can be printed.
    public enum Report: Sendable {
        /// What really happened in each case that failed.
        case dialogue
        /// Cases by targets, then the failures, then totals.
        case matrix
        /// Which requirements have a case; nothing is run.
        case coverage
    }

    /// Runs and reports. `write` gets text without a newline at its end. 0 if nothing failed, 1 if something did, 2 if
    /// a page is wrong.
    public static func run(_ options: Options, write: (String) -> Void) -> Int32 {
        var cases: [SpecCase] = []
        do throws(SpecError) {
            for page in options.pages { cases += try SpecFile.parse(name: page.name, text: page.text).cases }
            if options.report == .coverage {
                let coverage = Coverage(
                    try Requirements(options.requirements), try Exceptions(options.exceptions), cases)
                write(coverage.report)
                return coverage.faults.isEmpty ? 0 : 1
            }
        } catch {
            write("\(error)")
            return 2
        }
        let results = options.targets.map { target in
            Self.run(cases, on: target, vouched: options.vouched, isStrict: options.isStrict)
        }
        if options.report == .matrix { write(Reports.matrix(results) + "\n") }
        let failures = Reports.dialogues(results)
        if !failures.isEmpty { write(failures) }
        // A skip is told with its reason, whatever is asked for.
        if options.report == .matrix || Reports.count(results).skipped > 0 {
            write(Reports.totals(results) + "\n")
        }
        write(Reports.summary(results))
        return Reports.count(results).failed == 0 ? 0 : 1
    }

    /// The pages at these paths.
    public static func pages(at paths: [String]) throws -> [(name: String, text: String)] {
        try paths.map { ($0, try TextFile.read($0)) }
    }

    /// The paths of the files in `folder` and below that end like this, in order.
    public static func files(in folder: String, endingWith ending: String) throws -> [String] {
        try TextFile.paths(in: folder, endingWith: ending)
    }

    /// The text of one file.
    public static func text(at path: String) throws -> String { try TextFile.read(path) }
}
