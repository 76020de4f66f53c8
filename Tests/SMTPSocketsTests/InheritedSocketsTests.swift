import Glibc
import SMTPConnection
import Testing

@testable import SMTPSockets

/// What `LISTEN_FDS` and its fellows mean.
@Suite struct InheritedSocketsTests {
    struct Given: Sendable {
        let count: String?
        let process: String?
        var names: String?
        let meant: [(Int32, String)]?
    }

    @Test(arguments: [
        Given(count: nil, process: nil, meant: []), Given(count: "2", process: nil, meant: []),
        Given(count: nil, process: "42", meant: []), Given(count: "x", process: "41", meant: []),
        Given(count: "1", process: "42", meant: [(3, "unknown")]),
        Given(count: "2", process: "42", names: "a:b", meant: [(3, "a"), (4, "b")]),
        Given(count: "2", process: "42", names: ":b", meant: [(3, ""), (4, "b")]),
        Given(count: "2", process: "42", names: "a", meant: nil),
        Given(count: "1", process: "42", names: "", meant: [(3, "")]),
        Given(count: "0", process: "42", meant: nil), Given(count: "-1", process: "42", meant: nil),
        Given(count: "", process: "42", meant: nil), Given(count: " 1", process: "42", meant: nil),
        Given(count: "65537", process: "42", meant: nil),
        Given(count: "99999999999999999999", process: "42", meant: nil),
        Given(count: "1", process: "", meant: nil), Given(count: "1", process: "-42", meant: nil),
        Given(count: "1", process: "42 ", meant: nil),
    ])
    func `the variables`(_ given: Given) {
        let taken = try? InheritedSockets(
            count: given.count, process: given.process, names: given.names, in: 42)
        #expect(taken?.sockets == given.meant?.map { .init(descriptor: $0.0, name: $0.1) })
    }

    @Test func `only a stream socket that listens is taken over, and the original stays`() throws {
        let original = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0))
        do {
            let inherited = try ListeningSocket(inheriting: original.descriptor)
            #expect(inherited.endpoint == original.endpoint)
            #expect(inherited.descriptor != original.descriptor)
            inherited.close()
        }
        let client = try BlockingClient(connectingTo: original.endpoint, timeout: .seconds(10))
        let file = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { Descriptor.close(file) }
        for (descriptor, code) in [(client.descriptor, EINVAL), (file, ENOTSOCK), (-1, EBADF)] {
            #expect {
                try ListeningSocket(inheriting: descriptor)
            } throws: { error in
                guard let error = error as? SocketError else { return false }
                return error.errno == code && "\(error)".contains("must pass a stream socket that listens")
            }
        }
    }
}
