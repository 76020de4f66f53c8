import Foundation
import Testing

/// The rules of the house that a machine can check.
@Suite struct TidyTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    struct Source {
        let path: String
        let lines: [String]
    }

    /// The Swift files below `folder`.
    static func sources(_ folder: String) throws -> [Source] {
        let base = root.appending(path: folder)
        let paths =
            FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)?
            .compactMap { ($0 as? URL)?.path(percentEncoded: false) } ?? []
        return try paths.filter { $0.hasSuffix(".swift") }.sorted().map { path in
            let text = try String(contentsOfFile: path, encoding: .utf8)
            return Source(
                path: String(path.dropFirst(root.path(percentEncoded: false).count)),
                lines: text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
                    String.init))
        }
    }

    /// What each room may import; what is not listed may not.
    static let arrows: [(folder: String, imports: Set<String>)] = [
        ("Sources/SMTPProtocol", []),
        ("Sources/SMTPConnection", ["SMTPProtocol"]),
        ("Sources/SMTPSockets", ["SMTPProtocol", "SMTPConnection", "CSystem", "Glibc", "Synchronization"]),
        (
            "Sources/SMTPServer",
            ["SMTPProtocol", "SMTPConnection", "SMTPSockets", "Synchronization", "Glibc"]
        ),
        ("Sources/SMTPClient", ["SMTPProtocol", "SMTPConnection", "SMTPSockets"]),
        ("Sources/SMTPHandlers", ["SMTPProtocol", "SMTPConnection", "Glibc", "Synchronization"]),
        ("Sources/SMTPOpenSSL", ["SMTPProtocol", "SMTPConnection", "COpenSSL", "Glibc"]),
        (
            "Sources/SMTPTesting",
            ["SMTPProtocol", "SMTPConnection", "SMTPServer", "SMTPSockets", "SMTPHandlers", "SMTPThreads"]
        ),
        ("Sources/SMTPTestingTraits", ["SMTPTesting", "Testing"]),
        ("Adapters/Threads", ["SMTPProtocol", "SMTPConnection", "SMTPSockets", "SMTPServer", "Glibc"]),
        (
            "Adapters/LibUV",
            [
                "SMTPProtocol", "SMTPConnection", "SMTPSockets", "SMTPServer", "CLibUV", "Glibc",
                "Synchronization",
            ]
        ),
        ("Adapters/Dispatch", ["SMTPConnection", "SMTPSockets", "SMTPServer", "Dispatch", "Glibc"]),
    ]

    @Test func `each room imports only what its arrows allow`() throws {
        for (folder, allowed) in Self.arrows {
            let files = try Self.sources(folder)
            #expect(!files.isEmpty, "\(folder)")
            for file in files {
                for line in file.lines
                where line.contains(#/^\s*((public|package|internal|private|@\w+) )*import /#) {
                    let name = line.split(separator: " ").last.map(String.init) ?? ""
                    #expect(allowed.contains(name), "\(file.path): \(line)")
                }
            }
        }
    }

    /// The two halves of the core share values and framing, and nothing else.
    @Test func `server and client do not name each other`() throws {
        for (folder, other) in [("Server", "Client"), ("Client", "Server")] {
            let name = try Regex("\\b\(other)(Session|Configuration|Request|Notice|Failure)\\b")
            for file in try Self.sources("Sources/SMTPProtocol/\(folder)") {
                for line in file.lines where line.contains(name) {
                    Issue.record("\(file.path): \(line)")
                }
            }
        }
    }

    @Test func `files, functions and adapters are short`() throws {
        for file in try Self.sources("Examples") {
            #expect(file.lines.count < 60, "\(file.path) has \(file.lines.count) lines")
        }
        for folder in ["Sources", "Adapters", "Spec", "Tests"] {
            for file in try Self.sources(folder) {
                #expect(file.lines.count <= 400, "\(file.path) has \(file.lines.count) lines")
                for (name, length) in Self.functions(file.lines) {
                    #expect(length <= 60, "\(file.path): \(name) has \(length) lines")
                }
            }
        }
        for adapter in ["Adapters/Threads", "Adapters/LibUV", "Adapters/Dispatch"] {
            let total = try Self.sources(adapter).reduce(0) { $0 + $1.lines.count }
            #expect(total <= 350, "\(adapter) has \(total) lines")
        }
    }

    /// Each function with its length, found by the indentation that the formatter guarantees.
    static func functions(_ lines: [String]) -> [(String, Int)] {
        var found: [(String, Int)] = []
        for (start, line) in lines.enumerated() where line.contains(#/^\s*([\w@\(\)]+ )*(func |init[\(<\?])/#)
        {
            let indent = line.prefix { $0 == " " }
            guard
                let end = lines[start...].firstIndex(where: { $0 == indent + "}" }),
                !lines[start...].prefix(while: { !$0.hasSuffix("{") }).contains(where: { $0.isEmpty })
            else { continue }
            found.append((line.trimmingCharacters(in: .whitespaces), end - start + 1))
        }
        return found
    }

    @Test func `functions are measured`() {
        let measured = Self.functions(["    func a() {", "        x", "    }", "", "    func b() { y }"])
        #expect(measured.count == 1 && measured[0].1 == 3)
    }

    static let forbidden: [(pattern: String, reason: String)] = [
        (#"\btry!"#, "a trap"), (#"\bas!"#, "a trap"), (#"\bfatalError\("#, "a trap"),
        (#"[\w\)\]]!([^=]|$)"#, "a trap"), (#"\.uppercased\(\)"#, "not ASCII only"),
        (#"\.lowercased\(\)"#, "not ASCII only"), (#"\.asciiValue"#, "CRLF is 10"),
        (#"\.wholeNumberValue"#, "takes any script's digits"),
        (#"\.isNewline|\.isWhitespace|\.isNumber|\.isLetter"#, "Unicode-wide"), (#"\bprint\("#, "IO"),
        (#"\bTODO\b|\bFIXME\b"#, "a note to self"),
    ]

    @Test func `the core has no traps on input and no characters`() throws {
        let forbidden = try Self.forbidden.map { (try Regex($0.pattern), $0.reason) }
        for folder in ["Sources/SMTPProtocol", "Sources/SMTPConnection"] {
            for file in try Self.sources(folder) {
                for line in file.lines {
                    let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
                    for (pattern, reason) in forbidden where code.contains(pattern) {
                        // An exclamation mark inside a string is text.
                        if reason == "a trap", code.contains("\"") { continue }
                        Issue.record("\(file.path): \(line) (\(reason))")
                    }
                }
            }
        }
    }

    @Test func `every section cited in the sources has a place in the Spec`() throws {
        func citations(_ text: String) -> Set<String> {
            Set(
                text.matches(of: #/RFC (\d+)((?:,? (?:and )?§[\d.]+\d|,? (?:and |to )?§\d+)+)/#).flatMap {
                    match in
                    match.output.2.matches(of: #/§([\d.]*\d)/#).map {
                        "RFC \(match.output.1) §\($0.output.1)"
                    }
                })
        }
        var cited: [String: String] = [:]
        for folder in ["Sources/SMTPProtocol", "Sources/SMTPConnection"] {
            for file in try Self.sources(folder) {
                for line in file.lines { for section in citations(line) { cited[section] = file.path } }
            }
        }
        #expect(cited.count > 30)
        let spec = Self.root.appending(path: "Spec")
        var known: Set<String> = []
        for case let page as URL in FileManager.default.enumerator(at: spec, includingPropertiesForKeys: nil)
            ?? .init()
        where page.pathExtension == "md" {
            let text = try String(contentsOf: page, encoding: .utf8)
            known.formUnion(citations(text))
            // An id that a case covers names its section: R5321-4.1.2-a is RFC 5321 §4.1.2.
            for line in text.split(separator: "\n") where line.hasPrefix("covers ") {
                known.formUnion(
                    line.matches(of: #/R(\d{4})-([\d.]*\d)-/#).map { "RFC \($0.output.1) §\($0.output.2)" })
            }
        }
        let exceptions = try String(
            contentsOf: Self.root.appending(path: "Tests/Tidy/sections-without-a-case.md"),
            encoding: .utf8)
        known.formUnion(citations(exceptions))
        for (section, path) in cited
        where !known.contains(where: { $0 == section || $0.hasPrefix(section + ".") }) {
            Issue.record("\(section), cited in \(path), has no case in Spec and no reasoned exception")
        }
    }
}
