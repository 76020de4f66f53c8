import SMTPHandlers

/// What becomes of messages.
struct Destination: Sendable {
    /// They are printed on standard output.
    let prints: Bool
    /// They are stored here.
    let maildir: String?

    /// As `--print`, `--maildir` and `--discard` say.
    init(_ options: Serve) throws(UsageError) {
        if options.discard {
            if let directory = options.maildir {
                throw UsageError("--maildir", directory, "contradicts --discard; leave one of them out")
            }
            if options.print { throw UsageError("--print contradicts --discard; leave one of them out") }
        }
        if let directory = options.maildir, directory.isEmpty || directory.utf8.contains(0) {
            throw UsageError("--maildir", "'\(directory)'", "not a path; give a directory")
        }
        prints = options.print || (options.maildir == nil && !options.discard)
        maildir = options.maildir
    }
}
