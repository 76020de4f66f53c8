import Testing

@testable import SMTPProtocol

/// The fast way through command lines against the slow one.
@Suite struct LineScannerTests {
    @Test func `every octet at every place is told from printable ASCII`() {
        for count in 0..<20 {
            for place in 0..<max(count, 1) {
                for octet in UInt8.min ... .max {
                    var input = [UInt8](repeating: 126, count: count)
                    if place < count { input[place] = octet }
                    let isPrintable = count == 0 || (32...126).contains(octet)
                    let found = LineScanner.firstUnprintable(input.span, from: 0)
                    #expect(found == (isPrintable ? count : place), "\(octet) at \(place) of \(count)")
                }
            }
        }
    }

    @Test func `a search begins where it is told to`() {
        let input: [UInt8] = [13, 10] + Array("NOOP\r\n".utf8)
        #expect(LineScanner.firstUnprintable(input.span, from: 2) == 6)
    }

    @Test func `a plain line is the one that the buffer finds, and every other is left to it`() {
        var numbers = Numbers(state: 3)
        let alphabet: [UInt8] = [13, 10, 97, 32, 126, 127, 0, 200, 9, 97, 97, 97]
        var plain = 0
        for _ in 0..<20_000 {
            let text = (0..<numbers.below(24)).map { _ in alphabet[2 + numbers.below(10)] }
            let ends: [[UInt8]] = [[13, 10], [13, 10], [13, 10, 13, 10], [10], [13], [], [13, 13, 10]]
            let input = [10] + text + ends[numbers.below(7)]
            let limit = 1 + numbers.below(30)
            var fast = LineBuffer()
            var slow = LineBuffer()
            var position = 1
            var other = 1
            let range = fast.nextPlain(input.span, &position, limit: limit)
            let event = slow.next(input.span, &other, limit: limit, acceptsBareLF: false)
            if let range {
                plain += 1
                #expect(event == .line(range) && position == other, "\(input), limit \(limit)")
            } else {
                #expect(position == 1 && fast.isEmpty)
                guard case .line(let line) = event else { continue }
                let octets = input[line.start..<line.end]
                #expect(!octets.allSatisfy { (32...126).contains($0) }, "\(input), limit \(limit)")
            }
        }
        #expect(plain > 500)
    }

    @Test func `no line is plain that began in an earlier input`() {
        var buffer = LineBuffer()
        var position = 0
        let first = Array("NO".utf8)
        #expect(buffer.next(first.span, &position, limit: 512, acceptsBareLF: false) == .needsInput)
        position = 0
        let second = Array("OP\r\n".utf8)
        #expect(buffer.nextPlain(second.span, &position, limit: 512) == nil && position == 0)
    }
}
