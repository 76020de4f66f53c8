import SMTPConnection
import SMTPProtocol
import Synchronization

/// What `ServedConnection` does, as a value: one access to it for each call, however many questions it puts.
struct Attendance: ~Copyable {
    let id: ConnectionID
    private let observe: @Sendable (ServiceEvent) -> Void
    private let showsHandlerErrors: Bool
    private let handler: any Handler
    private let clock: (@Sendable () -> Instant)?
    private var connection: ServerConnection
    /// Input that arrived but may not be read yet, and how much of it has been taken.
    private var held: [UInt8] = []
    private var heldPosition = 0
    private var ready: ServedConnection.Transfer?
    /// The message that is being asked about, until it is known what became of it.
    private var candidate: (envelope: Envelope, size: Int)?

    /// A connection just accepted. `post` must bring a late answer to `receive(_:at:)` on the connection's own
    /// thread. Throws what `makeHandler` threw, already reported: close the socket.
    init(
        _ service: Service, peer: Endpoint, local: Endpoint, at now: Instant,
        clock: (@Sendable () -> Instant)?,
        post: @escaping @Sendable (LateAnswer) -> Void
    ) throws {
        do {
            guard let made = try service.makeHandler(peer) else { throw NoHandler() }
            handler = made
        } catch {
            service.observe(.handlerMissing(peer: peer, error))
            throw error
        }
        observe = service.observe
        showsHandlerErrors = service.showsHandlerErrors
        self.clock = clock
        id = .next()
        connection = ServerConnection(service.terms, peer: peer, local: local, at: now, deliver: post)
        observe(.connected(id, peer: peer))
    }

    // MARK: Inputs

    /// Bytes arrived. All of it is taken: what may not be read yet is kept.
    mutating func receive(_ bytes: Span<UInt8>, at now: Instant) {
        connection.receive(at: now)
        guard held.isEmpty, ready == nil else {
            keep(bytes, from: 0)
            return
        }
        var position = 0
        ready = run(bytes, &position)
        keep(bytes, from: position)
    }

    /// A late answer arrived. One that comes too late is dropped.
    mutating func receive(_ answer: LateAnswer, at now: Instant) {
        switch answer.result {
        case .success(let decided): connection.answer(decided, to: answer.ticket, at: now)
        case .failure(let error):
            if connection.answer(.reply(apology(for: error)), to: answer.ticket, at: now) {
                observe(.handlerFailed(id, error))
            }
        }
    }

    /// The peer closed its sending side.
    mutating func receiveEnd(at now: Instant) { connection.receiveEnd(at: now) }

    /// So many octets of the output have been handed to the operating system.
    mutating func sent(_ count: Int, at now: Instant) { connection.sent(count, at: now) }

    /// Lets time pass.
    mutating func advance(to now: Instant) { connection.advance(to: now) }

    /// Ends politely: `421` at the next command boundary.
    mutating func shutDown(at now: Instant) { connection.shutDown(at: now) }

    /// The transport failed, or is being cut.
    mutating func fail(at now: Instant) { connection.fail(at: now) }

    // MARK: Steps

    /// The next thing to do, once handlers that answer now have answered.
    mutating func next() -> ServedConnection.Transfer {
        if let transfer = ready {
            ready = nil
            return transfer
        }
        guard heldPosition < held.count else {
            var none = 0
            return run(Span(), &none)
        }
        let input = held
        var position = heldPosition
        let transfer = run(input.span, &position)
        heldPosition = position
        if heldPosition == held.count {
            held = []
            heldPosition = 0
        }
        return transfer
    }

    /// The octets that are still to be sent, in order.
    mutating func withOutput<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        connection.withOutput(body)
    }

    /// The deadline that falls next, and why.
    var nextDeadline: (deadline: Deadline, instant: Instant)? { connection.nextDeadline }

    private mutating func keep(_ bytes: Span<UInt8>, from position: Int) {
        guard position < bytes.count else { return }
        held.append(contentsOf: bytes.extracting(position..<bytes.count).copied)
    }

    /// Runs the machine over `input` until there is something for the adapter to do.
    private mutating func run(_ input: Span<UInt8>, _ position: inout Int) -> ServedConnection.Transfer {
        while true {
            switch connection.next(input, &position) {
            case .send: return .send
            case .finishSending: return .finishSending
            case .close: return .close
            case .wait(let until, let mayRead, let output):
                return .wait(until: until, input: mayRead, output: output)
            case .note(let notice): tell(notice)
            case .ask(let ticket): put(ticket, input)
            }
        }
    }

    // MARK: The handler

    private mutating func tell(_ notice: Notice) {
        if case .reset(let cause) = notice, let message = candidate {
            candidate = nil
            if cause == .delivered { observe(.accepted(id, message.envelope, size: message.size)) }
        }
        observe(.noticed(id, notice))
        connection.tell(handler, notice)
    }

    /// Puts the open question to the handler. An answer that comes now goes straight back, and the time it took is
    /// told: it is not the client's.
    private mutating func put(_ ticket: Ticket, _ input: Span<UInt8>) {
        if let message = connection.candidate() { candidate = message }
        let answer: Answer
        do {
            guard case .now(let decided) = try connection.consult(handler, input) else { return }
            answer = decided
        } catch {
            answer = apologize(for: error)
        }
        connection.answer(answer, to: ticket, at: clock?() ?? Instant(nanoseconds: .min))
    }

    /// Reports what a handler threw, and says what to answer. Whoever cannot be greeted is sent away.
    private func apologize(for error: any Error) -> Answer {
        observe(.handlerFailed(id, error))
        let reply = apology(for: error)
        return connection.isGreeting ? .close(Reply(421, reply.status, lines: reply.lines)) : .reply(reply)
    }

    /// 451, and nothing of the error's text unless the service says so.
    private func apology(for error: any Error) -> Reply {
        guard showsHandlerErrors else { return .localError }
        return Reply(451, EnhancedStatusCode(4, 3, 0), "Local error: \(error)")
    }
}

extension ConnectionID {
    private static let counter = Atomic<UInt64>(0)

    fileprivate static func next() -> Self {
        ConnectionID(number: counter.wrappingAdd(1, ordering: .relaxed).newValue)
    }
}
