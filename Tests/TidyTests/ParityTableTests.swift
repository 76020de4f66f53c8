import Foundation
import Testing

/// `Tests/Parity.md` tells the truth.
@Suite struct ParityTableTests {
    struct Row {
        let reference: String
        let here: String
        let over: String
    }

    static func rows() throws -> [Row] {
        let text = try String(
            contentsOf: TidyTests.root.appending(path: "Tests/Parity.md"), encoding: .utf8)
        return text.split(separator: "\n").filter { $0.hasPrefix("| `test_") }.map { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return Row(
                reference: cells[0].trimmingCharacters(in: ["`"]), here: cells.count > 1 ? cells[1] : "",
                over: cells.count > 2 ? cells[2] : "")
        }
    }

    /// What stands before the test of this name, as far as its attribute goes; nil if there is no such test.
    static func attribute(of name: String, in text: String) -> String? {
        guard let place = text.range(of: "func `\(name)`(") else { return nil }
        guard let start = text[..<place.lowerBound].range(of: "@Test", options: .backwards) else {
            return nil
        }
        return String(text[start.lowerBound..<place.lowerBound])
    }

    @Test func `every test of the reference has a row`() throws {
        let names = try Self.rows().map(\.reference)
        #expect(names.count == 35)
        #expect(Set(names).count == names.count)
    }

    @Test func `every row names a test that is there and is run for what it says`() throws {
        for row in try Self.rows() {
            let parts = row.here.components(separatedBy: ".swift: ")
            guard parts.count == 2 else {
                let reasons = ["by type: "]
                #expect(reasons.contains { row.here.hasPrefix($0) } && row.over == "–", "\(row)")
                continue
            }
            let file = TidyTests.root.appending(path: "Tests/\(parts[0]).swift")
            let text = try String(contentsOf: file, encoding: .utf8)
            let attribute = try #require(Self.attribute(of: parts[1], in: text), "\(row)")
            switch row.over {
            case "values": #expect(!attribute.contains("backends"), "\(row)")
            case "backends": #expect(attribute.contains("backends"), "\(row)")
            case "places": #expect(attribute.contains("backends, Place.here"), "\(row)")
            default: Issue.record("\(row) is run for nothing that is known")
            }
        }
    }

    @Test func `a test that is not there is found out`() {
        let text = "@Test(arguments: backends)\nfunc `is there`(_ x: X) {}\n"
        #expect(Self.attribute(of: "is there", in: text)?.contains("backends") == true)
        #expect(Self.attribute(of: "is not there", in: text) == nil)
        #expect(Self.attribute(of: "is", in: text) == nil)
    }
}
