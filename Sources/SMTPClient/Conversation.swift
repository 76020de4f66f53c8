import SMTPConnection
import SMTPProtocol
import SMTPSockets

/// One connection to a server, driven by the thread that has something to send.
final class Conversation {
    private let socket: BlockingClient
    private let current: CurrentSocket
    private let tracer: Tracer?
    private var connection: ClientConnection
    private var input: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)
    private var results: [RecipientOutcome]?
    private let authentication: Authentication?
    /// What came of logging in: nil until it is over.
    private var login: Login?
    private var content: (octets: [UInt8], sent: Int)?
    private var isClosed = false

    private enum Login: Equatable {
        case done
        case failed(ClientFailure)
    }

    /// Octets of content that are handed in at a time.
    private static let pieceSize = 48 << 10

    /// Connects to the first address that answers, each in its own time.
    init(_ configuration: Client.Configuration, _ current: CurrentSocket) throws(ClientError) {
        let endpoints: [Endpoint]
        do { endpoints = try configuration.server.resolved() } catch { throw .unresolved(error) }
        var failures: [SocketError] = []
        var found: BlockingClient?
        for endpoint in endpoints where found == nil {
            do throws(SocketError) {
                found = try BlockingClient(
                    connectingTo: endpoint, timeout: configuration.connection.timeouts.connecting)
            } catch {
                failures.append(error)
            }
        }
        guard let found else { throw .unreachable(failures) }
        socket = found
        self.current = current
        authentication = configuration.authentication
        tracer = configuration.trace.map { Tracer($0) }
        var settings = configuration.connection
        if configuration.usesAddressAsName, let literal = found.local.literal {
            settings.session = settings.session.renamed(literal)
        }
        connection = ClientConnection(settings, at: MonotonicClock.now())
    }

    /// Whether it can take another message: what the server said meanwhile has been read.
    func isAlive() -> Bool {
        guard !isClosed else { return false }
        read()
        run { true }
        return !isClosed && connection.phase == .ready
    }

    /// Sends one message; an outcome for each recipient.
    func deliver(_ envelope: Envelope, _ octets: [UInt8], _ summary: ContentSummary) -> [RecipientOutcome] {
        current.begin(socket.descriptor)
        defer { current.end() }
        if case .failed(let failure) = logIn() {
            return envelope.recipients.map { RecipientOutcome($0.path, failure) }
        }
        results = nil
        content = (octets, 0)
        connection.submit(.deliver(envelope, summary), at: MonotonicClock.now())
        run { self.results != nil }
        content = nil
        return results ?? []
    }

    /// Once, before the first message.
    private func logIn() -> Login {
        guard let authentication, login == nil else { return login ?? .done }
        connection.submit(.authenticate(authentication), at: MonotonicClock.now())
        run { self.login != nil }
        let login = login ?? .failed(ClientFailure(.connectionLost, in: .authentication))
        self.login = login
        return login
    }

    /// Says QUIT and waits a little for the answer.
    func quit() {
        guard !isClosed else { return }
        connection.submit(.quit, at: MonotonicClock.now())
        run { false }
    }

    // MARK: The adapter's work

    /// Goes on until `isDone`, or the end of the connection.
    private func run(until isDone: () -> Bool) {
        while !isClosed {
            var position = 0
            let action = connection.next(input.span, &position)
            if position > 0 { input.removeFirst(position) }
            switch action {
            case .note(.finished(let outcomes, _)): results = outcomes
            case .note(.replied(let reply, _)):
                login =
                    reply.code.severity == .completion
                    ? .done : .failed(ClientFailure(.refused(reply), in: .authentication))
            case .note(.failed(let failure, _)): login = .failed(failure)
            case .note: break
            case .send: write()
            case .close:
                isClosed = true
                socket.close()
            case .wait(let until, let wantsInput, let hasOutput, let wants):
                if wants == .content, supply() { continue }
                if isDone() { return }
                var wanted: Descriptor.Readiness = wantsInput ? .input : []
                if hasOutput { wanted.insert(.output) }
                let readiness = Descriptor.wait(socket.descriptor, for: wanted, until: until)
                if current.isCancelled { connection.cancel(at: MonotonicClock.now()) }
                if readiness.contains(.output) { write() }
                if readiness.contains(.input) { read() }
                connection.advance(to: MonotonicClock.now())
            }
        }
    }

    private func supply() -> Bool {
        guard let piece = content else { return false }
        let end = min(piece.sent + Self.pieceSize, piece.octets.count)
        let isLast = end == piece.octets.count
        tracer?.contentBegins()
        connection.send(
            content: piece.octets.span.extracting(piece.sent..<end), isLast: isLast, at: MonotonicClock.now())
        content = isLast ? nil : (piece.octets, end)
        return true
    }

    private func write() {
        let isSecret = connection.phase == .authentication
        let outcome = connection.withOutput { octets in
            let outcome = Descriptor.send(socket.descriptor, octets)
            if case .moved(let count) = outcome {
                tracer?.sent(octets.extracting(first: count), isSecret: isSecret)
            }
            return outcome
        }
        switch outcome {
        case .moved(let count): connection.sent(count, at: MonotonicClock.now())
        case .wouldBlock: connection.sent(0, at: MonotonicClock.now())
        case .failed: connection.fail(at: MonotonicClock.now())
        }
    }

    private func read() {
        switch Descriptor.receive(socket.descriptor, into: &buffer) {
        case .moved(0): connection.receiveEnd(at: MonotonicClock.now())
        case .moved(let count):
            input += buffer[..<count]
            tracer?.received(
                buffer.span.extracting(first: count), isSecret: connection.phase == .authentication)
            connection.receive(at: MonotonicClock.now())
        case .wouldBlock: break
        case .failed: connection.fail(at: MonotonicClock.now())
        }
    }
}

