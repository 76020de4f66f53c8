import Glibc
import SMTPHandlers

/// A file system in memory that notes every call and fails where it is told to. For one thread.
final class FakeFileSystem: @unchecked Sendable {
    enum Call: String, CaseIterable {
        case makeDirectory, open, write, sync, close, link, unlink, syncDirectory
    }

    /// Content by path; two names of one file hold the same object.
    private(set) var files: [String: File] = [:]
    private(set) var directories: Set<String> = ["/", "/mail"]
    private(set) var open: [Int32: File] = [:]
    private(set) var mostOpen = 0
    private(set) var calls: [String] = []
    /// Calls yet to be made of each kind before one fails, and how.
    var failures: [Call: (after: Int, errno: Int32)] = [:]
    /// At most so many bytes are written by one call.
    var writeLimit = Int.max
    /// Every second write is interrupted by a signal.
    var interruptsWrites = false
    /// Called with the path of each file just made.
    var opened: (String) -> Void = { _ in }
    private var nextDescriptor: Int32 = 100
    private var isInterrupted = false

    final class File {
        var content: [UInt8] = []
        var isSynced = false
    }

    func forgetCalls() { calls = [] }
    func count(_ call: Call) -> Int {
        calls.count { $0 == call.rawValue || $0.hasPrefix(call.rawValue + " ") }
    }
    func place(_ content: String, at path: String) {
        let file = File()
        file.content = bytes(content)
        files[path] = file
    }

    private func note(_ call: Call, _ detail: String) throws(ErrorNumber) {
        calls.append(detail.isEmpty ? call.rawValue : "\(call.rawValue) \(detail)")
        guard let failure = failures[call] else { return }
        if failure.after == 0 {
            failures[call] = nil
            throw ErrorNumber(failure.errno)
        }
        failures[call] = (failure.after - 1, failure.errno)
    }

    /// `tmp`, `new`, `tmp/NAME` or `new/NAME`, or the whole path if it is none of them.
    private func short(_ path: String) -> String {
        let prefix = "/mail/box/"
        guard path.hasPrefix(prefix) else { return path }
        let parts = path.dropFirst(prefix.count).split(separator: "/")
        return parts.count == 2 ? "\(parts[0])/NAME" : String(path.dropFirst(prefix.count))
    }

    var system: MaildirFileSystem {
        var system = MaildirFileSystem.system
        system.makeDirectory = { [self] path throws(ErrorNumber) in
            try note(.makeDirectory, short(path))
            return directories.insert(path).inserted
        }
        system.open = { [self] path throws(ErrorNumber) in
            try note(.open, short(path))
            guard files[path] == nil else { throw ErrorNumber(EEXIST) }
            let file = File()
            files[path] = file
            nextDescriptor += 1
            open[nextDescriptor] = file
            mostOpen = max(mostOpen, open.count)
            opened(path)
            return nextDescriptor
        }
        system.write = { [self] descriptor, bytes throws(ErrorNumber) in
            try note(.write, "")
            guard let file = open[descriptor] else { throw ErrorNumber(EBADF) }
            isInterrupted.toggle()
            if interruptsWrites, isInterrupted { throw ErrorNumber(EINTR) }
            let count = min(writeLimit, bytes.count)
            for index in 0..<count { file.content.append(bytes[index]) }
            return count
        }
        system.sync = { [self] descriptor throws(ErrorNumber) in
            try note(.sync, "")
            guard let file = open[descriptor] else { throw ErrorNumber(EBADF) }
            file.isSynced = true
        }
        system.close = { [self] descriptor throws(ErrorNumber) in
            let wasOpen = open.removeValue(forKey: descriptor) != nil
            try note(.close, "")
            guard wasOpen else { throw ErrorNumber(EBADF) }
        }
        system.link = { [self] path, newPath throws(ErrorNumber) in
            try note(.link, "\(short(path)) \(short(newPath))")
            guard files[newPath] == nil else { throw ErrorNumber(EEXIST) }
            files[newPath] = files[path]
        }
        system.unlink = { [self] path throws(ErrorNumber) in
            try note(.unlink, short(path))
            guard files.removeValue(forKey: path) != nil else { throw ErrorNumber(ENOENT) }
        }
        system.syncDirectory = { [self] path throws(ErrorNumber) in try note(.syncDirectory, short(path)) }
        system.hostname = { "mail/host:1" }
        system.time = { (1_234_567_890, 42) }
        system.processID = { 7 }
        system.random = { 0xABCD }
        return system
    }
}
