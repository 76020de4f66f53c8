/// A page of cases, read from Markdown.
///
/// `#` starts a topic, `##` a case; a fence marked `smtp` is the case, one marked `smtp setup` comes before every
/// case that follows under the same `#`; a line `covers ID …` before a case's fence names what it covers. All else is
/// for readers.
public struct SpecFile: Sendable {
    /// The page's name, for messages.
    public let name: String
    /// In the page's order.
    public let cases: [SpecCase]

    /// The page's cases. Says file, line and what is wrong.
    public static func parse(name: String, text: String) throws(SpecError) -> SpecFile {
        var reader = PageReader(name)
        for (index, line) in Octets.lines(of: text).enumerated() { try reader.read(line, index + 1) }
        return SpecFile(name: name, cases: try reader.finish())
    }
}

/// What is wrong with a page, and where.
public struct SpecError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The page.
    public let file: String
    /// Its line, from 1 on.
    public let line: Int
    /// What is wrong, and what would be right.
    public let problem: String

    /// `FILE:LINE: PROBLEM`.
    public var description: String { "\(file):\(line): \(problem)" }
}

/// What is wrong with a line, before it is known which line it is.
struct LineProblem: Error {
    let problem: String
    /// The line, where it is not the one being read.
    let line: Int?

    init(_ problem: String, at line: Int? = nil) {
        self.problem = problem
        self.line = line
    }
}

/// Reads a page line by line.
private struct PageReader {
    private let name: String
    private var topic: String?
    private var title: (text: String, line: Int)?
    private var covers: [String] = []
    private var setup: [SpecLine] = []
    private var cases: [SpecCase] = []
    private var fence: Fence?

    /// A fenced block that is open: how it is closed, and what is in it.
    private struct Fence {
        let ticks: Int
        let opened: Int
        let kind: Kind
        var lines: [SpecLine] = []

        enum Kind { case spec, setup, other }
    }

    init(_ name: String) { self.name = name }

    mutating func read(_ line: String, _ number: Int) throws(SpecError) {
        let ticks = line.utf8.prefix { $0 == UInt8(ascii: "`") }.count
        if let open = fence {
            if ticks >= open.ticks, Octets.trimmed(line.utf8.dropFirst(ticks)).isEmpty {
                fence = nil
                try close(open)
            } else if open.kind != .other {
                try add(line, number)
            }
            return
        }
        if ticks >= 3 {
            try openFence(ticks, Octets.words(line.utf8.dropFirst(ticks)), number)
        } else if line.hasPrefix("# ") {
            try endCase()
            topic = String(decoding: Octets.trimmed(line.utf8.dropFirst(2)), as: UTF8.self)
            setup = []
        } else if line.hasPrefix("## ") {
            try endCase()
            guard topic != nil else { throw error(number, "a case (##) needs a topic (#) before it") }
            title = (String(decoding: Octets.trimmed(line.utf8.dropFirst(3)), as: UTF8.self), number)
            covers = []
        } else if line.hasPrefix("covers ") {
            try readCovers(line, number)
        }
    }

    mutating func finish() throws(SpecError) -> [SpecCase] {
        if let fence { throw error(fence.opened, "this block is never closed") }
        try endCase()
        return cases
    }

    private func error(_ line: Int, _ problem: String) -> SpecError {
        SpecError(file: name, line: line, problem: problem)
    }

    private mutating func openFence(_ ticks: Int, _ words: [String], _ number: Int) throws(SpecError) {
        var kind = Fence.Kind.other
        if words == ["smtp"] {
            guard title != nil else { throw error(number, "a block of a case needs a title (##) before it") }
            kind = .spec
        } else if words == ["smtp", "setup"] {
            guard topic != nil else { throw error(number, "a setup needs a topic (#) before it") }
            kind = .setup
        } else if words.first == "smtp" {
            throw error(
                number, "a block is marked `smtp` or `smtp setup`, not `\(words.joined(separator: " "))`")
        }
        fence = Fence(ticks: ticks, opened: number, kind: kind)
    }

    private mutating func add(_ line: String, _ number: Int) throws(SpecError) {
        do throws(LineProblem) {
            let isClient = (setup + (fence?.lines ?? [])).contains {
                $0.kind == .given(key: "role", value: "client")
            }
            let ofClient = isClient ? try ClientLine.parse(line) : nil
            let kind: SpecLine.Kind
            if let ofClient {
                kind = .clientRole(ofClient)
            } else {
                guard let parsed = try SpecLine.parse(line) else { return }
                kind = parsed
            }
            if case .given = kind, fence?.lines.contains(where: { !$0.isGiven }) == true {
                throw LineProblem("`given` comes first in its block")
            }
            fence?.lines.append(SpecLine(number: number, text: line, kind: kind))
        } catch {
            throw self.error(number, error.problem)
        }
    }

    private mutating func close(_ fence: Fence) throws(SpecError) {
        switch fence.kind {
        case .other: return
        case .setup: setup += fence.lines
        case .spec:
            guard let topic, let title else { return }
            let lines = setup + fence.lines
            do throws(LineProblem) {
                let found = SpecCase(
                    file: name, line: title.line, topic: topic, title: title.text, covers: covers,
                    lines: lines,
                    settings: try Settings(lines), script: try Script(lines),
                    client: try ClientCase(lines))
                cases.append(found)
            } catch {
                throw self.error(error.line ?? fence.opened, error.problem)
            }
            self.title = nil
        }
    }

    private mutating func endCase() throws(SpecError) {
        guard let title else { return }
        throw error(title.line, "the case `\(title.text)` has no block marked `smtp`")
    }

    private mutating func readCovers(_ line: String, _ number: Int) throws(SpecError) {
        guard title != nil else {
            throw error(number, "`covers` stands between a case's title and its block")
        }
        let ids = Octets.words(line.utf8.dropFirst(7)).map { word in
            word.utf8.last == UInt8(ascii: ",") ? String(word.dropLast()) : word
        }
        for id in ids {
            let isID = (id.hasPrefix("R") || id.hasPrefix("ATK-")) && id.utf8.contains(UInt8(ascii: "-"))
            guard isID else { throw error(number, "`\(id)` is no requirement id; they begin with R or ATK-") }
            guard !covers.contains(id) else { throw error(number, "`\(id)` is named twice") }
            covers.append(id)
        }
    }
}

/// One case: what it needs and what is to happen.
public struct SpecCase: Sendable {
    /// The page it is from.
    public let file: String
    /// Where its title stands.
    public let line: Int
    /// The `#` above it.
    public let topic: String
    /// Its `##`.
    public let title: String
    /// The requirement ids it covers.
    public let covers: [String]
    /// Its lines, those of the setup first.
    public let lines: [SpecLine]
    /// What its `given` lines say.
    let settings: Settings
    /// What is to happen.
    let script: Script
    /// Both, if it is the client that is played.
    let client: ClientCase?
}

/// A case of the client's role.
struct ClientCase: Sendable {
    let settings: ClientSettings
    let script: ClientScript

    /// nil for the server's role.
    init?(_ lines: [SpecLine]) throws(LineProblem) {
        guard let settings = try ClientSettings(lines) else { return nil }
        self.settings = settings
        script = try ClientScript(lines)
    }
}
