import Glibc
import SMTPConnection
import SMTPSockets
import Testing

@Suite struct BlockingClientTests {
    private let listener: ListeningSocket
    private let client: BlockingClient
    private let descriptor: Int32

    init() throws {
        listener = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0))
        client = try BlockingClient(connectingTo: listener.endpoint, timeout: .seconds(10))
        descriptor = try accepted(listener, nonBlocking: true).descriptor
    }

    @Test func octetsGoBothWaysAndEnd() throws {
        defer { Descriptor.close(descriptor) }
        try client.send(Array("EHLO x\r\n".utf8), deadline: patience())
        client.shutdownWriting()
        #expect(received() == Array("EHLO x\r\n".utf8))
        #expect(received() == [])
        #expect(Descriptor.send(descriptor, [1, 2, 3].span) == .moved(3))
        #expect(try client.receive(deadline: patience()) == [1, 2, 3])
        Descriptor.shutdownWriting(descriptor)
        #expect(try client.receive(deadline: patience()) == [])
        #expect(try client.receive(deadline: patience()) == [])
    }

    @Test func whatCameIsGivenEvenAfterTheDeadline() throws {
        defer { Descriptor.close(descriptor) }
        #expect(Descriptor.send(descriptor, [7].span) == .moved(1))
        _ = Descriptor.wait(client.descriptor, for: .input, until: patience())
        #expect(try client.receive(deadline: Instant(nanoseconds: 0)) == [7])
        #expect(try client.receive(deadline: Instant(nanoseconds: 0)) == nil)
    }

    @Test func receivingEndsAtTheDeadline() throws {
        defer { Descriptor.close(descriptor) }
        let deadline = MonotonicClock.now().advanced(by: .milliseconds(20))
        #expect(try client.receive(deadline: deadline) == nil)
        #expect(MonotonicClock.now() >= deadline)
    }

    @Test func sendingEndsAtTheDeadline() throws {
        defer { Descriptor.close(descriptor) }
        let octets = [UInt8](repeating: 0, count: 1 << 20)
        let error = #expect(throws: SocketError.self) {
            while true {
                try client.send(octets, deadline: MonotonicClock.now().advanced(by: .milliseconds(20)))
            }
        }
        #expect(error == SocketError(call: "send", errno: ETIMEDOUT, endpoint: listener.endpoint))
    }

    @Test func aResetIsSeenByThePeer() throws {
        defer { Descriptor.close(descriptor) }
        client.reset()
        client.close()
        #expect(client.descriptor == -1)
        #expect(Descriptor.wait(descriptor, for: .input, until: patience()) == .input)
        var buffer = [UInt8](repeating: 0, count: 1)
        #expect(Descriptor.receive(descriptor, into: &buffer) == .failed(errno: ECONNRESET))
    }

    @Test func aResetByThePeerIsThrown() throws {
        Descriptor.reset(descriptor)
        #expect(throws: SocketError(call: "receive", errno: ECONNRESET, endpoint: listener.endpoint)) {
            try client.receive(deadline: patience())
        }
        // No SIGPIPE: this process would be gone.
        #expect(throws: SocketError(call: "send", errno: EPIPE, endpoint: listener.endpoint)) {
            try client.send([1], deadline: patience())
        }
    }

    @Test func aClosedListenerRefuses() throws {
        Descriptor.close(descriptor)
        listener.close()
        #expect(throws: SocketError(call: "connect", errno: ECONNREFUSED, endpoint: listener.endpoint)) {
            try BlockingClient(connectingTo: listener.endpoint, timeout: .seconds(10))
        }
    }

    @Test(arguments: [Endpoint.tcp(host: "localhost", port: 25), .unknown, .unix(path: "")])
    func onlyNumericAddresses(_ endpoint: Endpoint) {
        Descriptor.close(descriptor)
        #expect(throws: SocketError(call: "connect", errno: EINVAL, endpoint: endpoint)) {
            try BlockingClient(connectingTo: endpoint, timeout: .seconds(10))
        }
    }

    @Test func connectingEndsAtTheDeadlineAndWaitsForRoom() throws {
        Descriptor.close(descriptor)
        let directory = try TemporaryDirectory()
        let busy = try ListeningSocket(.unix(path: directory.path + "/s"), backlog: 0)
        var waiting: [BlockingClient] = []
        var failure: SocketError?
        while failure == nil {
            do throws(SocketError) {
                waiting.append(try BlockingClient(connectingTo: busy.endpoint, timeout: .milliseconds(20)))
            } catch {
                failure = error
            }
        }
        #expect(failure == SocketError(call: "connect", errno: ETIMEDOUT, endpoint: busy.endpoint))
        #expect(!waiting.isEmpty)
        let count = waiting.count
        let thread = TestThread {
            for _ in 0...count { if let one = try? accepted(busy) { Descriptor.close(one.descriptor) } }
        }
        _ = try BlockingClient(connectingTo: busy.endpoint, timeout: .seconds(10))
        thread.join()
    }

    private func received() -> [UInt8]? {
        _ = Descriptor.wait(descriptor, for: .input, until: patience())
        var buffer = [UInt8](repeating: 0, count: 64)
        guard case .moved(let count) = Descriptor.receive(descriptor, into: &buffer) else { return nil }
        return Array(buffer[..<count])
    }
}
