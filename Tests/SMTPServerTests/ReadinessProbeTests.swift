import SMTPServer
import Testing

/// The probe, without sockets.
@Suite struct ReadinessProbeTests {
    struct Case: Sendable {
        let input: String
        let result: Result<[ReadinessProbe.Action], ProbeError>
        var isEnded = false
    }

    static let quit = ReadinessProbe.Action.send(Array("QUIT\r\n".utf8))

    @Test(arguments: [
        Case(input: "", result: .success([.wait])),
        Case(input: "22", result: .success([.wait])),
        Case(input: "220 ready\r\n", result: .success([quit, .wait])),
        Case(input: "220\r\n", result: .success([quit, .wait])),
        Case(input: "220-one\r\n220 two\r\n", result: .success([quit, .wait])),
        Case(input: "220-one\r\n", result: .success([.wait])),
        Case(input: "220 ready\r\n221 bye\r\n", result: .success([quit, .close])),
        Case(input: "220 ready\r\n", result: .success([quit, .close]), isEnded: true),
        Case(input: "", result: .failure(.closed), isEnded: true),
        Case(input: "220-one\r\n", result: .failure(.malformed), isEnded: true),
        Case(input: "554 5.3.2 no\r\n", result: .failure(.refused("554 5.3.2 no"))),
        Case(input: "421 \u{7}\r\n", result: .failure(.refused("421 ?"))),
        Case(input: "SSH-2.0-x\r\n", result: .failure(.malformed)),
        Case(input: "220 ready\n", result: .failure(.malformed)),
        Case(input: String(repeating: "x", count: 5000), result: .failure(.malformed)),
    ])
    func `a greeting, QUIT, and nothing else`(_ expected: Case) {
        for size in [1, 3, 5000] {
            #expect(Self.run(expected, piecesOf: size) == expected.result, "in pieces of \(size)")
        }
    }

    static func run(_ given: Case, piecesOf size: Int) -> Result<[ReadinessProbe.Action], ProbeError> {
        var probe = ReadinessProbe()
        var actions: [ReadinessProbe.Action] = []
        do throws(ProbeError) {
            let octets = Array(given.input.utf8)
            for start in stride(from: 0, to: octets.count, by: size) {
                try probe.receive(octets.span.extracting(start..<min(start + size, octets.count)))
                if case .send(let octets) = try probe.next() { actions.append(.send(octets)) }
            }
            if given.isEnded { probe.receiveEnd() }
            actions.append(try probe.next())
            return .success(actions)
        } catch {
            return .failure(error)
        }
    }
}
