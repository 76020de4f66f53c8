import SMTPConnection
import SMTPProtocol
import Synchronization

/// What `ServedConnection` does, as a value: one access to it for each call, however many questions it puts.
struct Attendance: ~Copyable {
    let id: ConnectionID
    private let service: Service
    private let handler: any Handler
    private let clock: (@Sendable () -> Instant)?
    private let post: @Sendable (LateAnswer) -> Void
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
            handler = try service.makeHandler(peer)
        } catch {
            service.observe(.handlerMissing(peer: peer, error))
            throw error
        }
        self.service = service
        self.clock = clock
        self.post = post
        id = .next()
        connection = ServerConnection(service.connection, peer: peer, local: local, at: now)
        service.observe(.connected(id, peer: peer))
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
                service.observe(.handlerFailed(id, error))
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
    func withOutput<Result>(_ body: (Span<UInt8>) -> Result) -> Result { connection.withOutput(body) }

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
            case .ask(let question, let ticket): put(question, ticket, input)
            }
        }
    }

    // MARK: The handler

    private mutating func tell(_ notice: Notice) {
        if case .reset(let cause) = notice, let message = candidate {
            candidate = nil
            if cause == .delivered { service.observe(.accepted(id, message.envelope, size: message.size)) }
        }
        service.observe(.noticed(id, notice))
        handler.observe(
            notice, in: Context(session: connection.info, later: Responder(Ticket(number: 0), post)))
    }

    /// Puts one question to the handler. An answer that comes now goes straight back, and the time it took is told:
    /// it is not the client's.
    private mutating func put(_ question: Question, _ ticket: Ticket, _ input: Span<UInt8>) {
        if case .message(let envelope, let size) = question { candidate = (envelope, size) }
        guard let answer = consult(question, ticket, input) else { return }
        connection.answer(answer, to: ticket, at: clock?() ?? Instant(nanoseconds: .min))
    }

    /// What the handler says now; `nil` for later. Not inlined: the context, which shares the envelope, must be gone
    /// before the answer changes it, or each recipient would cost a copy of all.
    @inline(never)
    private func consult(_ question: Question, _ ticket: Ticket, _ input: Span<UInt8>) -> Answer? {
        do {
            let context = Context(session: connection.info, later: Responder(ticket, post))
            switch try decide(question, context, input) {
            case .now(let answer): return answer
            case .later: return nil
            }
        } catch {
            service.observe(.handlerFailed(id, error))
            guard case .connect = question else { return .reply(apology(for: error)) }
            let reply = apology(for: error)
            return .close(Reply(421, reply.status, lines: reply.lines))
        }
    }

    private func decide(_ question: Question, _ context: Context, _ input: Span<UInt8>) throws -> Decision {
        switch question {
        case .connect: try handler.connected(in: context)
        case .hello(let hello, let offering): try handler.hello(hello, offering: offering, in: context)
        case .mail(let path, let parameters): try handler.mail(path, parameters, in: context)
        case .recipient(let path, let parameters): try handler.recipient(path, parameters, in: context)
        case .data: try handler.data(in: context)
        case .content(let piece):
            try connection.withContent(piece, in: input) { try handler.content($0, in: context) }
        case .message(let envelope, let size): try handler.message(envelope, size: size, in: context)
        case .verify(let argument): try handler.verify(argument, in: context)
        case .expand(let argument): try handler.expand(argument, in: context)
        case .help(let argument): try handler.help(argument, in: context)
        case .noOperation(let argument): try handler.noOperation(argument, in: context)
        case .command(let verb, let argument): try handler.command(verb, argument: argument, in: context)
        }
    }

    /// 451, and nothing of the error's text unless the service says so.
    private func apology(for error: any Error) -> Reply {
        guard service.showsHandlerErrors else { return .localError }
        return Reply(451, EnhancedStatusCode(4, 3, 0), "Local error: \(error)")
    }
}

extension ConnectionID {
    private static let counter = Atomic<UInt64>(0)

    fileprivate static func next() -> Self {
        ConnectionID(number: counter.wrappingAdd(1, ordering: .relaxed).newValue)
    }
}
