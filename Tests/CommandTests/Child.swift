import Glibc
import SMTPConnection
import SMTPSockets
import Testing

/// The built command, running. What it writes is kept; it does not outlive the test.
final class Child {
    private let pid: pid_t
    private var outputs: [Output]
    private var status: Int32?

    /// What one of its descriptors said so far.
    private struct Output {
        var descriptor: Int32
        var text: [UInt8] = []
    }

    /// Which descriptor.
    enum Stream: Int { case standardOutput, standardError }

    /// Pipes made by one thread must not reach the child of another.
    private static let turn = PosixLock()

    /// Starts `smtp` with `arguments`.
    init(_ arguments: String...) throws { (pid, outputs) = try Self.start([Built.command()] + arguments) }

    /// The same from an array.
    init(arguments: [String]) throws { (pid, outputs) = try Self.start([Built.command()] + arguments) }

    /// Starts another program of this package.
    init(program: String, _ arguments: String...) throws {
        (pid, outputs) = try Self.start([Built.program(program)] + arguments)
    }

    /// With `file` as its standard input.
    init(arguments: [String], reading file: String) throws {
        let words = ["/bin/sh", "-c", "exec \"$@\" <\"$0\"", file, try Built.command()]
        (pid, outputs) = try Self.start(words + arguments)
    }

    /// As a service manager does it: `inherited` become the descriptors from 3 on, and the shell sets the variables,
    /// which may mention the child's own number as `$$`.
    init(_ arguments: String..., inheriting inherited: [Int32] = [], variables: [String]) throws {
        let setting = variables.map { "export \($0); " }.joined()
        let words = ["/bin/sh", "-c", "\(setting)exec \"$@\"", "sh", try Built.command()]
        (pid, outputs) = try Self.start(words + arguments, inheriting: inherited)
    }

    deinit {
        if status == nil {
            kill(pid, SIGKILL)
            var status: Int32 = 0
            _ = unsafe waitpid(pid, &status, 0)
        }
        for output in outputs where output.descriptor >= 0 { close(output.descriptor) }
    }

    /// Everything said so far.
    func bytes(_ stream: Stream) -> [UInt8] { outputs[stream.rawValue].text }

    /// The same as text.
    func text(_ stream: Stream) -> String { String(decoding: bytes(stream), as: UTF8.self) }

