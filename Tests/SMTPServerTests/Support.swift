import Glibc
import SMTPConnection
import SMTPDispatch
import SMTPHandlers
import SMTPLibUV
import SMTPProtocol
import SMTPServer
import SMTPSockets
import SMTPThreads
import Testing

/// A runtime that the tests of this folder are run for.
struct Backend: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable () -> any Runtime
    /// Whether a handler that blocks holds up its own client only.
    let toleratesBlocking: Bool
    /// A runtime on a loop of the caller's.
    let makeOnCallersLoop: @Sendable () -> CallersLoop
}

let backends = [
    Backend(
        testDescription: "Threads", make: { ThreadRuntime() }, toleratesBlocking: true,
        makeOnCallersLoop: { CallersLoop(running: ThreadRuntime(), .threads) }),
    Backend(
        testDescription: "LibUV", make: { LibUVRuntime(loops: 1) }, toleratesBlocking: false,
        makeOnCallersLoop: { .libUV() }),
    Backend(
        testDescription: "LibUV, three loops", make: { LibUVRuntime(loops: 3) }, toleratesBlocking: false,
        makeOnCallersLoop: { CallersLoop(running: LibUVRuntime(loops: 3), .severalLoops) }),
    Backend(
        testDescription: "Dispatch", make: { DispatchRuntime(loops: 1) }, toleratesBlocking: false,
        makeOnCallersLoop: { .dispatch() }),
    Backend(
        testDescription: "Dispatch, three queues", make: { DispatchRuntime(loops: 3) },
        toleratesBlocking: false,
        makeOnCallersLoop: { CallersLoop(running: DispatchRuntime(loops: 3), .severalLoops) }),
]

/// A loop that belongs to the test, and a runtime on it.
struct CallersLoop: Sendable {
    let runtime: any Runtime
    /// Lets the loop run; returns at once.
    let run: @Sendable () -> Void
    /// Stops the loop; returns when nobody is in it.
    let stop: @Sendable () throws -> Void
    /// Does other work on the loop while it runs; nil where the loop does nothing else.
    let perform: (@Sendable (@escaping @Sendable () -> Void) -> Void)?
    /// Whether sessions stand still while nobody is in the loop.
    let carriesSessions: Bool
    /// Whether the calling thread is the loop's; nil where sessions are carried by several threads.
    let isCurrent: (@Sendable () -> Bool)?
}

extension CallersLoop {
    /// Whose threads carry the sessions.
    enum Kind { case threads, oneLoop, severalLoops }

    /// Calls `run` and `stop` of the runtime itself.
    init(running runtime: any Runtime, _ kind: Kind) {
        let current = Shared<pthread_t?>(nil)
        let isCurrent: @Sendable () -> Bool = { current.value == pthread_self() }
        let runs = Shared(0)
        self.init(
            runtime: runtime,
            run: {
                runs.update { $0 += 1 }
                let failure = startThread {
                    current.update { $0 = pthread_self() }
                    runtime.run()
                    runs.update { $0 -= 1 }
                }
                precondition(failure == 0)
            },
            stop: {
                guard runs.value > 0 else { return }
                runtime.stop()
                try runs.wait("run") { $0 == 0 }
            }, perform: nil, carriesSessions: kind != .threads, isCurrent: kind == .oneLoop ? isCurrent : nil)
    }
}

/// What all tests of one kind of address are run for.
enum Place: Sendable, CaseIterable {
    case ipv4, ipv6, unix

    static let here = allCases.filter { $0 != .ipv6 || Loopback.ipv6Failure() == nil }

    func endpoint(_ directory: TemporaryDirectory) -> Endpoint {
        switch self {
        case .ipv4: .tcp(host: "127.0.0.1", port: 0)
        case .ipv6: .tcp(host: "::1", port: 0)
        case .unix: .unix(path: "\(directory.path)/socket")
        }
    }
}

let anyPort = Endpoint.tcp(host: "127.0.0.1", port: 0)

/// A deadline that no passing test reaches.
func patience() -> Instant { MonotonicClock.now().advanced(by: .seconds(60)) }

/// A thing that did not happen in time.
struct Overdue: Error { let what: String }

struct Trouble: Error, Equatable { let text: String }

/// A value that threads share and wait for.
final class Shared<Value>: @unchecked Sendable {
    private let condition = Condition()
    private var stored: Value

    init(_ value: Value) { stored = value }

    var value: Value { condition.withLock { stored } }

    func update(_ change: (inout Value) -> Void) {
        condition.withLock {
            change(&stored)
            condition.broadcast()
        }
    }

    /// Waits until the value is as wanted.
    func wait(_ what: String = "a shared value", until isWanted: (Value) -> Bool) throws {
        let deadline = patience()
        try condition.withLock {
            while !isWanted(stored) {
                guard condition.wait(until: deadline) else { throw Overdue(what: what) }
            }
        }
    }
}

/// A handler made of closures; what is not set is accepted.
final class Scripted: Handler {
    struct Script: Sendable {
        var connected: (@Sendable (Context) throws -> Decision)?
        var recipient: (@Sendable (Context) throws -> Decision)?
        var message: (@Sendable (Context) throws -> Decision)?
        var closed: (@Sendable (CloseCause) -> Void)?
    }

