import Glibc
import SMTPConnection
import SMTPSockets
import Testing

@Suite struct ListeningSocketTests {
    @Test(arguments: loopbackHosts) func theSystemChoosesThePort(_ host: String) throws {
        let listener = try ListeningSocket(.tcp(host: host, port: 0))
        guard case .tcp(host, let port) = listener.endpoint else {
            Issue.record("\(listener.endpoint)")
            return
        }
        #expect(port != 0)
        #expect(Descriptor.localEndpoint(listener.descriptor) == listener.endpoint)
        let client = try BlockingClient(connectingTo: listener.endpoint, timeout: .seconds(10))
        let connection = try accepted(listener)
        defer { Descriptor.close(connection.descriptor) }
        #expect(connection.peer == client.local)
        #expect(Descriptor.peerEndpoint(connection.descriptor) == client.local)
    }

    @Test func flags() throws {
        let listener = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0))
        #expect(fcntl(listener.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(listener.descriptor, F_GETFL) & O_NONBLOCK != 0)
        #expect(option(listener.descriptor, SOL_SOCKET, SO_REUSEADDR) == 1)
        #expect(option(listener.descriptor, SOL_SOCKET, SO_REUSEPORT) == 0)
    }

    @Test(.enabled(if: loopbackHosts.count == 2)) func bothFamiliesShareAPort() throws {
        let six = try ListeningSocket(.tcp(host: "::", port: 0))
        #expect(option(six.descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY) == 1)
        guard case .tcp("::", let port) = six.endpoint else {
            Issue.record("\(six.endpoint)")
            return
        }
        let four = try ListeningSocket(.tcp(host: "0.0.0.0", port: port))
        #expect(four.endpoint == .tcp(host: "0.0.0.0", port: port))
    }

    @Test(arguments: loopbackHosts) func aSecondOneOnTheSameAddressFails(_ host: String) throws {
        let first = try ListeningSocket(.tcp(host: host, port: 0))
        let error = #expect(throws: SocketError.self) { try ListeningSocket(first.endpoint) }
        #expect(error == SocketError(call: "bind", errno: EADDRINUSE, endpoint: first.endpoint))
        #expect(
            error?.description.hasPrefix(
                "error while attempting to bind on address \(first.endpoint): Address already in use") == true
        )
    }

    @Test(arguments: loopbackHosts) func theAddressIsFreeAtOnceAfterClosing(_ host: String) throws {
        let first = try ListeningSocket(.tcp(host: host, port: 0))
        let client = try BlockingClient(connectingTo: first.endpoint, timeout: .seconds(10))
        let connection = try accepted(first)
        first.close()
        first.close()
        #expect(first.descriptor == -1)
        Descriptor.close(connection.descriptor)
        #expect(try client.receive(deadline: patience()) == [])
        _ = try ListeningSocket(first.endpoint)
    }

    @Test func deinitCloses() throws {
        var listener: ListeningSocket? = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0))
        let endpoint = try #require(listener).endpoint
        listener = nil
        _ = try ListeningSocket(endpoint)
    }

    @Test(arguments: [
        (Endpoint.tcp(host: "localhost", port: 0), EINVAL), (.tcp(host: "", port: 0), EINVAL),
        (.unknown, EINVAL),
        (.unix(path: ""), EINVAL), (.unix(path: "/tmp/\u{0}x"), EINVAL),
        (.unix(path: "/tmp/" + String(repeating: "x", count: 103)), ENAMETOOLONG),
        (.unix(path: "/nonexistent-directory/socket"), ENOENT),
        (.tcp(host: "192.0.2.1", port: 0), EADDRNOTAVAIL),
    ]) func refused(_ endpoint: Endpoint, _ errno: Int32) {
        #expect(throws: SocketError(call: "bind", errno: errno, endpoint: endpoint)) {
            try ListeningSocket(endpoint)
        }
    }

    private func option(_ descriptor: Int32, _ level: Int32, _ name: Int32) -> Int32 {
        var value: Int32 = -1
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(descriptor, level, name, &value, &length)
        return value
    }
}

@Suite struct UnixSocketFileTests {
    private let directory: TemporaryDirectory
    private var endpoint: Endpoint { .unix(path: directory.path + "/s") }

    init() throws { directory = try TemporaryDirectory() }

    @Test func madeAndRemoved() throws {
        let listener = try ListeningSocket(endpoint)
        #expect(listener.endpoint == endpoint)
        #expect(directory.names == ["s"])
        let client = try BlockingClient(connectingTo: endpoint, timeout: .seconds(10))
        let connection = try accepted(listener)
        defer { Descriptor.close(connection.descriptor) }
        #expect(connection.peer == .unix(path: ""))
        #expect(Descriptor.localEndpoint(connection.descriptor) == endpoint)
        #expect(client.local == .unix(path: ""))
        listener.close()
        #expect(directory.names.isEmpty)
    }

