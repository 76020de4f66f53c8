import SMTPConnection
import SMTPProtocol

/// A client in memory and in virtual time, and the host program that it serves.
final class ClientLink {
    private var connection: ClientConnection
    private var now = Instant(nanoseconds: 0)
    private var waitsUntil: Instant?
    private var wants = ClientConnection.Wish.nothing
    private let split: Split
    /// The transactions that are not over, with their content as far as it is known.
    private var deliveries: [(id: RequestID, content: [UInt8]?)] = []
    private var requests: Set<RequestID> = []
    private(set) var output: [UInt8] = []
    private(set) var facts: [ClientFact] = []
    private(set) var isClosed = false
    /// What must never happen, if it has.
    private(set) var breach: String?
    private var isOver = false

    init(_ configuration: ClientConnection.Configuration, _ split: Split) {
        connection = ClientConnection(configuration, at: now)
        self.split = split
        drain([])
    }

    func hear(_ octets: ArraySlice<UInt8>) {
        connection.receive(at: now)
        drain(Array(octets))
    }

    func hearEnd() {
        connection.receiveEnd(at: now)
        drain([])
    }

    func fail() {
        connection.fail(at: now)
        drain([])
    }

    /// False if nobody wants it.
    func wish(_ wish: ClientLine.Wish) -> Bool {
        var isWanted = true
        switch wish {
        case .deliver(let envelope, let content):
            let summary = content.map { ContentSummary(of: $0.span) }
            if let id = connection.submit(.deliver(envelope, summary), at: now) {
                deliveries.append((id, content))
                requests.insert(id)
            }
        case .simple(let request):
            let id = connection.submit(request, at: now)
            if let id, request != .quit { requests.insert(id) }
        case .content(let content): isWanted = send(content, isLast: false)
        case .end: isWanted = send([], isLast: true)
        case .cancel: connection.cancel(at: now)
        }
        drain([])
        return isWanted
    }

    func wait(_ duration: Duration) {
        let target = now.advanced(by: duration)
        while let next = waitsUntil, next <= target, !isClosed {
            now = next
            connection.advance(to: now)
            drain([])
            if waitsUntil == next { break }
        }
        now = target
        connection.advance(to: now)
        drain([])
    }

    /// Brings the session to its end.
    func finish() {
        hearEnd()
        wait(.seconds(7200))
        if !isClosed { breach = breach ?? "the connection does not come to an end" }
        if facts.last?.words.first != "closed" { breach = breach ?? "the last thing told is not `H? closed`" }
        if !requests.isEmpty { breach = breach ?? "a request was never answered" }
    }

    func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    // MARK: The adapter's work

    private func send(_ content: [UInt8], isLast: Bool) -> Bool {
        guard wants == .content else { return false }
        connection.send(content: content.span, isLast: isLast, at: now)
        return true
    }

    private func drain(_ input: [UInt8]) {
        var position = 0
        while true {
            switch connection.next(input.span, &position) {
            case .note(let notice): take(notice)
            case .send:
                let octets = connection.withOutput { octets in
                    unsafe octets.withUnsafeBufferPointer { unsafe Array($0) }
                }
                if isClosed { breach = breach ?? "the client spoke after its end" }
                output += octets
                connection.sent(octets.count, at: now)
            case .close: isClosed = true
            case .wait(let until, _, _, let wants):
                waitsUntil = until
                self.wants = wants
                guard wants == .content, let content = deliveries.first?.content else { return }
                deliveries[0].content = nil
                supply(content)
            }
        }
    }

    /// All of the content, cut like what the server says.
    private func supply(_ content: [UInt8]) {
        let pieces = split.pieces(of: Script.Group(octets: content), 1 << 16)
        for piece in pieces {
            connection.send(content: Array(piece).span, isLast: false, at: now)
        }
        connection.send(content: Span(), isLast: true, at: now)
    }

    private func take(_ notice: ClientNotice) {
        if isOver { breach = breach ?? "the host was told something after `H? closed`" }
        switch notice {
        case .finished(let outcomes, let id):
            let index = deliveries.firstIndex { $0.id == id }
            if index == nil || outcomes.isEmpty { breach = breach ?? "outcomes nobody waits for" }
            if let index { deliveries.remove(at: index) }
            answered(id)
        case .replied(_, let id), .failed(_, let id): answered(id)
        case .closed: isOver = true
        case .greeted, .introduced, .secured: break
        }
        facts += ClientFact.facts(notice)
    }

    private func answered(_ id: RequestID) {
        if requests.remove(id) == nil { breach = breach ?? "a request was answered twice" }
    }
}
