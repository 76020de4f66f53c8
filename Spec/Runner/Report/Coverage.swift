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

/// The ids that need no case, and why: `Spec/exceptions.md`.
///
/// A line `ID: REASON` is an exception, with or without `- ` before it; all others are for readers.
public struct Exceptions: Sendable {
    /// The reason for each.
    public private(set) var reasons: [String: String] = [:]

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
        }
    }

    private static func error(_ index: Int, _ problem: String) -> SpecError {
        SpecError(file: "exceptions.md", line: index + 1, problem: problem)
    }
}

/// Which requirements have a case, which an exception, and which neither.
public struct Coverage: Sendable {
    private let requirements: Requirements
    private let exceptions: Exceptions
    private var cases: [String: Int] = [:]
    /// What is wrong: ids that do not exist, exceptions that are none.
    public private(set) var faults: [String] = []

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
    public var open: [String] { requirements.sections.flatMap(\.ids).filter(isOpen) }

    private func isOpen(_ id: String) -> Bool { cases[id] == nil && exceptions.reasons[id] == nil }

    /// Per section: the ids with a case, with an exception, and still open.
    public var report: String {
        var lines: [String] = []
        for section in requirements.sections {
            let covered = section.ids.filter { cases[$0] != nil }
            let excepted = section.ids.filter { cases[$0] == nil && exceptions.reasons[$0] != nil }
            let open = section.ids.filter(isOpen)
            lines.append(
                "\(section.title): \(section.ids.count) ids, \(covered.count) with a case, "
                    + "\(excepted.count) excepted, \(open.count) open")
            lines += covered.map { "  \($0)  \(cases[$0] ?? 0) \(cases[$0] == 1 ? "case" : "cases")" }
            lines += excepted.map { "  \($0)  excepted: \(exceptions.reasons[$0] ?? "")" }
            lines += open.map { "  \($0)  OPEN" }
        }
        lines += faults
        let total = requirements.ids
        let covered = total.filter { cases[$0] != nil }.count
        let summary =
            "\(total.count) ids, \(covered) with a case, \(total.count - covered - open.count) excepted, "
        return (lines + [summary + "\(open.count) open"]).joined(separator: "\n")
    }
}
