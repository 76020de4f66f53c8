/// Results as text.
public enum Reports {
    /// How many passed, failed and were skipped.
    public static func count(_ results: [[CaseResult]]) -> (passed: Int, failed: Int, skipped: Int) {
        var count = (passed: 0, failed: 0, skipped: 0)
        for result in results.joined() {
            switch result.outcome {
            case .passed: count.passed += 1
            case .failed: count.failed += 1
            case .skipped: count.skipped += 1
            }
        }
        return count
    }

    /// The last line of every report.
    public static func summary(_ results: [[CaseResult]]) -> String {
        let count = count(results)
        return "\(count.passed) passed, \(count.failed) failed, \(count.skipped) skipped"
    }

    /// The dialogues of all failures.
    public static func dialogues(_ results: [[CaseResult]]) -> String {
        let failures = results.joined().compactMap { result -> String? in
            if case .failed(let dialogue) = result.outcome { dialogue } else { nil }
        }
        return failures.map { $0 + "\n" }.joined(separator: "\n")
    }

    /// The widest line of a matrix, as far as its targets allow.
    private static let lineWidth = 120
    private static let legend =
        "ok: as the case has it.  FAIL: otherwise; the dialogue is above.  -: not run there."

    /// Cases by targets: a row for each case that ran anywhere. `results` holds one list for each target, of the same
    /// cases.
    public static func matrix(_ results: [[CaseResult]]) -> String {
        guard let cases = results.first?.map(\.subject), !cases.isEmpty else { return "no cases" }
        let columns = Columns(results)
        let longest = cases.map { $0.title.unicodeScalars.count + 2 }.max() ?? 0
        let width = min(longest, lineWidth - columns.widths.reduce(0) { $0 + $1 + 2 })
        var lines = columns.key + [pad("", width) + columns.line(columns.headings)]
        for topic in topics(of: cases) {
            let ran = topic.filter { index in results.contains { !isSkipped($0[index].outcome) } }
            let skipped = topic.count - ran.count
            lines.append(cases[topic.lowerBound].topic + (skipped == 0 ? "" : " (\(skipped) not run)"))
            for index in ran {
                let cells = results.map { cell($0[index].outcome) }
                lines.append(pad("  " + cases[index].title, width) + columns.line(cells))
            }
        }
        return lines.map(trimmed).joined(separator: "\n")
    }

    /// What stands below a matrix: why cases did not run, and how many passed, failed and did not run on each target.
    public static func totals(_ results: [[CaseResult]]) -> String {
        let columns = Columns(results)
        var rows: [(title: String, cells: [Int])] = []
        let counts = results.map { count([$0]) }
        rows.append(("passed", counts.map(\.passed)))
        rows.append(("failed", counts.map(\.failed)))
        rows.append(("not run", counts.map(\.skipped)))
        var vouching: [String] = []
        for (index, result) in results.enumerated() {
            for reason in result.compactMap({ skipReason($0.outcome) }) {
                var title = "  " + reason
                if let given = unvouched(reason) {
                    title = "  not configured so, as far as is known (--given)"
                    if !vouching.contains(given) { vouching.append(given) }
                }
                let row = rows.firstIndex { $0.title == title } ?? rows.count
                if row == rows.count { rows.append((title, results.map { _ in 0 })) }
                rows[row].cells[index] += 1
            }
        }
        let longest = rows.map { $0.title.unicodeScalars.count }.max() ?? 0
        let width = min(longest, lineWidth - columns.widths.reduce(0) { $0 + $1 + 2 })
        var lines = [legend, ""] + columns.key + [pad("", width) + columns.line(columns.headings)]
        lines += rows.map { pad($0.title, width) + columns.line($0.cells.map(String.init)) }
        if !vouching.isEmpty {
            lines += ["", "More cases run on a server that is known to have:"] + wrapped(vouching)
        }
        return lines.map(trimmed).joined(separator: "\n")
    }

    /// The targets' columns: named, or numbered where the names would make lines too long.
    private struct Columns {
        let headings: [String]
        let widths: [Int]
        /// What the numbers stand for.
        let key: [String]

        init(_ results: [[CaseResult]]) {
            let names = results.map { $0.first?.target ?? "" }
            let isNumbered = names.reduce(0) { $0 + $1.unicodeScalars.count + 2 } > lineWidth / 2
            headings = isNumbered ? names.indices.map { "\($0 + 1)" } : names
            widths = headings.map { max($0.unicodeScalars.count, 4) }
            key = isNumbered ? names.enumerated().map { "\($0 + 1): \($1)" } : []
        }

        func line(_ cells: [String]) -> String { zip(cells, widths).map { "  " + pad($0, $1) }.joined() }
    }

    /// The cases that stand under one topic, one after the other.
    private static func topics(of cases: [SpecCase]) -> [Range<Int>] {
        var topics: [Range<Int>] = []
        for index in cases.indices {
            if let last = topics.last, cases[last.lowerBound].topic == cases[index].topic {
                topics[topics.count - 1] = last.lowerBound..<(index + 1)
            } else {
                topics.append(index..<(index + 1))
            }
        }
        return topics
    }

    private static func cell(_ outcome: CaseResult.Outcome) -> String {
        switch outcome {
        case .passed: "ok"
        case .failed: "FAIL"
        case .skipped: "-"
        }
    }

    private static func isSkipped(_ outcome: CaseResult.Outcome) -> Bool { skipReason(outcome) != nil }

    private static func skipReason(_ outcome: CaseResult.Outcome) -> String? {
        if case .skipped(let reason) = outcome { reason } else { nil }
    }

    /// The `KEY=VALUE` that nobody vouches for, if that is the reason.
    private static func unvouched(_ reason: String) -> String? {
        let start = Array("--given ".utf8)
        let octets = Array(reason.utf8)
        guard reason.hasSuffix(")"), octets.first == UInt8(ascii: "`"),
            let at = octets.indices.first(where: { octets[$0...].starts(with: start) })
        else { return nil }
        return String(decoding: octets[(at + start.count)...].dropLast(), as: UTF8.self)
    }

    private static func wrapped(_ words: [String]) -> [String] {
        var lines: [String] = []
        for word in words {
            if let last = lines.last, last.utf8.count + word.utf8.count + 2 < lineWidth {
                lines[lines.count - 1] = "\(last), \(word)"
            } else {
                if !lines.isEmpty { lines[lines.count - 1] += "," }
                lines.append("  " + word)
            }
        }
        return lines
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        let scalars = text.unicodeScalars
        if scalars.count > width { return String(String.UnicodeScalarView(scalars.prefix(width - 1))) + "…" }
        return text + String(repeating: " ", count: width - scalars.count)
    }

    private static func trimmed(_ text: String) -> String {
        var octets = Array(text.utf8)
        while octets.last == 32 { octets.removeLast() }
        return String(decoding: octets, as: UTF8.self)
    }
}
