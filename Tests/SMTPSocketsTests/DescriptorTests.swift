import Glibc
import SMTPConnection
import SMTPSockets
import Testing

@Suite struct DescriptorTests {
    private let listener: ListeningSocket

    init() throws { listener = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0)) }

    @Test func acceptingWithoutAConnectionWouldBlock() {
        #expect(Descriptor.accept(listener.descriptor) == .wouldBlock)
    }

    @Test func acceptingFromWhatIsNoListenerFails() throws {
        #expect(Descriptor.accept(-1) == .failed(errno: EBADF))
        let client = try BlockingClient(connectingTo: listener.endpoint, timeout: .seconds(10))
        #expect(Descriptor.accept(client.descriptor) == .failed(errno: EINVAL))
    }

    @Test(arguments: [false, true]) func flagsOfAnAcceptedSocket(_ nonBlocking: Bool) throws {
        let client = try BlockingClient(connectingTo: listener.endpoint, timeout: .seconds(10))
        let descriptor = try accepted(listener, nonBlocking: nonBlocking).descriptor
        defer { Descriptor.close(descriptor) }
        #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        #expect((fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0) == nonBlocking)
        for socket in [descriptor, client.descriptor] {
            var value: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            unsafe getsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &value, &length)
            #expect(value != 0)
        }
    }

    @Test func waiting() throws {
        let client = try BlockingClient(connectingTo: listener.endpoint, timeout: .seconds(10))
        let descriptor = try accepted(listener, nonBlocking: true).descriptor
        defer { Descriptor.close(descriptor) }
        let wakeUp = try WakeUp()
        let past = Instant(nanoseconds: 0)
        func ready(_ asked: Descriptor.Readiness, _ deadline: Instant? = nil) -> Descriptor.Readiness {
            Descriptor.wait(descriptor, for: asked, until: deadline ?? past, wake: wakeUp.descriptor)
        }
        #expect(ready([]) == [])
        #expect(ready(.input) == [])
        #expect(ready([.input, .output]) == .output)
        wakeUp.wake()
        wakeUp.wake()
        #expect(ready([.input, .output]) == [.output, .wake])
        #expect(ready([], .init(nanoseconds: .max)) == .wake)
        wakeUp.clear()
        wakeUp.clear()
        #expect(ready([]) == [])
        try client.send([1], deadline: patience())
        #expect(ready(.input, patience()) == .input)
        // A hang-up does not end a wait that asked for nothing.
        client.reset()
        #expect(ready(.output, patience()) == .output)
        let soon = MonotonicClock.now().advanced(by: .milliseconds(5))
        #expect(ready([], soon) == [])
        #expect(MonotonicClock.now() >= soon)
        let duration = MonotonicClock.now().advanced(by: .milliseconds(20))
        #expect(Descriptor.wait(-1, for: .input, until: duration) == [])
        #expect(MonotonicClock.now() >= duration)
    }

    @Test func receivingWaitsOnlyIfItMay() throws {
        let client = try BlockingClient(connectingTo: listener.endpoint, timeout: .seconds(10))
        let descriptor = try accepted(listener).descriptor
        defer { Descriptor.close(descriptor) }
        let buffer = ReadBuffer(capacity: 4096)
        #expect(buffer.receive(from: descriptor) == .wouldBlock)
        Descriptor.setReceiveTimeout(descriptor, .milliseconds(20))
        let soon = MonotonicClock.now().advanced(by: .milliseconds(10))
        #expect(buffer.receive(from: descriptor, mayWait: true) == .wouldBlock)
        #expect(MonotonicClock.now() >= soon)
        Descriptor.setReceiveTimeout(descriptor, .seconds(20))
        for octets in [[1, 2, 3, 4], [5, 6]] as [[UInt8]] {
            try client.send(octets, deadline: patience())
            #expect(buffer.receive(from: descriptor, mayWait: true) == .moved(octets.count))
            #expect(buffer.withFirst(2) { $0.copied } == Array(octets.prefix(2)))
            buffer.clear()
            #expect(buffer.withFirst(2) { $0.copied } == [0, 0])
        }
    }

    @Test func aResetIsNoticedAndAnEndIsNone() throws {
        for isReset in [false, true] {
            let client = try BlockingClient(connectingTo: listener.endpoint, timeout: .seconds(10))
            let descriptor = try accepted(listener).descriptor
            defer { Descriptor.close(descriptor) }
            #expect(!Descriptor.isBroken(descriptor))
            isReset ? client.reset() : client.close()
            #expect(Descriptor.wait(descriptor, for: .input, until: patience()) == .input)
            #expect(Descriptor.isBroken(descriptor) == isReset)
        }
    }

    @Test func aWaitingThreadIsWoken() throws {
        let wakeUp = try WakeUp()
        let listener = listener
        nonisolated(unsafe) var readiness: Descriptor.Readiness = []
        let thread = TestThread {
            unsafe readiness = Descriptor.wait(
                listener.descriptor, for: .input, until: nil, wake: wakeUp.descriptor)
        }
        wakeUp.wake()
        thread.join()
        #expect(unsafe readiness == .wake)
    }

    @Test func aDuplicateOutlivesTheListener() throws {
        let copy = try Descriptor.duplicate(listener.descriptor)
        defer { Descriptor.close(copy) }
        #expect(fcntl(copy, F_GETFD) & FD_CLOEXEC != 0)
        listener.close()
        let client = try BlockingClient(connectingTo: listener.endpoint, timeout: .seconds(10))
        #expect(Descriptor.localEndpoint(copy) == client.peer)
        #expect(throws: SocketError(call: "fcntl", errno: EBADF)) { try Descriptor.duplicate(-1) }
    }

    @Test func aReservedDescriptorTurnsAPeerAway() throws {
        let reserve = DescriptorReserve()
        let client = try BlockingClient(connectingTo: listener.endpoint, timeout: .seconds(10))
        _ = Descriptor.wait(listener.descriptor, for: .input, until: patience())
        #expect(reserve.turnAway(from: listener.descriptor))
        #expect(try client.receive(deadline: patience()) == [])
        #expect(reserve.turnAway(from: listener.descriptor))
        listener.close()
        #expect(!reserve.turnAway(from: -1))
    }

    @Test func endpointsOfWhatIsNoSocket() {
        #expect(Descriptor.localEndpoint(-1) == .unknown)
        #expect(Descriptor.peerEndpoint(listener.descriptor) == .unknown)
    }

    @Test func theClockGoesForward() {
        let first = MonotonicClock.now()
        let second = MonotonicClock.now()
        #expect(first <= second)
        #expect(first > Instant(nanoseconds: 0))
    }
}
