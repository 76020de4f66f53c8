import Glibc

/// A user of this machine, whose rights the server takes on once it has bound its addresses.
struct Account: Sendable {
    private let name: String
    private let user: uid_t
    private let group: gid_t

    /// Looks the user up, and whether this process may become that user at all.
    init(named name: String) throws {
        errno = 0
        guard !name.utf8.contains(0), let entry = unsafe getpwnam(name) else {
            throw UsageError(
                "--user", name, "no such user on this machine; add the user or give another name")
        }
        self.name = name
        user = unsafe entry.pointee.pw_uid
        group = unsafe entry.pointee.pw_gid
        guard user != 0 else {
            throw UsageError("--user", name, "that would keep all rights; give a user that is not root")
        }
        guard geteuid() == 0 || isCurrent else {
            throw Failure(
                "--user \(name): only root can become another user; start as root or leave --user out")
        }
    }

    /// Makes this user the owner of the socket files, so that it can be reached and removed under its rights.
    func own(_ paths: [String]) throws(Failure) {
        for path in paths { try check(unsafe chown(path, user, group), "own \(path)") }
    }

    /// Gives up the rights that the process has for those of this user, for good, in all threads.
    func become() throws(Failure) {
        if isCurrent { return }
        try check(unsafe initgroups(name, group), "set its groups")
        try check(setgid(group), "set its group")
        try check(setuid(user), "set its user")
        guard isCurrent, getgid() == group, getegid() == group, setuid(0) != 0 else {
            throw Failure(
                "--user \(name): the rights of root could not be given up; start as that user instead")
        }
    }

    private var isCurrent: Bool { getuid() == user && geteuid() == user }

    private func check(_ result: Int32, _ step: String) throws(Failure) {
        guard result != 0 else { return }
        let reason = systemText(errno)
        throw Failure(
            "--user \(name): cannot \(step): \(reason); start as root with CAP_SETUID and CAP_SETGID")
    }
}