    private let script: Script

    init(_ script: Script) { self.script = script }

    func connected(in context: Context) throws -> Decision { try script.connected?(context) ?? .accept }

    func recipient(
        _ path: ForwardPath, _ parameters: RecipientParameters, in context: Context
    ) throws -> Decision { try script.recipient?(context) ?? .accept }

    func message(_ envelope: Envelope, size: Int, in context: Context) throws -> Decision {
        try script.message?(context) ?? .accept
    }

    func observe(_ notice: Notice, in context: Context) {
        if case .closed(let cause) = notice { script.closed?(cause) }
    }
}

let configuration = ServerConnection.Configuration(.init(hostname: "mx.example.org"))

func service(_ change: (inout Scripted.Script) -> Void = { _ in }) -> Service {
    var script = Scripted.Script()
    change(&script)
    let fixed = script
    return Service(configuration) { _ in Scripted(fixed) }
}

/// Starts a controller, runs `body` with its first address, and stops it whatever happens.
func serving(
    _ backend: Backend, _ service: Service, on endpoints: [Endpoint] = [anyPort],
    grace: Duration = .seconds(20),
    _ body: (Endpoint, Controller) throws -> Void
) throws {
    let controller = Controller(backend.make(), service: service, endpoints: endpoints)
    try controller.start(readyTimeout: .seconds(20))
    defer { try? controller.stop(grace: grace, ifRunning: true) }
    try body(try #require(controller.endpoints.first), controller)
}

/// A client that speaks line by line. One thread at a time has it.
final class Client: @unchecked Sendable {
    let connection: BlockingClient
    private var buffer: [UInt8] = []
    private var hasEnded = false

    init(_ endpoint: Endpoint) throws {
        connection = try BlockingClient(connectingTo: endpoint, timeout: .seconds(20))
    }

    func send(_ text: String) throws { try connection.send(Array(text.utf8), deadline: patience()) }

    /// The next line without its end; nil when the server has ended the connection.
    func line() throws -> String? {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                defer { buffer.removeSubrange(...end) }
                return String(decoding: buffer[..<end].filter { $0 != 13 }, as: UTF8.self)
            }
            if hasEnded { return nil }
            guard let octets = try connection.receive(deadline: patience()) else {
                throw Overdue(what: "a reply")
            }
            hasEnded = octets.isEmpty
            buffer += octets
        }
    }

    /// Whether anything comes, or the end, within this time.
    func hears(within time: Duration) throws -> Bool {
        let wait = MonotonicClock.now().advanced(by: time)
        guard buffer.isEmpty, !hasEnded else { return true }
        guard let octets = try connection.receive(deadline: wait) else { return false }
        hasEnded = octets.isEmpty
        buffer += octets
        return true
    }

    /// The last line of the next reply; empty when the server has ended the connection.
    func reply() throws -> String {
        while let line = try line() {
            if line.utf8.dropFirst(3).first != UInt8(ascii: "-") { return line }
        }
        return ""
    }

    func ask(_ command: String) throws -> String {
        try send("\(command)\r\n")
        return try reply()
    }

    /// Greeted, and a transaction as far as the 354.
    func beginContent() throws {
        #expect(try reply().hasPrefix("220 "))
        #expect(try ask("EHLO client.example").hasPrefix("250 "))
        #expect(try ask("MAIL FROM:<a@example.com>").hasPrefix("250 "))
        #expect(try ask("RCPT TO:<b@example.org>").hasPrefix("250 "))
        #expect(try ask("DATA").hasPrefix("354 "))
    }

    /// Whether the server ends the connection with nothing more to say, cleanly or not.
    func isAtEnd() throws -> Bool {
        do {
            return try line() == nil
        } catch is SocketError {
            return true
        }
    }
}

extension Client {
    /// Whether the server ends the connection, with a 421 if there was time for it.
    func isCut() throws -> Bool {
        do {
            guard let line = try line() else { return true }
            return try line.hasPrefix("421 ") && isAtEnd()
        } catch is SocketError {
            return true
        }
    }
}

/// A directory of its own, removed with the sockets in it.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/server-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SocketError(call: "mkdtemp", errno: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        _ = unsafe unlink("\(path)/socket")
        _ = unsafe rmdir(path)
    }
}

/// How long `body` took.
func elapsed(_ body: () throws -> Void) rethrows -> Duration {
    let start = MonotonicClock.now()
    try body()
    return start.duration(to: MonotonicClock.now())
}

/// The events that were observed, waited for by name.
func observing(_ service: inout Service) -> Shared<[ServiceEvent]> {
    let events = Shared<[ServiceEvent]>([])
    service.observe = { event in events.update { $0.append(event) } }
    return events
}

extension [ServiceEvent] {
    var connectedCount: Int {
        count { if case .connected = $0 { true } else { false } }
    }

    var closeCauses: [CloseCause] {
        compactMap { if case .noticed(_, .closed(let cause)) = $0 { cause } else { nil } }
    }

    var turnedAway: [TurnAwayReason] {
        compactMap { if case .turnedAway(_, let reason) = $0 { reason } else { nil } }
    }

    var acceptFailures: [Int32] {
        compactMap { if case .acceptFailed(let errno) = $0 { errno } else { nil } }
    }
}
