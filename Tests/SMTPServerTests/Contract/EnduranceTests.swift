import Glibc
import SMTPConnection
import SMTPHandlers
import SMTPProtocol
import SMTPServer
import SMTPSockets
import Testing

/// Many, often, and nothing left behind. Each in a process of its own, where descriptors and memory are counted.
@Suite(.serialized) struct EnduranceTests {
    /// Numbers are small unless the environment says otherwise: `SMTP_CYCLES=100000 SMTP_STARTS=1000 SMTP_REPORT=FILE`.
    static func number(_ name: String, _ usual: Int) -> Int {
        unsafe getenv(name).flatMap { unsafe Int(String(cString: $0)) } ?? usual
    }

    @Test func `connecting and dropping leaves neither descriptors nor memory`() async {
        await #expect(processExitsWith: .success) {
            let cycles = Self.number("SMTP_CYCLES", 2000)
            for backend in backends {
                var service = service()
                let open = Shared(0)
                service.observe = { event in
                    switch event {
                    case .connected: open.update { $0 += 1 }
                    case .noticed(_, .closed): open.update { $0 -= 1 }
                    default: break
                    }
                }
                try serving(backend, service) { endpoint, _ in
                    try Self.connectAndDrop(endpoint, 1000)
                    let before = try Self.settled(open, expecting: nil)
                    try Self.connectAndDrop(endpoint, cycles)
                    let after = try Self.settled(open, expecting: before.descriptors)
                    Self.report("\(backend.testDescription): \(cycles) cycles, \(before) -> \(after)")
                    #expect(after.descriptors <= before.descriptors)
                    #expect(after.resident - before.resident < 8 << 10, "KiB: \(before) \(after)")
                }
            }
        }
    }

    /// Clients that leave at once, after the greeting, in the middle of a line, or without a word in content.
    static func connectAndDrop(_ endpoint: Endpoint, _ count: Int) throws {
        for index in 0..<count {
            let client = try Client(endpoint)
            switch index % 4 {
            case 0: client.connection.reset()
            case 1:
                _ = try client.reply()
                client.connection.close()
            case 2:
                try client.send("EHLO clie")
                client.connection.reset()
            default:
                _ = try client.reply()
                try client.send("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nhalf")
                client.connection.close()
            }
        }
    }

    struct Usage: Sendable, CustomStringConvertible {
        let descriptors: Int
        let resident: Int
        var description: String { "\(descriptors) descriptors, \(resident) KiB" }
    }

    /// What the process uses once all connections have ended; a descriptor is given back a moment after that, so it is
    /// looked again, for `expected` if that is known.
    static func settled(_ open: Shared<Int>, expecting expected: Int?) throws -> Usage {
        try open.wait("the end of all sessions") { $0 == 0 }
        let deadline = expected == nil ? MonotonicClock.now().advanced(by: .milliseconds(200)) : patience()
        var fewest = openDescriptors()
        while fewest > expected ?? 0, MonotonicClock.now() < deadline {
            fewest = min(fewest, openDescriptors())
        }
        return Usage(descriptors: fewest, resident: try residentKiB())
    }

    @Test func `starting and stopping leaves nothing, on the same address`() async {
        await #expect(processExitsWith: .success) {
            let starts = Self.number("SMTP_STARTS", 100)
            for backend in backends {
                let endpoint = try StartFailureTests.freeEndpoint()
                let controller = Controller(backend.make(), service: service(), endpoints: [endpoint])
                var before = Usage(descriptors: 0, resident: 0)
                for round in 0..<starts {
                    try controller.start(readyTimeout: .seconds(20))
                    if round == starts / 2 {
                        before = Usage(descriptors: openDescriptors(), resident: try residentKiB())
                    }
                    // The probe's connection may be there still, on either side.
                    let descriptors = openDescriptors()
                    if round > starts / 2 { #expect(descriptors <= before.descriptors + 2) }
                    try controller.stop(grace: .zero)
                }
                let after = Usage(descriptors: openDescriptors(), resident: try residentKiB())
                Self.report("\(backend.testDescription): \(starts) starts, \(before) -> \(after)")
                #expect(after.descriptors < before.descriptors + 2)
                #expect(after.resident - before.resident < 8 << 10, "KiB: \(before) \(after)")
            }
        }
    }

    @Test func `ten thousand idle connections are held, served and let go`() async {
        await #expect(processExitsWith: .success) {
            let count = min(10_000, (Self.raisedDescriptorLimit() - 200) / 2)
            for backend in backends where !backend.toleratesBlocking {
                var service = service()
                service.connectionLimits.total = count + 10
                service.connectionLimits.perPeer = nil
                try serving(backend, service, grace: .zero) { endpoint, _ in
                    let before = try residentKiB()
                    var clients: [BlockingClient] = []
                    for _ in 0..<count {
                        clients.append(try BlockingClient(connectingTo: endpoint, timeout: .seconds(20)))
                    }
                    for client in clients {
                        let greeting = try client.receive(deadline: patience(), limit: 512)
                        #expect(greeting?.starts(with: "220 ".utf8) == true)
                    }
                    let after = try residentKiB()
                    Self.report("\(backend.testDescription): \(count) idle, \(after - before) KiB more")
                    // Both sides of each connection are in this process.
                    #expect((after - before) << 10 < count * 6 << 10)
                    for client in [clients[0], clients[count / 2], clients[count - 1]] {
                        try client.send(Array("NOOP\r\n".utf8), deadline: patience())
                        let reply = try client.receive(deadline: patience())
                        #expect(reply?.starts(with: "250 ".utf8) == true)
                    }
                }
            }
        }
    }

    /// As many open files as this process may have.
    static func raisedDescriptorLimit() -> Int {
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        unsafe getrlimit(kind, &limit)
        var more = rlimit(rlim_cur: max(limit.rlim_max, 21_000), rlim_max: max(limit.rlim_max, 21_000))
        guard unsafe setrlimit(kind, &more) != 0 else { return Int(clamping: more.rlim_cur) }
        limit.rlim_cur = limit.rlim_max
        unsafe setrlimit(kind, &limit)
        return Int(clamping: limit.rlim_cur)
    }

    /// Adds the figures to the file `SMTP_REPORT`, if there is to be one.
    static func report(_ line: String) {
        guard let path = unsafe getenv("SMTP_REPORT") else { return }
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        let text = Array("\(line)\n".utf8)
        _ = unsafe write(descriptor, text, text.count)
        Descriptor.close(descriptor)
    }
}

/// What the process holds in memory.
func residentKiB() throws -> Int {
    let descriptor = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Trouble(text: "statm: error \(errno)") }
    defer { Descriptor.close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = unsafe read(descriptor, &buffer, buffer.count)
    let words = String(decoding: buffer[..<max(count, 0)], as: UTF8.self).split(separator: " ")
    guard words.count > 1, let pages = Int(words[1]) else { throw Trouble(text: "statm has no pages") }
    return pages * Int(getpagesize()) / 1024
}
