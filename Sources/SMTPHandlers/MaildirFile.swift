import Glibc

/// One message on its way into a maildir. After an error, and after `abandon`, nothing of it is left.
final class MaildirFile {
    let name: MaildirName
    private let maildir: Maildir
    private let file: String
    private var descriptor: Int32?
    private var buffer: [UInt8] = []
    /// The folders in which the file has a name at the moment.
    private var folders: [Maildir.Folder]

    /// How much is collected for one write.
    static let bufferSize = 64 << 10

    /// Makes a new file under `tmp`.
    init(in maildir: Maildir, prefix: String = "") throws(MaildirError) {
        let fileSystem = maildir.fileSystem
        var attempts = 3
        while true {
            let name = MaildirName(fileSystem, host: maildir.host)
            let path = maildir.path(.tmp, prefix + name.file)
            do {
                let descriptor = try fileSystem.open(path)
                self.descriptor = descriptor
                self.name = name
                self.maildir = maildir
                file = prefix + name.file
                folders = [.tmp]
                return
            } catch {
                attempts -= 1
                guard error.code == EEXIST, attempts > 0 else {
                    throw MaildirError(.open, path, errno: error.code)
                }
            }
        }
    }

    deinit { abandon() }

    /// Writes, in blocks.
    func append(_ bytes: Span<UInt8>) throws(MaildirError) {
        var position = 0
        while position < bytes.count {
            if buffer.isEmpty, bytes.count - position >= Self.bufferSize {
                return try write(bytes.extracting(position...))
            }
            let count = min(bytes.count - position, Self.bufferSize - buffer.count)
            if buffer.isEmpty { buffer.reserveCapacity(Self.bufferSize) }
            let part = bytes.extracting(position..<position + count)
            unsafe part.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
            position += count
            if buffer.count == Self.bufferSize { try flush() }
        }
    }

    /// Does all that makes the message safe, in the only order that does.
    func deliver() throws(MaildirError) {
        let fileSystem = maildir.fileSystem
        try flush()
        buffer = []
        if let descriptor {
            // After a failure the system may have dropped what it could not write: another sync would report
            // success, so there is none.
            try step(.sync, .tmp) { () throws(ErrorNumber) in try fileSystem.sync(descriptor) }
            // Given back even when that fails; closing it again could hit somebody else's file.
            self.descriptor = nil
            try step(.close, .tmp) { () throws(ErrorNumber) in try fileSystem.close(descriptor) }
        }
        let (unfinished, delivered) = (maildir.path(.tmp, file), maildir.path(.new, file))
        try step(.link, .new) { () throws(ErrorNumber) in try fileSystem.link(unfinished, delivered) }
        folders = [.tmp, .new]
        try step(.unlink, .tmp) { () throws(ErrorNumber) in try fileSystem.unlink(unfinished) }
        folders = [.new]
        do {
            try fileSystem.syncDirectory(maildir.path(.new))
        } catch {
            abandon()
            throw MaildirError(.syncDirectory, maildir.path(.new), errno: error.code)
        }
        folders = []
    }

    /// Takes back what `deliver` has delivered.
    func withdraw() throws(MaildirError) {
        folders = [.new]
        let path = maildir.path(.new, file)
        try step(.unlink, .new) { [maildir] () throws(ErrorNumber) in try maildir.fileSystem.unlink(path) }
        folders = []
    }

    /// Removes the file wherever it is; nothing is left to do if even that fails.
    func abandon() {
        buffer = []
        if let descriptor {
            self.descriptor = nil
            try? maildir.fileSystem.close(descriptor)
        }
        for folder in folders { try? maildir.fileSystem.unlink(maildir.path(folder, file)) }
        folders = []
    }

    private func flush() throws(MaildirError) {
        var block: [UInt8] = []
        swap(&block, &buffer)
        try write(block.span)
        block.removeAll(keepingCapacity: true)
        swap(&block, &buffer)
    }

    private func write(_ bytes: Span<UInt8>) throws(MaildirError) {
        guard let descriptor else { return }
        var position = 0
        while position < bytes.count {
            do throws(ErrorNumber) {
                let count = try maildir.fileSystem.write(descriptor, bytes.extracting(position...))
                guard count > 0 else { throw ErrorNumber(EIO) }
                position += count
            } catch {
                guard error.code != EINTR else { continue }
                abandon()
                throw MaildirError(.write, maildir.path(.tmp, file), errno: error.code)
            }
        }
    }

    private func step(
        _ step: MaildirError.Step, _ folder: Maildir.Folder, _ call: () throws(ErrorNumber) -> Void
    ) throws(MaildirError) {
        do {
            try call()
        } catch {
            abandon()
            throw MaildirError(step, maildir.path(folder, file), errno: error.code)
        }
    }
}
