import Glibc
import SMTPConnection
import SMTPServer
import SMTPSockets

/// Plays a case on a server of ours, over real sockets and in real time.
struct AdapterRun {
    private let subject: SpecCase
    private let servers: ServerPool

    init(_ subject: SpecCase, _ servers: ServerPool) {
        self.subject = subject
        self.servers = servers
    }

    /// By how much times are shorter. On a machine that is too busy to keep up, a case in which time passes is played
    /// again, more slowly, before it counts as failed.
    private static let divisors: [Int?] = [1000, 250, 60]

    func outcome() -> CaseResult.Outcome {
        if let reason = subject.missing { return .skipped(reason: reason) }
        do {
            for place in 0..<(subject.script.needsTCP ? 1 : 2) {
                for split in subject.script.hasCuts ? [Split.whole, .forced] : [.whole] {
                    var failure: CaseResult.Outcome?
                    for divisor in subject.script.hasWait ? Self.divisors : [nil] {
                        failure = try play(split, at: place, divisor)
                        if failure == nil { break }
                    }
                    if let failure { return failure }
                }
            }
            return .passed
        } catch {
            return subject.failure("no server could be had", ["# WRONG: \(error)"])
        }
    }

    /// nil if everything came as the case has it.
    private func play(_ split: Split, at place: Int, _ divisor: Int?) throws -> CaseResult.Outcome? {
        let server = try servers.server(for: subject, divisor)
        let host = Host(subject.script)
        let client = try server.connect(at: place, host)
        let link = SocketLink(client, divisor: divisor ?? 1) { servers.shutDown(server) }
        var player = Player(subject.script, over: link, host)
        let circumstances = "\(server.endpoints[place]), \(split)"
        do throws(Player.Mismatch) {
            try player.play(split)
        } catch {
            return subject.failure(circumstances, player.finishedDialogue())
        }
        let fault = host.breach ?? ReplyForm.fault(in: player.output)
        return fault.map { subject.failure(circumstances, player.finishedDialogue() + ["# WRONG: \($0)"]) }
    }
}

/// One server for each configuration; started when first needed, and again once it was shut down.
final class ServerPool {
    private let makeRuntime: @Sendable () -> any Runtime
    private var servers: [Key: SpecServer] = [:]
    private let directory = SocketDirectory()

    private struct Key: Hashable {
        let settings: Settings
        let divisor: Int?
    }

    init(_ makeRuntime: @escaping @Sendable () -> any Runtime) { self.makeRuntime = makeRuntime }

    /// A running server with the case's configuration, its times shorter by `divisor`.
    func server(for subject: SpecCase, _ divisor: Int?) throws -> SpecServer {
        let key = Key(settings: subject.settings, divisor: divisor)
        if let server = servers[key] { return server }
        let configuration = subject.settings.configuration(forClock: divisor)
        let path = try directory.makePath()
        let server = try SpecServer(makeRuntime(), configuration, path: path)
        servers[key] = server
        return server
    }

    /// Begins to shut `server` down; whoever needs its like next gets a new one.
    func shutDown(_ server: SpecServer) {
        for (key, other) in servers where other === server { servers[key] = nil }
        server.stop(grace: .seconds(5))
    }

    /// Stops all; who is still connected is cut.
    func stopAll() {
        for server in servers.values { server.stop(grace: .zero) }
        servers = [:]
        directory.remove()
    }
}

/// A running server, on TCP and on a Unix socket.
final class SpecServer {
    /// The TCP address, then the Unix path.
    let endpoints: [Endpoint]
    private let controller: Controller
    private let current: CurrentHost

    init(_ runtime: any Runtime, _ configuration: ServerConnection.Configuration, path: String) throws {
        let current = CurrentHost()
        let service = Service(configuration) { _ in current.makeHandler() }
        let address = Endpoint.tcp(host: try Loopback.address(), port: 0)
        self.current = current
        controller = Controller(runtime, service: service, endpoints: [address, .unix(path: path)])
        try controller.start()
        endpoints = controller.endpoints
    }

    /// A client of `host`'s session. One at a time.
    func connect(at place: Int, _ host: Host) throws -> BlockingClient {
        current.expect(host)
        return try BlockingClient(connectingTo: endpoints[place], timeout: .seconds(5))
    }

    /// Stops it on a thread of its own.
    func stop(grace: Duration) {
        let controller = controller
        let failure = startThread { try? controller.stop(grace: grace, ifRunning: true) }
        if failure != 0 { try? controller.stop(grace: .zero, ifRunning: true) }
    }
}

/// Whose session the next connection is. The server's own probe comes before anybody expects it, and is nobody's.
private final class CurrentHost: Sendable {
    private let lock = PosixLock()
    private nonisolated(unsafe) var next: Host?

    func expect(_ host: Host) { lock.withLock { unsafe next = host } }

    func makeHandler() -> any Handler {
        let host = lock.withLock {
            defer { unsafe next = nil }
            return unsafe next
        }
        return host.map { ScriptedHandler($0) } ?? Bystander()
    }
}

/// Accepts everything and tells nobody.
private final class Bystander: Handler {}

/// A folder for the servers' Unix sockets.
final class SocketDirectory {
    private var path: String?
    private var count = 0

    /// A path in it that was not used before.
    func makePath() throws -> String {
        count += 1
        return "\(try made())/\(count)"
    }

    private func made() throws -> String {
        if let path { return path }
        var template = Array("/tmp/smtp-spec-XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let start = buffer.baseAddress, let name = unsafe mkdtemp(start) else { return nil }
            return unsafe String(cString: name)
        }
        guard let made else { throw FileFailure(call: "mkdtemp", path: "/tmp", errno: errno) }
        path = made
        return made
    }

    /// Removes it and the sockets that are left in it.
    func remove() {
        guard let path else { return }
        for number in 1...max(count, 1) { unsafe unlink("\(path)/\(number)") }
        unsafe rmdir(path)
        self.path = nil
    }
}
