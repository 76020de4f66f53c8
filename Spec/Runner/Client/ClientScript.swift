/// What is to happen in a client's case, in order. `S` lines that follow one another are one group, which arrives cut
/// in any way.
struct ClientScript: Sendable {
    private(set) var steps: [Step] = []
    private(set) var groups: [Script.Group] = []

    struct Step: Sendable {
        let act: Act
        let line: SpecLine
    }

    enum Act: Sendable {
        /// The group of this number arrives.
        case hear(Int)
        case serverCloses, serverResets
        /// The client says exactly this next.
        case says(Octets.Escaped)
        case silence, closes
        case wish(ClientLine.Wish)
        case told(ClientFact.Pattern)
        case wait(Duration)
    }

    /// All octets that arrive.
    var size: Int { groups.reduce(0) { $0 + $1.octets.count } }

    init(_ lines: [SpecLine]) throws(LineProblem) {
        var isOpen = false
        for line in lines where !line.isGiven {
            if let bytes = try Self.heard(line) {
                if !isOpen {
                    groups.append(Script.Group())
                    steps.append(Step(act: .hear(groups.count - 1), line: line))
                }
                isOpen = true
                let last = groups.count - 1
                groups[last].cuts += bytes.cuts.map { $0 + groups[last].octets.count }
                groups[last].octets += bytes.octets
                groups[last].lines.append(line)
            } else {
                isOpen = false
                steps.append(Step(act: try Self.act(line), line: line))
            }
        }
    }

    /// What an `S` line has the server say.
    private static func heard(_ line: SpecLine) throws(LineProblem) -> Octets.Escaped? {
        switch line.kind {
        case .reply(let codes): return .init(octets: codes.text + Octets.crlf)
        case .line(let text): return .init(octets: text + Octets.crlf)
        case .serverBytes(let bytes): return bytes
        default: return nil
        }
    }

    private static func act(_ line: SpecLine) throws(LineProblem) -> Act {
        switch line.kind {
        case .client(let bytes): .says(bytes)
        case .clientCloses: .closes
        case .serverCloses: .serverCloses
        case .wait(let duration): .wait(duration)
        case .clientRole(.silence): .silence
        case .clientRole(.resets): .serverResets
        case .clientRole(.request(let wish)): .wish(wish)
        case .clientRole(.told(let pattern)): .told(pattern)
        case .clientResets, .reply, .line, .pattern, .has, .lacks, .serverBytes, .silence, .asked, .answer,
            .shutDown,
            .tls, .given:
            throw LineProblem("`\(line.text)` means nothing with `given role client`", at: line.number)
        }
    }
}
