import Glibc
public import SMTPConnection

/// A call on a socket that the operating system refused.
public struct SocketError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The system call, for example `bind`.
    public let call: String
    /// The number that the operating system gave.
    public let errno: Int32
    /// The address that the call was about.
    public let endpoint: Endpoint?

    /// A refused call.
    public init(call: String, errno: Int32, endpoint: Endpoint? = nil) {
        self.call = call
        self.errno = errno
        self.endpoint = endpoint
    }

    /// Names the call, the address, the system's text and, where there is one, the remedy.
    public var description: String {
        let place = endpoint.map { " \(preposition) address \($0)" } ?? ""
        let hint = remedy.map { " (\($0))" } ?? ""
        return "error while attempting to \(call)\(place): \(errorText(errno))\(hint)"
    }

    private var preposition: String {
        switch call {
        case "connect", "send": "to"
        case "receive": "from"
        default: "on"
        }
    }

    private var remedy: String? {
        switch endpoint {
        case .tcp: call == "connect" ? connectRemedy : tcpRemedy
        case .unix: call == "connect" ? connectRemedy : unixRemedy
        case .unknown: "name a host and port or a path"
        case nil: commonRemedy
        }
    }

    private var commonRemedy: String? {
        switch errno {
        case EMFILE: "raise the limit of open files of this process"
        case ENFILE: "the machine has no more open files to give"
        case EBADF, ENOTSOCK, EINVAL: "whoever starts the program must pass a stream socket that listens"
        default: nil
        }
    }

    private var tcpRemedy: String? {
        switch errno {
        case EADDRINUSE: "stop the program that listens there, or choose another port"
        case EACCES, EPERM: "choose a port above 1023, or give the program CAP_NET_BIND_SERVICE"
        case EADDRNOTAVAIL: "no interface of this machine has that address"
        case EAFNOSUPPORT: "this machine lacks that address family"
        case EINVAL: "the address must be numeric: resolve names first"
        default: commonRemedy
        }
    }

    private var unixRemedy: String? {
        switch errno {
        case EADDRINUSE: "stop the program that listens there, or choose another path"
        case ENOTSOCK: "a file that is no socket is there: move it away, or choose another path"
        case EACCES, EPERM, EROFS: "choose a directory in which this user may create files"
        case ENOENT, ENOTDIR: "make the directory first, or choose another path"
        case ENAMETOOLONG: "choose a path of at most \(SocketAddress.longestPath) octets"
        case EINVAL: "the path must be neither empty nor hold a NUL"
        default: commonRemedy
        }
    }

    private var connectRemedy: String? {
        switch errno {
        case ECONNREFUSED, ENOENT: "start the server, or check the address"
        case ETIMEDOUT: "no answer in time: check the address and the firewall"
        case EINVAL: "the address must be numeric: resolve names first"
        default: commonRemedy
        }
    }
}

/// The system's own text for `code`.
func errorText(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    let failure = unsafe strerror_r(code, &buffer, 256)
    let text = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return failure == 0 && !text.isEmpty ? String(decoding: text, as: UTF8.self) : "error \(code)"
}