    @Test func keptWhenAskedAndReplacedWhenStale() throws {
        try ListeningSocket(endpoint, keepsFile: true).close()
        #expect(directory.names == ["s"])
        #expect(throws: SocketError(call: "connect", errno: ECONNREFUSED, endpoint: endpoint)) {
            try BlockingClient(connectingTo: endpoint, timeout: .seconds(10))
        }
        let second = try ListeningSocket(endpoint)
        _ = try BlockingClient(connectingTo: endpoint, timeout: .seconds(10))
        second.close()
        #expect(directory.names.isEmpty)
    }

    @Test func theLongestPath() throws {
        let name = String(repeating: "x", count: 107 - directory.path.utf8.count - 1)
        let endpoint = Endpoint.unix(path: "\(directory.path)/\(name)")
        let listener = try ListeningSocket(endpoint)
        _ = try BlockingClient(connectingTo: endpoint, timeout: .seconds(10))
        let connection = try accepted(listener)
        defer { Descriptor.close(connection.descriptor) }
        #expect(Descriptor.localEndpoint(connection.descriptor) == endpoint)
        listener.close()
        #expect(directory.names.isEmpty)
    }

    @Test func aLiveOneIsLeftAlone() throws {
        let first = try ListeningSocket(endpoint)
        #expect(throws: SocketError(call: "bind", errno: EADDRINUSE, endpoint: endpoint)) {
            try ListeningSocket(endpoint)
        }
        #expect(directory.names == ["s"])
        // The question whether it lives came as a connection that ended at once.
        Descriptor.close(try accepted(first).descriptor)
        let client = try BlockingClient(connectingTo: endpoint, timeout: .seconds(10))
        let connection = try accepted(first)
        try client.send([1], deadline: patience())
        Descriptor.close(connection.descriptor)
    }

    @Test func aBusyOneIsLeftAlone() throws {
        let first = try ListeningSocket(endpoint, backlog: 0)
        var waiting: [BlockingClient] = []
        while let client = try? BlockingClient(connectingTo: endpoint, timeout: .zero) {
            waiting.append(client)
        }
        #expect(!waiting.isEmpty)
        #expect(throws: SocketError(call: "bind", errno: EADDRINUSE, endpoint: endpoint)) {
            try ListeningSocket(endpoint)
        }
        first.close()
    }

    @Test func anotherKindOfFileIsLeftAlone() throws {
        directory.write("precious", to: "s")
        #expect(throws: SocketError(call: "bind", errno: ENOTSOCK, endpoint: endpoint)) {
            try ListeningSocket(endpoint)
        }
        #expect(directory.read("s") == "precious")
    }

    @Test func aSymbolicLinkIsLeftAlone() throws {
        try ListeningSocket(.unix(path: directory.path + "/stale"), keepsFile: true).close()
        #expect(unsafe symlink("stale", directory.path + "/s") == 0)
        #expect(throws: SocketError(call: "bind", errno: ENOTSOCK, endpoint: endpoint)) {
            try ListeningSocket(endpoint)
        }
        #expect(directory.names.sorted() == ["s", "stale"])
    }

    @Test func aFileThatTookItsPlaceIsNotRemoved() throws {
        let first = try ListeningSocket(endpoint)
        #expect(unsafe rename(directory.path + "/s", directory.path + "/moved") == 0)
        let second = try ListeningSocket(endpoint)
        first.close()
        #expect(directory.names.sorted() == ["moved", "s"])
        second.close()
        #expect(directory.names == ["moved"])
    }

    @Test func ofManyThatStartAtOnceOneWins() throws {
        let endpoint = endpoint
        let lock = PosixLock()
        for _ in 0..<50 {
            try ListeningSocket(endpoint, keepsFile: true).close()
            nonisolated(unsafe) var winners: [ListeningSocket] = []
            let threads = (0..<4).map { _ in
                TestThread {
                    guard let listener = try? ListeningSocket(endpoint) else { return }
                    lock.withLock { unsafe winners.append(listener) }
                }
            }
            for thread in threads { thread.join() }
            #expect(unsafe winners.count == 1)
            _ = try BlockingClient(connectingTo: endpoint, timeout: .seconds(10))
            unsafe winners.removeAll()
            #expect(directory.names.isEmpty)
        }
    }

    @Test func permissionsAreTheUmasks() throws {
        let listener = try ListeningSocket(endpoint)
        var status = stat()
        #expect(unsafe lstat(directory.path + "/s", &status) == 0)
        let mask = umask(0o022)
        _ = umask(mask)
        #expect(status.st_mode & 0o777 == 0o777 & ~mask)
        listener.close()
    }
}
