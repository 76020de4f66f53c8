import Glibc
import SMTPConnection
import SMTPSockets
import Testing

@Suite struct LoopbackTests {
    @Test(
        arguments: [
            (nil, "::1"), (EADDRINUSE, "::1"), (EADDRNOTAVAIL, "127.0.0.1"), (EAFNOSUPPORT, "127.0.0.1"),
        ] as [(Int32?, String)])
    func `the loopback address follows from what binding ::1 says`(_ failure: Int32?, _ address: String)
        throws
    {
        var asked = 0
        let chosen = try Loopback.address {
            asked += 1
            return failure
        }
        #expect(chosen == address)
        #expect(asked == 1)
    }

    @Test(arguments: [EFAULT, EMFILE, EACCES, EINVAL])
    func `any other error of the loopback address is thrown`(_ failure: Int32) {
        #expect(throws: SocketError(call: "bind", errno: failure, endpoint: .tcp(host: "::1", port: 0))) {
            try Loopback.address { failure }
        }
    }

    @Test func `the loopback address of this machine can be listened on`() throws {
        let host = try Loopback.address()
        #expect(host == loopbackHosts.first)
        let listener = try ListeningSocket(.tcp(host: host, port: 0))
        #expect(listener.endpoint.isLoopback)
    }
}
