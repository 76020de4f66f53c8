import Glibc
import SMTPConnection
import SMTPSockets
import Testing

/// `smtp serve` under a service manager: sockets that it inherits, and what it says of itself.
@Suite struct ServiceManagerTests {
    static let port = Endpoint.tcp(host: "127.0.0.1", port: 0)

    @Test func `sockets passed by LISTEN_FDS are served, and outlive the server`() throws {
        let folder = try Folder()
        let listeners = [
            try ListeningSocket(Self.port), try ListeningSocket(.unix(path: "\(folder.path)/socket")),
        ]
        // Clients that come before the server does have only to wait.
        var early = try Dialogue(listeners[0].endpoint)
        for _ in 1...2 {
            let child = try Child(
                "serve", "--discard", inheriting: listeners.map(\.descriptor),
                variables: ["LISTEN_FDS=2", "LISTEN_PID=$$"])
            #expect(try child.endpoints(2) == listeners.map(\.endpoint))
            #expect(try early.reply().first?.hasPrefix("220 ") == true)
            var other = try Dialogue(listeners[1].endpoint)
            #expect(try other.reply().first?.hasPrefix("220 ") == true)
            #expect(try other.deliver("Subject: x\r\n").last == "250")
            other.close()
            early.close()
            child.signal(SIGTERM)
            #expect(try child.end() == 0)
            // Between two servers the queue is still there.
            early = try Dialogue(listeners[0].endpoint)
        }
        #expect(Folder.names(in: folder.path) == ["socket"])
    }

    @Test(arguments: [("fd:4", [1]), ("fd:mx", [0, 2])])
    func `sockets are named by their number or their name`(listen: String, meant: [Int]) throws {
        let listeners = try (0..<3).map { _ in try ListeningSocket(Self.port) }
        let child = try Child(
            "serve", "--discard", "--listen", listen, inheriting: listeners.map(\.descriptor),
            variables: ["LISTEN_FDS=3", "LISTEN_PID=$$", "LISTEN_FDNAMES=mx:other:mx"])
        #expect(try child.endpoints(meant.count) == meant.map { listeners[$0].endpoint })
        child.signal(SIGTERM)
        #expect(try child.end() == 0)
    }

    @Test func `a shell can pass a socket too`() throws {
        let listener = try ListeningSocket(Self.port)
        let child = try Child(
            "serve", "--discard", "--listen", "fd:3", "--listen", "127.0.0.1:0",
            inheriting: [listener.descriptor], variables: [])
        #expect(try child.endpoints(2).contains(listener.endpoint))
        child.signal(SIGTERM)
        #expect(try child.end() == 0)
    }

    struct Mistake: Sendable {
        let variables: [String]
        let listen: String
        let status: Int32
        let named: [String]
    }

    static let mistakes = [
        Mistake(
            variables: ["LISTEN_FDS=many", "LISTEN_PID=$$"], listen: "127.0.0.1:0", status: 2,
            named: ["LISTEN_FDS='many'", "sd_listen_fds(3)"]),
        Mistake(
            variables: ["LISTEN_FDS=0", "LISTEN_PID=$$"], listen: "fd:3", status: 2,
            named: ["LISTEN_FDS='0'"]),
        Mistake(
            variables: ["LISTEN_FDS=1", "LISTEN_PID=me"], listen: "fd:3", status: 2,
            named: ["LISTEN_PID='me'"]),
        Mistake(
            variables: ["LISTEN_FDS=1", "LISTEN_PID=$$", "LISTEN_FDNAMES=a:b"], listen: "fd:a", status: 2,
            named: ["LISTEN_FDNAMES='a:b'"]),
        // Passed to another process: nothing has a name here.
        Mistake(
            variables: ["LISTEN_FDS=1", "LISTEN_PID=1", "LISTEN_FDNAMES=mx"], listen: "fd:mx", status: 2,
            named: ["--listen", "fd:mx", "LISTEN_FDNAMES"]),
        Mistake(
            variables: ["LISTEN_FDS=1", "LISTEN_PID=$$"], listen: "fd:77", status: 1,
            named: ["descriptor 77", "Bad file descriptor", "stream socket that listens"]),
        Mistake(
            variables: ["LISTEN_FDS=1", "LISTEN_PID=$$"], listen: "fd:0", status: 1,
            named: ["descriptor 0", "stream socket that listens"]),
        Mistake(
            variables: [], listen: "fd:", status: 2, named: ["fd:", "fd:N"]),
    ]

    @Test(arguments: mistakes)
    func `what cannot be inherited is one line`(mistake: Mistake) throws {
        let listener = try ListeningSocket(Self.port)
        let child = try Child(
            "serve", "--listen", mistake.listen, inheriting: [listener.descriptor],
            variables: mistake.variables)
        #expect(try child.end() == mistake.status)
        #expect(child.lines(.standardError).count == 1)
        for text in mistake.named { #expect(child.text(.standardError).contains(text), "\(text)") }
    }

    @Test(arguments: [false, true])
    func `the service manager is told when it serves and when it ends`(isAbstract: Bool) throws {
        let folder = try Folder()
        let address = "\(isAbstract ? "@" : "")\(folder.path)/notify"
        let manager = try Manager(at: address)
        let child = try Child(
            "serve", "--listen", "127.0.0.1:0", "--discard", variables: ["NOTIFY_SOCKET=\(address)"])
        let endpoint = try child.endpoints()[0]
        #expect(try manager.next() == "READY=1\nSTATUS=Listening on \(endpoint)")
        child.signal(SIGTERM)
        #expect(try manager.next() == "STOPPING=1")
        #expect(try child.end() == 0)
    }

    @Test func `a manager that cannot be told is no reason to stop`() throws {
        let child = try Child(
            "serve", "--listen", "127.0.0.1:0", "--discard", variables: ["NOTIFY_SOCKET=/nowhere/notify"])
        var dialogue = try Dialogue(child.endpoints()[0])
        #expect(try dialogue.reply().first?.hasPrefix("220 ") == true)
        dialogue.close()
        child.signal(SIGTERM)
        #expect(try child.end() == 0)
        #expect(child.text(.standardError).contains("/nowhere/notify"))
    }
}

/// The other end of `NOTIFY_SOCKET`.
final class Manager {
    private let descriptor: Int32

    /// At a path, or at `@` and a name in the abstract namespace.
    init(at address: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        var octets = Array(address.utf8)
        if octets[0] == UInt8(ascii: "@") { octets[0] = 0 }
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: octets) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + octets.count)
        let result = unsafe withUnsafePointer(to: name) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length)
            }
        }
        guard result == 0 else { throw Missing(text: "bind \(address): error \(errno)") }
    }

    deinit { close(descriptor) }

    /// The next message; waits for it.
    func next() throws -> String {
        let deadline = MonotonicClock.now().advanced(by: .seconds(30))
        guard Descriptor.wait(descriptor, for: .input, until: deadline) == .input else {
            throw Missing(text: "no message in time")
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw Missing(text: "recv: error \(errno)") }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