    /// The complete lines said so far.
    func lines(_ stream: Stream) -> [String] {
        bytes(stream).split(separator: 10, omittingEmptySubsequences: false).dropLast()
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The first line that `find` makes something of; waits for it.
    func line<Found>(_ stream: Stream, within limit: Duration = .seconds(30), _ find: (String) -> Found?)
        throws -> Found
    {
        let deadline = MonotonicClock.now().advanced(by: limit)
        while true {
            if let found = lines(stream).lazy.compactMap(find).first { return found }
            guard read(until: deadline) else { break }
        }
        throw Missing(text: "no such line; output: \(text(.standardOutput)) error: \(text(.standardError))")
    }

    /// The addresses that it listens on, once it has named `count` of them.
    func endpoints(_ count: Int = 1) throws -> [Endpoint] {
        let prefix = "listening on "
        _ = try line(.standardError) { _ in
            lines(.standardError).filter { $0.hasPrefix(prefix) }.count == count ? true : nil
        }
        return try lines(.standardError).filter { $0.hasPrefix(prefix) }
            .map { try Endpoint(parsing: String($0.dropFirst(prefix.count))) }
    }

    /// Sends it a signal.
    func signal(_ number: Int32) { kill(pid, number) }

    /// A line of `/proc/PID/status`.
    func processStatus(_ key: String) -> String? {
        guard let content = try? contents(of: "/proc/\(pid)/status") else { return nil }
        return content.split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
            .first { $0.hasPrefix(key + ":") }
    }

    /// Stops reading its standard output, as a pager does that is left.
    func closeOutput() {
        close(outputs[Stream.standardOutput.rawValue].descriptor)
        outputs[Stream.standardOutput.rawValue].descriptor = -1
    }

    /// Waits until it has ended and gives its exit status, or minus the signal that ended it.
    func end(within limit: Duration = .seconds(30)) throws -> Int32 {
        let deadline = MonotonicClock.now().advanced(by: limit)
        while outputs.contains(where: { $0.descriptor >= 0 }) {
            guard read(until: deadline) else {
                throw Missing(text: "it does not end; error: \(text(.standardError))")
            }
        }
        var raw: Int32 = 0
        while unsafe waitpid(pid, &raw, 0) < 0, errno == EINTR {}
        let code = raw & 0x7F == 0 ? raw >> 8 & 0xFF : -(raw & 0x7F)
        status = code
        return code
    }

    /// Reads what there is, after waiting for it; false at the deadline and when all has been read.
    private func read(until deadline: Instant) -> Bool {
        var waiting = outputs.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        guard waiting.contains(where: { $0.fd >= 0 }) else { return false }
        let left = max(0, MonotonicClock.now().duration(to: deadline).nanoseconds / 1_000_000)
        let count = unsafe poll(&waiting, nfds_t(waiting.count), Int32(clamping: left))
        guard count > 0 else { return count < 0 && errno == EINTR }
        for (index, entry) in waiting.enumerated() where entry.fd >= 0 && entry.revents != 0 {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe Glibc.read(entry.fd, &buffer, buffer.count)
            if count > 0 {
                outputs[index].text += buffer[..<count]
            } else {
                close(entry.fd)
                outputs[index].descriptor = -1
            }
        }
        return true
    }

    private static func start(
        _ command: [String], inheriting inherited: [Int32] = []
    ) throws -> (pid_t, [Output]) {
        let path = command[0]
        return try turn.withLock {
            let pipes = try [pipe(), pipe()]
            // Out of the way of the numbers that they are to have.
            let passed = inherited.map { fcntl($0, F_DUPFD_CLOEXEC, 100) }
            defer { for descriptor in passed { close(descriptor) } }
            var actions = unsafe posix_spawn_file_actions_t()
            unsafe posix_spawn_file_actions_init(&actions)
            defer { unsafe posix_spawn_file_actions_destroy(&actions) }
            unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            unsafe posix_spawn_file_actions_adddup2(&actions, pipes[0].write, 1)
            unsafe posix_spawn_file_actions_adddup2(&actions, pipes[1].write, 2)
            for (index, descriptor) in passed.enumerated() {
                unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, 3 + Int32(index))
            }
            let words = unsafe command.map { word in unsafe strdup(word) } + [nil]
            defer {
                for index in unsafe words.indices { unsafe free(words[index]) }
            }
            var pid = pid_t()
            let failure = unsafe posix_spawn(&pid, path, &actions, nil, words, environ)
            for pipe in pipes { close(pipe.write) }
            guard failure == 0 else {
                for pipe in pipes { close(pipe.read) }
                throw Missing(text: "cannot start \(path): error \(failure)")
            }
            return (pid, pipes.map { Output(descriptor: $0.read) })
        }
    }

    /// Close-on-exec from the first moment, which pipe(2) cannot do: other tests start programs at the same time.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw Missing(text: "pipe: error \(errno)")
        }
        return (ends[0], ends[1])
    }
}

/// What a test waited for did not come.
struct Missing: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

/// Where the build left the command.
enum Built {
    /// `smtp`, or what SMTP_COMMAND says.
    static func command() throws -> String {
        if let named = unsafe getenv("SMTP_COMMAND") { return unsafe String(cString: named) }
        return try program("smtp")
    }

    /// Next to the test bundle.
    static func program(_ name: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var folder = own.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        while folder.count > 1 {
            let path = folder.joined(separator: "/") + "/\(name)"
            if isProgram(path) { return path }
            folder = folder.dropLast()
        }
        throw Missing(text: "no \(name) next to \(own); build it")
    }

    private static func isProgram(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && access(path, X_OK) == 0
    }
}
