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

    /// Cases by targets; below, why cases were skipped. `results` holds one list for each target, of the same cases.
    public static func matrix(_ results: [[CaseResult]]) -> String {
        guard let cases = results.first?.map(\.subject), !cases.isEmpty else { return "no cases" }
        let names = results.map { $0.first?.target ?? "" }
        let widths = names.map { max($0.utf8.count, 4) }
        let width = min(cases.map { $0.title.unicodeScalars.count + 2 }.max() ?? 0, 68)
        var lines = [pad("", width) + zip(names, widths).map { "  " + pad($0, $1) }.joined()]
        var topic: String?
        for (index, subject) in cases.enumerated() {
            if subject.topic != topic { lines.append(subject.topic) }
            topic = subject.topic
            let cells = zip(results, widths).map { "  " + pad(cell($0[index].outcome), $1) }.joined()
            lines.append(pad("  " + subject.title, width) + cells)
        }
        return (lines.map(trimmed) + skips(results)).joined(separator: "\n")
    }

    private static func cell(_ outcome: CaseResult.Outcome) -> String {
        switch outcome {
        case .passed: "ok"
        case .failed: "FAIL"
        case .skipped: "-"
        }
    }

    /// Each reason with the number of cases that it kept from running.
    private static func skips(_ results: [[CaseResult]]) -> [String] {
        var reasons: [(text: String, count: Int)] = []
        for result in results.joined() {
            guard case .skipped(let reason) = result.outcome else { continue }
            let text = "\(result.target): \(reason)"
            if let index = reasons.firstIndex(where: { $0.text == text }) {
                reasons[index].count += 1
            } else {
                reasons.append((text, 1))
            }
        }
        return reasons.isEmpty ? [] : ["", "Skipped:"] + reasons.map { "  \($0.count) on \($0.text)" }
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
