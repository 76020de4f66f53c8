extension Script.Turn {
    /// Takes off the answers at the end that nothing has asked for yet: they are for the group that follows.
    mutating func takeAnswers() -> [SpecLine] {
        let tail = rest.lastIndex { line in
            switch line.kind {
            case .asked, .answer: false
            default: true
            }
        }
        guard let tail else { return [] }
        let run = rest[(tail + 1)...]
        let opensLater = (group + rest[...tail]).last { if case .answer = $0.kind { true } else { false } }
        var first = run.firstIndex { if case .answer = $0.kind { true } else { false } }
        if opensLater?.kind == .answer(.later), let found = first {
            // The first of them answers the question that was kept open.
            first = run[(found + 1)...].firstIndex { if case .answer = $0.kind { true } else { false } }
        }
        guard var start = first else { return [] }
        if start > run.startIndex, case .asked(let pattern) = rest[start - 1].kind, pattern.word.isQuestion {
            start -= 1
        }
        defer { rest.removeSubrange(start...) }
        return Array(rest[start...])
    }
}
