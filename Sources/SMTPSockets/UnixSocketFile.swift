import Glibc
import SMTPConnection

/// The file that binding a Unix socket made, known by its inode.
struct UnixSocketFile: Sendable {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Binds and listens; a socket file that refuses connections is replaced, everything else is left alone.
    static func listen(
        _ descriptor: Int32, at path: String, _ address: SocketAddress, backlog: Int32
    ) throws(SocketError) -> UnixSocketFile {
        let endpoint = Endpoint.unix(path: path)
        // Between bind and listen a socket refuses connections and looks stale: whoever asks waits for the
        // lock.
        let lock = DirectoryLock(of: path)
        defer { lock.release() }
        do throws(SocketError) {
            try Descriptor.bind(descriptor, to: address, for: endpoint)
        } catch {
            guard error.errno == EADDRINUSE else { throw error }
            try removeStaleFile(at: path, address)
            try Descriptor.bind(descriptor, to: address, for: endpoint)
        }
        guard let file = UnixSocketFile(at: path) else {
            throw SocketError(call: "bind", errno: errno, endpoint: endpoint)
        }
        guard Glibc.listen(descriptor, backlog) == 0 else {
            let code = errno
            file.remove()
            throw SocketError(call: "listen", errno: code, endpoint: endpoint)
        }
        return file
    }

    /// Removes the file from the directory if it is still the same one; gives the errno if that is forbidden.
    @discardableResult
    func remove() -> Int32? {
        guard let now = UnixSocketFile(at: path), now.device == device, now.inode == inode else { return nil }
        return unsafe unlink(path) == 0 || errno == ENOENT ? nil : errno
    }

    private init?(at path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        self.init(path, status)
    }

    private init(_ path: String, _ status: stat) {
        self.path = path
        device = status.st_dev
        inode = status.st_ino
    }

    private static func removeStaleFile(at path: String, _ address: SocketAddress) throws(SocketError) {
        let endpoint = Endpoint.unix(path: path)
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw SocketError(call: "bind", errno: errno, endpoint: endpoint) }
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SocketError(call: "bind", errno: ENOTSOCK, endpoint: endpoint)
        }
        let descriptor = try Descriptor.open(AF_UNIX, for: endpoint)
        defer { Descriptor.close(descriptor) }
        let result = unsafe address.withPointer { unsafe connect(descriptor, $0, $1) }
        guard result < 0, errno == ECONNREFUSED else {
            // Somebody answers, has no room just now, or may not be asked: in use all the same.
            throw SocketError(call: "bind", errno: EADDRINUSE, endpoint: endpoint)
        }
        if let code = UnixSocketFile(path, status).remove() {
            throw SocketError(call: "remove the stale file", errno: code, endpoint: endpoint)
        }
    }
}

/// An advisory lock on the directory of a file, among the programs that use this library.
private struct DirectoryLock {
    private let descriptor: Int32

    /// Waits a second at most, then goes on without: the lock guards against simultaneous starts only.
    init(of path: String) {
        let octets = Array(path.utf8)
        let slash = octets.lastIndex(of: UInt8(ascii: "/"))
        let directory = slash.map { $0 == 0 ? "/" : String(decoding: octets[..<$0], as: UTF8.self) } ?? "."
        descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        let deadline = MonotonicClock.now().advanced(by: .seconds(1))
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK || errno == EINTR,
            MonotonicClock.now() < deadline
        {
            poll(nil, 0, 5)
        }
    }

    func release() { if descriptor >= 0 { Descriptor.close(descriptor) } }
}
