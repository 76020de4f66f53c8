/// The requirement ids there are, by section: `Spec/requirements.txt`.
///
/// A line `# TITLE` opens a section; every other line is an id.
public struct Requirements: Sendable {
    /// In the file's order.
    public private(set) var sections: [(title: String, ids: [String])] = []
    /// Each id once.
    public private(set) var ids: Set<String> = []

    /// Reads the file's text.
    public init(_ text: String) throws(SpecError) {
        for (index, line) in Octets.lines(of: text).enumerated() where !line.isEmpty {
            if line.hasPrefix("# ") {
                sections.append((String(line.dropFirst(2)), []))
                continue
            }
            guard !sections.isEmpty else { throw Self.error(index, "an id stands before the first section") }
            guard ids.insert(line).inserted else { throw Self.error(index, "`\(line)` is listed twice") }
            sections[sections.count - 1].ids.append(line)
        }
    }

    private static func error(_ index: Int, _ problem: String) -> SpecError {
        SpecError(file: "requirements.txt", line: index + 1, problem: problem)
    }
}

/// The ids that have no case, and why: `Spec/exceptions.md`.
///
/// A line `ID: REASON` is an exception, with or without `- ` before it; all others are for readers. A reason that
/// begins with `shown by` names the test that shows what no transcript can: `shown by FILE: TEST; more`.
public struct Exceptions: Sendable {
    /// The reason for each.
    public private(set) var reasons: [String: String] = [:]
    /// For each id that a test shows, that test.
    public private(set) var tests: [String: NamedTest] = [:]

    /// A test, as an exception names it.
    public struct NamedTest: Hashable, Sendable {
        /// The file's path, from the package's root.
        public let file: String
        /// The test's name in that file.
        public let name: String
    }

    /// Reads the file's text.
    public init(_ text: String) throws(SpecError) {
        for (index, whole) in Octets.lines(of: text).enumerated() {
            let line = whole.hasPrefix("- ") ? String(whole.dropFirst(2)) : whole
            let (word, reason) = Octets.cut(line)
            guard word.utf8.last == UInt8(ascii: ":"), word.hasPrefix("R") || word.hasPrefix("ATK-"),
                word.utf8.contains(UInt8(ascii: "-"))
            else { continue }
            let id = String(word.dropLast())
            guard !reason.isEmpty else { throw Self.error(index, "`\(id)` has no reason") }
            guard reasons.updateValue(reason, forKey: id) == nil else {
                throw Self.error(index, "`\(id)` is excepted twice")
            }
            guard reason.hasPrefix("shown by") else { continue }
            guard let test = NamedTest(reason) else {
                throw Self.error(index, "`\(id)`: say `shown by FILE: TEST`")
            }
            tests[id] = test
        }
    }

    private static func error(_ index: Int, _ problem: String) -> SpecError {
        SpecError(file: "exceptions.md", line: index + 1, problem: problem)
    }
}

extension Exceptions.NamedTest {
    /// Reads `shown by FILE: TEST`; what follows a semicolon is for readers.
    init?(_ reason: String) {
        let words = Array(reason.utf8).prefix { $0 != UInt8(ascii: ";") }
        let start = "shown by ".utf8.count
        guard words.count > start, let colon = words.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        file = String(decoding: words[start..<colon], as: UTF8.self)
        name = String(decoding: Octets.trimmed(words[(colon + 1)...]), as: UTF8.self)
        if file.isEmpty || name.isEmpty { return nil }
    }
}

/// Which requirements have a case, which are shown by a test, which are excepted, and which are open.
public struct Coverage: Sendable {
    private let requirements: Requirements
    private let exceptions: Exceptions
    private var cases: [String: Int] = [:]
    /// What is wrong: ids that do not exist, exceptions that are none.
    public private(set) var faults: [String] = []

    /// How a requirement stands.
    private enum Standing: CaseIterable {
        case covered, shown, excepted, open
    }

    /// Of these cases.
    public init(_ requirements: Requirements, _ exceptions: Exceptions, _ cases: [SpecCase]) {
        self.requirements = requirements
        self.exceptions = exceptions
        for subject in cases {
            for id in subject.covers {
                self.cases[id, default: 0] += 1
                guard requirements.ids.contains(id) else {
                    faults.append("\(subject.file):\(subject.line): `\(id)` is no known id")
                    continue
                }
            }
        }
        for id in exceptions.reasons.keys.sorted() {
            if !requirements.ids.contains(id) { faults.append("exceptions.md: `\(id)` is no known id") }
            if self.cases[id] != nil {
                faults.append("exceptions.md: `\(id)` has a case and needs no exception")
            }
        }
    }

    /// The ids with neither case nor exception.
    public var open: [String] { requirements.sections.flatMap(\.ids).filter { standing($0) == .open } }

    private func standing(_ id: String) -> Standing {
        if cases[id] != nil { return .covered }
        if exceptions.tests[id] != nil { return .shown }
        return exceptions.reasons[id] == nil ? .open : .excepted
    }

    /// Per section: the ids with a case, shown by a test, excepted, and still open.
    public var report: String {
        var lines: [String] = []
        for section in requirements.sections {
            let standings = section.ids.map { (id: $0, standing: standing($0)) }
            lines.append("\(section.title): \(Self.counts(standings.map(\.standing)))")
            for kind in Standing.allCases {
                lines += standings.filter { $0.standing == kind }.map { "  \($0.id)  \(remark($0.id))" }
            }
        }
        lines += faults
        return (lines + [Self.counts(requirements.sections.flatMap(\.ids).map(standing))]).joined(
            separator: "\n")
    }

    private func remark(_ id: String) -> String {
        switch standing(id) {
        case .covered: cases[id] == 1 ? "1 case" : "\(cases[id] ?? 0) cases"
        case .shown: exceptions.reasons[id] ?? ""
        case .excepted: "excepted: \(exceptions.reasons[id] ?? "")"
        case .open: "OPEN"
        }
    }

    private static func counts(_ standings: [Standing]) -> String {
        func count(_ standing: Standing) -> Int { standings.filter { $0 == standing }.count }
        let shown = count(.shown) == 0 ? "" : "\(count(.shown)) shown by a test, "
        return "\(standings.count) ids, \(count(.covered)) with a case, \(shown)"
            + "\(count(.excepted)) excepted, \(count(.open)) open"
    }
}
