import Glibc
public import SMTPConnection

/// Stores each message as a file of its own in a maildir, and says 250 only when a power cut can no longer undo that.
///
/// A message is written under `tmp` to a new file, brought to the disk, closed, named under `new`, unnamed under
/// `tmp`, and the directory `new` brought to the disk; then it is accepted. Any failure on the way leaves nothing
/// behind and is answered with 451 4.3.0, or 452 4.3.1 when the disk is full. Naming is `link` and `unlink` instead
/// of `rename`, because `link` refuses to replace a file that is there. A power cut can leave a file under `tmp`,
/// which readers of a maildir ignore, or a message that was never acknowledged and will be sent again.
///
/// A message to several recipients is one file. It begins with `Return-Path` and `Received` (RFC 5321 §4.4) and keeps
/// its CRLF line ends. The calls block the thread of the connection.
public final class Maildir: Sendable {
    /// The path, absolute.
    public let directory: String
    let fileSystem: MaildirFileSystem
    let host: String
    let report: @Sendable (MaildirError) -> Void

    /// Makes `directory` and in it `tmp`, `new` and `cur`, as far as they are missing, and tries a delivery in them.
    ///
    /// `report` is told of every failed delivery, by the thread of the connection.
    public convenience init(
        directory: String, report: @escaping @Sendable (MaildirError) -> Void = { _ in }
    ) throws(MaildirError) {
        try self.init(directory: directory, fileSystem: .system, report: report)
    }

    package init(
        directory: String, fileSystem: MaildirFileSystem,
        report: @escaping @Sendable (MaildirError) -> Void = { _ in }
    ) throws(MaildirError) {
        // The operating system would take what is before the NUL for the whole path.
        if directory.utf8.contains(0) { throw MaildirError(.makeDirectory, directory, errno: EINVAL) }
        if directory.isEmpty { throw MaildirError(.makeDirectory, directory, errno: ENOENT) }
        self.directory = Self.absolute(directory)
        self.fileSystem = fileSystem
        self.host = MaildirName.hostPart(fileSystem.hostname())
        self.report = report
        try makeDirectories()
        try tryDelivery()
    }

    /// A handler for one connection that accepts every recipient and stores every message here.
    public func makeHandler() -> any Handler { MaildirHandler(self) }

    func path(_ folder: Folder, _ name: String = "") -> String {
        name.isEmpty ? "\(directory)/\(folder.rawValue)" : "\(directory)/\(folder.rawValue)/\(name)"
    }

    /// Unfinished messages, unread ones, and those that a reader has seen.
    enum Folder: String, CaseIterable { case tmp, new, cur }

    private func makeDirectories() throws(MaildirError) {
        if try makeDirectory(directory) { try syncDirectory(Self.parent(of: directory)) }
        var isChanged = false
        for folder in Folder.allCases where try makeDirectory(path(folder)) { isChanged = true }
        if isChanged { try syncDirectory(directory) }
    }

    private func makeDirectory(_ path: String) throws(MaildirError) -> Bool {
        do {
            return try fileSystem.makeDirectory(path)
        } catch {
            throw MaildirError(.makeDirectory, path, errno: error.code)
        }
    }

    private func syncDirectory(_ path: String) throws(MaildirError) {
        do {
            try fileSystem.syncDirectory(path)
        } catch {
            throw MaildirError(.syncDirectory, path, errno: error.code)
        }
    }

    /// Delivers an empty file and takes it back, so that what would fail later fails now.
    private func tryDelivery() throws(MaildirError) {
        // Readers of a maildir ignore names that begin with a dot.
        let file = try MaildirFile(in: self, prefix: ".")
        try file.deliver()
        try file.withdraw()
    }

    private static func absolute(_ path: String) -> String {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        let trimmed = String(decoding: bytes, as: UTF8.self)
        guard bytes.first != UInt8(ascii: "/"), let working = unsafe getcwd(nil, 0) else { return trimmed }
        defer { unsafe free(working) }
        return unsafe "\(String(cString: working))/\(trimmed)"
    }

    private static func parent(of path: String) -> String {
        let end = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.utf8.startIndex
        return end > path.utf8.startIndex ? String(decoding: path.utf8[..<end], as: UTF8.self) : "/"
    }
}
