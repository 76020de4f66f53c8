import Glibc

/// The calls to the operating system that a maildir needs, so that a test can make any of them fail.
package struct MaildirFileSystem: Sendable {
    /// Makes a directory for its owner only; false if it was there. Something else of that name is `ENOTDIR`.
    package var makeDirectory: @Sendable (_ path: String) throws(ErrorNumber) -> Bool
    /// Makes a new file for writing; one that is there already is `EEXIST`.
    package var open: @Sendable (_ path: String) throws(ErrorNumber) -> Int32
    /// Writes some of the bytes and says how many.
    package var write: @Sendable (_ descriptor: Int32, _ bytes: Span<UInt8>) throws(ErrorNumber) -> Int
    /// Brings a file to the disk.
    package var sync: @Sendable (_ descriptor: Int32) throws(ErrorNumber) -> Void
    /// Gives the descriptor back, whatever the result.
    package var close: @Sendable (_ descriptor: Int32) throws(ErrorNumber) -> Void
    /// Gives a file a second name, which must be new.
    package var link: @Sendable (_ path: String, _ newPath: String) throws(ErrorNumber) -> Void
    /// Takes one name of a file away.
    package var unlink: @Sendable (_ path: String) throws(ErrorNumber) -> Void
    /// Brings the names in a directory to the disk.
    package var syncDirectory: @Sendable (_ path: String) throws(ErrorNumber) -> Void
    /// The machine's name.
    package var hostname: @Sendable () -> String
    /// The wall clock: since 1970.
    package var time: @Sendable () -> (seconds: Int64, microseconds: Int64)
    /// This process.
    package var processID: @Sendable () -> Int32
    /// A number nobody can foresee.
    package var random: @Sendable () -> UInt64

    /// The real one.
    package static let system = Self(
        makeDirectory: Self.makeDirectory,
        open: { path throws(ErrorNumber) in
            try restarting {
                unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            }
        },
        write: { descriptor, bytes throws(ErrorNumber) in
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
            guard count >= 0 else { throw ErrorNumber.current }
            return count
        },
        sync: { descriptor throws(ErrorNumber) in try checked(Glibc.fsync(descriptor)) },
        close: { descriptor throws(ErrorNumber) in try checked(Glibc.close(descriptor)) },
        link: { path, newPath throws(ErrorNumber) in try checked(unsafe Glibc.link(path, newPath)) },
        unlink: { path throws(ErrorNumber) in try checked(unsafe Glibc.unlink(path)) },
        syncDirectory: Self.syncDirectory,
        hostname: Self.hostname,
        time: {
            var time = timespec()
            unsafe clock_gettime(CLOCK_REALTIME, &time)
            return (Int64(time.tv_sec), Int64(time.tv_nsec) / 1000)
        },
        processID: { getpid() },
        random: { UInt64.random(in: .min ... .max) }
    )

    @Sendable private static func makeDirectory(_ path: String) throws(ErrorNumber) -> Bool {
        if unsafe mkdir(path, 0o700) == 0 { return true }
        let error = ErrorNumber.current
        guard error.code == EEXIST else { throw error }
        var status = Glibc.stat()
        try checked(unsafe stat(path, &status))
        guard status.st_mode & S_IFMT == S_IFDIR else { throw ErrorNumber(ENOTDIR) }
        return false
    }

    // A descriptor of its own for each call: one that threads share would report a lost write to only one of them.
    @Sendable private static func syncDirectory(_ path: String) throws(ErrorNumber) {
        let descriptor = try restarting { unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        let failure = fsync(descriptor) == 0 ? nil : ErrorNumber.current
        _ = Glibc.close(descriptor)
        if let failure { throw failure }
    }

    @Sendable private static func hostname() -> String {
        var name = [CChar](repeating: 0, count: 257)
        let result = unsafe gethostname(&name, name.count - 1)
        guard result == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// Why a call to the operating system failed.
package struct ErrorNumber: Error, Hashable, Sendable {
    package let code: Int32

    package init(_ code: Int32) { self.code = code }

    /// Of the call just made.
    static var current: ErrorNumber { ErrorNumber(errno) }
}

/// Throws unless the call returned 0.
private func checked(_ result: Int32) throws(ErrorNumber) {
    guard result == 0 else { throw ErrorNumber.current }
}

/// Makes a call that gives a descriptor, again if a signal came in between.
private func restarting(_ call: () -> Int32) throws(ErrorNumber) -> Int32 {
    while true {
        let descriptor = call()
        if descriptor >= 0 { return descriptor }
        guard errno == EINTR else { throw ErrorNumber.current }
    }
}
