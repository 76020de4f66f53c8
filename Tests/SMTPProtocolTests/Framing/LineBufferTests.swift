import Testing

@testable import SMTPProtocol

@Suite struct LineBufferTests {
    /// What became of a line.
    enum Line: Equatable {
        case line([UInt8])
        case tooLong(octets: Int)
    }

    /// What became of a stream.
    struct Lines: Equatable {
        var lines: [Line] = []
        /// Octets of the last line, that has not ended.
        var rest = 0
    }

    /// Cuts a whole stream into lines, straight from the definition.
    static func cutSlowly(_ stream: [UInt8], limit: Int, acceptsBareLF: Bool) -> Lines {
        var result = Lines()
        var line: [UInt8] = []
        for octet in stream {
            line.append(octet)
            let endsWithCRLF = line.suffix(2) == [13, 10]
            guard endsWithCRLF || (acceptsBareLF && octet == 10) else { continue }
            let text = Array(line.dropLast(endsWithCRLF ? 2 : 1))
            result.lines.append(line.count > limit ? .tooLong(octets: line.count) : .line(text))
            line = []
        }
        result.rest = line.count
        return result
    }

    /// Lets the buffer read `stream` in pieces that end at `cuts`.
    static func cut(_ stream: [UInt8], limit: Int, acceptsBareLF: Bool, cuts: [Int]) -> Lines {
        var buffer = LineBuffer()
        var result = Lines()
        var from = 0
        for to in cuts + [stream.count] {
            // An octet before the position may not be looked at.
            let input = [13] + stream[from..<to]
            var position = 1
            var event = LineBuffer.Event.needsInput
            repeat {
                let wasMidLine = buffer.isMidLine
                event = buffer.next(input.span, &position, limit: limit, acceptsBareLF: acceptsBareLF)
                switch event {
                case .line(let range):
                    #expect(!wasMidLine)
                    result.lines.append(.line(Array(input[range.start..<range.end])))
                case .stored:
                    #expect(wasMidLine)
                    result.lines.append(.line(buffer.bytes))
                    // Both ways of going on are right.
                    if position.isMultiple(of: 2) { buffer.finish() }
                case .tooLong:
                    #expect(buffer.bytes.isEmpty)
                    result.lines.append(.tooLong(octets: buffer.dropped))
                case .needsInput:
                    #expect(position == input.count)
                }
                #expect(buffer.bytes.count <= limit)
                if event != .needsInput { #expect(!buffer.isMidLine) }
            } while event != .needsInput
            from = to
        }
        result.rest = buffer.bytes.count + buffer.dropped
        #expect(buffer.isMidLine == (result.rest > 0))
        buffer.finish()
        #expect(!buffer.isMidLine && buffer.bytes.capacity == 0 && buffer.dropped == 0)
        return result
    }

    static let streams = [
        "", "\r", "\n", "\r\n", "\n\r", "\r\r\n", "\r\n\r\n", "NOOP\r\n", "NOOP\n", "NOOP\rNOOP\r\n",
        "NOOP\nNOOP\r\n", "A\r\nBC\r\nDEF\r\nGHIJ", "abcdefgh\r\nQUIT\r\n",
        "abcdefg\r\r\n\nabcdefgh\r\r\n\r\n",
        "\n\n\r\r\n\r", "abcdefghijklmnop",
    ].map { Array($0.utf8) }

    @Test(arguments: streams)
    func everySplitIsTheSame(_ stream: [UInt8]) {
        for limit in [1, 2, 3, 6, 8, 9, 10, 512] {
            for acceptsBareLF in [false, true] {
                let expected = Self.cutSlowly(stream, limit: limit, acceptsBareLF: acceptsBareLF)
                let every = Array(0...stream.count)
                #expect(Self.cut(stream, limit: limit, acceptsBareLF: acceptsBareLF, cuts: every) == expected)
                for first in every {
                    for second in first...stream.count {
                        let lines = Self.cut(
                            stream, limit: limit, acceptsBareLF: acceptsBareLF, cuts: [first, second])
                        #expect(lines == expected, "limit \(limit), cut at \(first) and \(second)")
                    }
                }
            }
        }
    }

    @Test func randomStreamsAreCutLikeTheOracleCutsThem() {
        var numbers = Numbers(state: 7)
        for _ in 0..<2000 {
            let alphabet: [UInt8] = [13, 10, 97, 98, 0, 13, 10, 97]
            let stream = (0..<numbers.below(60)).map { _ in alphabet[numbers.below(8)] }
            let limit = 1 + numbers.below(12)
            let acceptsBareLF = numbers.below(2) == 0
            let cuts = (0..<numbers.below(9)).map { _ in numbers.below(stream.count + 1) }.sorted()
            let expected = Self.cutSlowly(stream, limit: limit, acceptsBareLF: acceptsBareLF)
            let lines = Self.cut(stream, limit: limit, acceptsBareLF: acceptsBareLF, cuts: cuts)
            #expect(lines == expected, "\(stream), limit \(limit), \(acceptsBareLF), \(cuts)")
        }
    }

    @Test func anEndlessLineNeedsNoStorage() {
        var buffer = LineBuffer()
        let input = [UInt8](repeating: 97, count: 1000)
        for round in 1...100 {
            var position = 0
            #expect(buffer.next(input.span, &position, limit: 2048, acceptsBareLF: false) == .needsInput)
            #expect(buffer.bytes.count <= 2048 && buffer.isMidLine)
            #expect(buffer.dropped == (round > 2 ? round * 1000 : 0))
        }
        #expect(buffer.bytes.capacity == 0)
    }

    @Test func aWholeLineIsNotCopied() {
        var buffer = LineBuffer()
        let input = Array("EHLO a\r\nNOOP\r\nQU".utf8)
        var position = 0
        func next() -> LineBuffer.Event {
            buffer.next(input.span, &position, limit: 512, acceptsBareLF: false)
        }
        #expect(next() == .line(ByteRange(0, 6)))
        #expect(position == 8)
        #expect(next() == .line(ByteRange(8, 12)))
        #expect(buffer.bytes.capacity == 0)
        #expect(next() == .needsInput)
        #expect(buffer.bytes == Array("QU".utf8))
    }
}