/// The socket that is being used, for whoever wants to break it off.
final class CurrentSocket: Sendable {
    private let lock = PosixLock()
    private nonisolated(unsafe) var descriptor: Int32 = -1
    private nonisolated(unsafe) var wasCancelled = false

    /// Whether it was broken off.
    var isCancelled: Bool { lock.withLock { unsafe wasCancelled } }

    func begin(_ descriptor: Int32) {
        lock.withLock {
            unsafe self.descriptor = descriptor
            unsafe wasCancelled = false
        }
    }

    func end() {
        lock.withLock {
            unsafe descriptor = -1
            unsafe wasCancelled = false
        }
    }

    func cancel() {
        lock.withLock {
            guard unsafe descriptor >= 0 else { return }
            unsafe wasCancelled = true
            Descriptor.shutdownBoth(unsafe descriptor)
        }
    }
}

/// Cuts what goes over the wire into lines for people.
final class Tracer {
    private let write: @Sendable (TraceLine) -> Void
    private var partOfOurs: [UInt8] = []
    private var partOfTheirs: [UInt8] = []
    private var contentSize: Int?

    init(_ write: @escaping @Sendable (TraceLine) -> Void) { self.write = write }

    /// What is sent from here on is content, up to the server's next word.
    func contentBegins() { contentSize = contentSize ?? 0 }

    func sent(_ octets: Span<UInt8>, isSecret: Bool) {
        guard contentSize == nil else {
            contentSize = (contentSize ?? 0) + octets.count
            return
        }
        Self.lines(octets, &partOfOurs) { write(.client(isSecret ? Self.hidden($0, after: "AUTH ") : $0)) }
    }

    func received(_ octets: Span<UInt8>, isSecret: Bool) {
        if let size = contentSize { write(.content(size)) }
        contentSize = nil
        Self.lines(octets, &partOfTheirs) { write(.server(isSecret ? Self.hidden($0, after: "334") : $0)) }
    }

    /// The line without what is said in an exchange: AUTH keeps its mechanism, 334 its code, other replies all.
    private static func hidden(_ line: String, after word: String) -> String {
        let isServers = word.utf8.count == 3
        guard line.hasPrefix(word) else { return isServers ? line : "<redacted \(line.utf8.count) octets>" }
        let words = line.utf8.split(separator: 32, maxSplits: isServers ? 1 : 2)
        guard words.count == (isServers ? 2 : 3), let secret = words.last else { return line }
        let shown = words.dropLast().map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        return "\(shown) <redacted \(secret.count) octets>"
    }

    private static func lines(_ octets: Span<UInt8>, _ part: inout [UInt8], _ write: (String) -> Void) {
        for index in octets.indices {
            if octets[index] == 10 {
                if part.last == 13 { part.removeLast() }
                write(String(decoding: part, as: UTF8.self))
                part = []
            } else if part.count < 4096 {
                part.append(octets[index])
            }
        }
    }
}

extension Endpoint {
    /// The address as it follows EHLO, if it is one.
    fileprivate var literal: AddressLiteral? {
        guard case .tcp(let host, _) = self else { return nil }
        let tag = host.utf8.contains(UInt8(ascii: ":")) ? "IPv6:" : ""
        guard case .literal(let literal)? = try? MailDomain("[\(tag)\(host)]") else { return nil }
        return literal
    }
}
