import Glibc
import SMTPConnection
import SMTPSockets
import Testing

@Suite struct SocketErrorTests {
    static let tcp = Endpoint.tcp(host: "::1", port: 8025)

    @Test(
        arguments: [
            (
                "bind", EADDRINUSE, tcp,
                "bind on address [::1]:8025: Address already in use "
                    + "(stop the program that listens there, or choose another port)"
            ),
            (
                "bind", EACCES, .tcp(host: "127.0.0.1", port: 25),
                "bind on address 127.0.0.1:25: Permission denied "
                    + "(choose a port above 1023, or give the program CAP_NET_BIND_SERVICE)"
            ),
            (
                "bind", EADDRNOTAVAIL, tcp,
                "bind on address [::1]:8025: Cannot assign requested address "
                    + "(no interface of this machine has that address)"
            ),
            (
                "bind", EACCES, .unix(path: "/run/x"),
                "bind on address unix:/run/x: Permission denied "
                    + "(choose a directory in which this user may create files)"
            ),
            (
                "bind", ENOTSOCK, .unix(path: "/etc/passwd"),
                "bind on address unix:/etc/passwd: Socket operation on non-socket "
                    + "(a file that is no socket is there: move it away, or choose another path)"
            ),
            (
                "connect", ECONNREFUSED, tcp,
                "connect to address [::1]:8025: Connection refused (start the server, or check the address)"
            ),
            ("receive", ECONNRESET, tcp, "receive from address [::1]:8025: Connection reset by peer"),
            (
                "eventfd", EMFILE, nil,
                "eventfd: Too many open files (raise the limit of open files of this process)"
            ),
        ] as [(String, Int32, Endpoint?, String)])
    func texts(_ call: String, _ errno: Int32, _ endpoint: Endpoint?, _ text: String) {
        let error = SocketError(call: call, errno: errno, endpoint: endpoint)
        #expect(error.description == "error while attempting to " + text)
    }
}
