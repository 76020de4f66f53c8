import Glibc

/// The listening sockets that a service manager opened for this process, as `sd_listen_fds(3)` describes.
public struct InheritedSockets: Hashable, Sendable {
    /// The first descriptor that is passed.
    private static let first: Int32 = 3
    /// More than any service has, and few enough to be numbers of descriptors.
    private static let most = 1 << 16

    /// One of them.
    public struct Socket: Hashable, Sendable {
        /// The descriptor.
        public let descriptor: Int32
        /// What the manager calls it: `FileDescriptorName=` of the socket unit.
        public let name: String
    }

    /// In the order in which they were passed.
    public let sockets: [Socket]

    /// The descriptors of those called `name`.
    public func descriptors(named name: String) -> [Int32] {
        sockets.filter { $0.name == name }.map(\.descriptor)
    }

    /// Reads what the manager put into the environment and takes it out, so that no child believes it was meant.
    ///
    /// Before threads that use the environment. None if nothing was passed, or not to this process.
    public static func take() throws(InheritanceError) -> InheritedSockets {
        let names = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]
        let values = names.map { name in
            unsafe getenv(name).map { unsafe String(cString: $0) }
        }
        for name in names { unsafe unsetenv(name) }
        let taken = try InheritedSockets(
            count: values[0], process: values[1], names: values[2], in: getpid())
        for socket in taken.sockets { _ = fcntl(socket.descriptor, F_SETFD, FD_CLOEXEC) }
        return taken
    }

    /// The same from the values of `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES`, in the process `own`.
    init(count: String?, process: String?, names: String?, in own: pid_t) throws(InheritanceError) {
        guard let count, let process else {
            sockets = []
            return
        }
        guard let meant = decimal(Array(process.utf8)[...], limit: Int(Int32.max)) else {
            throw InheritanceError(
                variable: "LISTEN_PID", value: process, problem: "not the number of a process")
        }
        guard meant == Int(own) else {
            sockets = []
            return
        }
        guard let number = decimal(Array(count.utf8)[...], limit: Self.most), number > 0 else {
            throw InheritanceError(
                variable: "LISTEN_FDS", value: count, problem: "not a number of descriptors from 1 to 65536")
        }
        let given = names?.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .map { String(decoding: Array($0), as: UTF8.self) }
        guard given == nil || given?.count == number else {
            throw InheritanceError(
                variable: "LISTEN_FDNAMES", value: names ?? "",
                problem: "not as many names, with colons between them, as LISTEN_FDS says")
        }
        sockets = (0..<number).map {
            Socket(descriptor: Self.first + Int32($0), name: given?[$0] ?? "unknown")
        }
    }
}

/// What a service manager, or somebody in its place, put into the environment and nobody can understand.
public struct InheritanceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The variable.
    public let variable: String
    /// Its value.
    public let value: String
    /// What is wrong with it.
    public let problem: String

    /// Names the variable, its value, what is wrong and what to do.
    public var description: String {
        "\(variable)='\(value)' in the environment: \(problem); unset it, or set it as sd_listen_fds(3) says"
    }
}
