import Glibc

/// What a maildir could not do, where, and why.
public struct MaildirError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What it was doing.
    public let step: Step
    /// The file or directory it was doing that to.
    public let path: String
    /// The operating system's reason.
    public let errno: Int32

    package init(_ step: Step, _ path: String, errno: Int32) {
        self.step = step
        self.path = path
        self.errno = errno
    }

    /// The steps of a delivery in their order, and the one before all.
    public enum Step: Hashable, Sendable, CaseIterable {
        /// Making the maildir and its three directories.
        case makeDirectory
        /// Making a new file under `tmp`.
        case open
        /// Writing the message.
        case write
        /// Bringing the file to the disk.
        case sync
        /// Closing the file.
        case close
        /// Giving the file its name under `new`.
        case link
        /// Taking its name under `tmp` away.
        case unlink
        /// Bringing the names in a directory to the disk.
        case syncDirectory
    }

    /// Whether the disk or the user's share of it is full.
    public var isStorageFull: Bool { errno == ENOSPC || errno == EDQUOT }

    /// The step, the path, the reason and what to do about it.
    public var description: String {
        let reason = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
        return "maildir: cannot \(action) \(path): \(reason). \(remedy)."
    }

    private var action: String {
        switch step {
        case .makeDirectory: "make the directory"
        case .open: "make the file"
        case .write: "write"
        case .sync: "bring to the disk"
        case .close: "close"
        case .link: "add the name"
        case .unlink: "remove"
        case .syncDirectory: "bring to the disk the directory"
        }
    }

    private var remedy: String {
        switch errno {
        case EACCES,
            EPERM where step != .link:
            "Let the user that the server runs as read, write and search this directory and the one above it"
        case EROFS: "Choose a directory on a file system that can be written"
        case ENOTDIR: "Something of that name is no directory: move it away or choose another path"
        case ENOENT: "Make the directory above it first, or correct the path"
        case ENOSPC, EDQUOT: "Free some space"
        case EMFILE, ENFILE: "Allow more open files, or fewer connections"
        case EXDEV, EPERM, EOPNOTSUPP, EMLINK:
            "The directories tmp and new must be on one file system, and it must have hard links"
        case EINVAL:
            "Choose a path without a NUL, on a file system that can bring files and directories to the disk"
        default: "Check the disk and the system's log"
        }
    }
}
