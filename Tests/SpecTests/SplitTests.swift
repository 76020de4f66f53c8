import Testing

@testable import SpecRunner

@Suite struct SplitTests {
    private func script(_ lines: String) throws -> Script { try specCase(lines).script }

    @Test func `the pieces of every split make the group`() throws {
        let script = try script(
            "C= hello\\r\\|\\nNO\\|\\|OP\\r\\n\\|\nC: QUIT\nS: 220\nC: \(String(repeating: "x", count: 300))")
        #expect(script.groups.count == 2)
        let splits = Split.all(for: script)
        #expect(splits.first == .whole)
        for split in splits {
            for (number, group) in script.groups.enumerated() {
                let pieces = split.pieces(of: group, number)
                #expect(Array(pieces.joined()) == group.octets, "\(split)")
                #expect(pieces.allSatisfy { !$0.isEmpty }, "\(split)")
                #expect(split.pieces(of: group, number) == pieces, "\(split) is the same every time")
            }
        }
        let forced = Split.forced.pieces(of: script.groups[0], 0).map { String(decoding: $0, as: UTF8.self) }
        #expect(forced == ["hello\r", "\nNO", "OP\r\n", "QUIT\r\n"])
    }

    @Test func `a small case is played at every size and fifty times at random`() throws {
        let splits = Split.all(for: try script("C: \(String(repeating: "x", count: 98))\nS: 500\nC= \\|abc"))
        #expect(splits.filter { if case .size = $0 { true } else { false } } == (1..<100).map { .size($0) })
        #expect(splits.filter { if case .random = $0 { true } else { false } }.count == 50)
        #expect(splits.contains(.forced))
    }

    @Test func `a large case is played at small sizes and at powers of two`() throws {
        let splits = Split.all(for: try script("C= a\\{5000}"))
        let sizes = splits.compactMap { if case .size(let size) = $0 { size } else { nil } }
        #expect(sizes == Array(1...64) + [128, 256, 512, 1024, 2048, 4096])
        #expect(!splits.contains(.forced))
    }

    @Test func `a huge case has a bounded number of pieces`() throws {
        let script = try script("C= a\\{3000000}")
        for split in Split.all(for: script) {
            #expect(split.pieces(of: script.groups[0], 0).count <= 3 * Split.mostPieces, "\(split)")
            if case .random = split {
                #expect(split.pieces(of: script.groups[0], 0).count <= 2 * Split.mostRandomPieces, "\(split)")
            }
        }
    }

    @Test func `random splits differ from one another`() throws {
        let script = try script("C: \(String(repeating: "x", count: 60))")
        let cuts = Set((1...50).map { Split.random(UInt64($0)).pieces(of: script.groups[0], 0).map(\.count) })
        #expect(cuts.count > 30)
    }
}
