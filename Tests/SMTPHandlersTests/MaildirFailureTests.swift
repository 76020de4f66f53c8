import Glibc
import SMTPConnection
import SMTPProtocol
import Testing

@testable import SMTPHandlers

@Suite struct MaildirFailureTests {
    /// One call that fails: which, how many of its kind succeed before, and the step that is blamed.
    struct Failure: Sendable, CustomTestStringConvertible {
        let call: FakeFileSystem.Call
        let after: Int
        let step: MaildirError.Step
        var testDescription: String { "\(call) after \(after)" }
    }

    static let failures = [
        Failure(call: .open, after: 0, step: .open), Failure(call: .write, after: 0, step: .write),
        Failure(call: .write, after: 1, step: .write), Failure(call: .write, after: 2, step: .write),
        Failure(call: .sync, after: 0, step: .sync), Failure(call: .close, after: 0, step: .close),
        Failure(call: .link, after: 0, step: .link), Failure(call: .unlink, after: 0, step: .unlink),
        Failure(call: .syncDirectory, after: 0, step: .syncDirectory),
    ]

    final class Reports: @unchecked Sendable { var all: [MaildirError] = [] }

    @Test(
        arguments: failures,
        [
            (EIO, 451, "4.3.0"), (EACCES, 451, "4.3.0"), (EINTR, 451, "4.3.0"), (EMFILE, 451, "4.3.0"),
            (ENOSPC, 452, "4.3.1"), (EDQUOT, 452, "4.3.1"),
        ] as [(Int32, UInt16, String)])
    func everyFailureIsTransientAndLeavesNothing(
        _ failure: Failure, _ expected: (errno: Int32, code: UInt16, status: String)
    ) throws {
        // An interrupted write is simply made again.
        if failure.call == .write, expected.errno == EINTR { return }
        let fake = FakeFileSystem()
        let reports = Reports()
        let maildir = try Maildir(directory: "/mail/box", fileSystem: fake.system) { reports.all.append($0) }
        var conversation = Conversation(maildir.makeHandler())
        // Three writes: a full block, a large run, and what is left.
        let runs = [100, 65_536, 70_000, 100_000].map { [UInt8](repeating: 65, count: $0) }
        fake.forgetCalls()
        fake.failures[failure.call] = (failure.after, expected.errno)
        let answer = try conversation.deliver(.made(), runs)
        #expect(answer?.code == expected.code)
        #expect(answer?.status == expected.status)
        #expect(fake.failures.isEmpty, "the failure happened")
        #expect(fake.files.isEmpty && fake.open.isEmpty)
        #expect(fake.count(.sync) <= 1, "never synced again")
        #expect(fake.count(.close) == fake.count(.open) - (failure.call == .open ? 1 : 0), "closed once")
        #expect(reports.all.map(\.step) == [failure.step])
        #expect(reports.all.map(\.errno) == [expected.errno])

        #expect(try conversation.deliver(.made(), runs) == .accept)
        #expect(fake.files.count == 1 && fake.open.isEmpty)
        #expect(reports.all.count == 1)
    }

    @Test func aWriteOfNothingIsAFailureToo() throws {
        let fake = FakeFileSystem()
        let maildir = try Maildir(directory: "/mail/box", fileSystem: fake.system)
        fake.writeLimit = 0
        var conversation = Conversation(maildir.makeHandler())
        #expect(try conversation.deliver(.made(), [bytes("x")])?.code == 451)
        #expect(fake.files.isEmpty && fake.open.isEmpty)
    }

    @Test func whatIsThereIsNeverReplacedNorRemoved() throws {
        let fake = FakeFileSystem()
        let maildir = try Maildir(directory: "/mail/box", fileSystem: fake.system)
        fake.opened = { path in
            fake.place("somebody's", at: "/mail/box/new/" + path.dropFirst("/mail/box/tmp/".count))
        }
        var conversation = Conversation(maildir.makeHandler())
        #expect(try conversation.deliver(.made(), [bytes("x")])?.code == 451)
        #expect(fake.files.values.map { text($0.content) } == ["somebody's"])
        #expect(fake.open.isEmpty)
    }

    @Test func aFailedTransactionWritesNothingMore() throws {
        let fake = FakeFileSystem()
        let maildir = try Maildir(directory: "/mail/box", fileSystem: fake.system)
        var conversation = Conversation(maildir.makeHandler())
        #expect(try conversation.begin(.made()) == .accept)
        fake.failures[.write] = (0, ENOSPC)
        let run = [UInt8](repeating: 65, count: 70_000)
        #expect(try conversation.content(run)?.code == 452)
        fake.forgetCalls()
        #expect(try conversation.content(run)?.code == 452)
        #expect(try conversation.end()?.code == 452)
        #expect(fake.calls.isEmpty && fake.files.isEmpty)
    }

    @Test(arguments: FakeFileSystem.Call.allCases.filter { $0 != .write }, [EACCES, EROFS, ENOTDIR, EIO])
    func aMaildirThatCannotWorkIsNotMade(_ call: FakeFileSystem.Call, _ errno: Int32) {
        let fake = FakeFileSystem()
        fake.failures[call] = (0, errno)
        let error = #expect(throws: MaildirError.self) {
            try Maildir(directory: "/mail/box", fileSystem: fake.system)
        }
        #expect(error?.errno == errno)
        #expect(error?.path.hasPrefix("/mail") == true)
        #expect(error?.description.contains("cannot ") == true)
        #expect(fake.files.isEmpty && fake.open.isEmpty)
    }

    @Test func errorsNamePathReasonAndRemedy() throws {
        let directory = TemporaryDirectory()
        let missing = directory.path + "/none/box"
        #expect(
            #expect(throws: MaildirError.self) { try Maildir(directory: missing) }?.description
                == "maildir: cannot make the directory \(missing): No such file or directory. "
                + "Make the directory above it first, or correct the path.")
        let file = directory.path + "/file"
        close(unsafe open(file, O_CREAT | O_WRONLY, 0o600))
        #expect(
            #expect(throws: MaildirError.self) { try Maildir(directory: file) }?.description
                == "maildir: cannot make the directory \(file): Not a directory. "
                + "Something of that name is no directory: move it away or choose another path.")
        #expect(throws: MaildirError.self) { try Maildir(directory: "") }
        #expect(throws: MaildirError.self) { try Maildir(directory: directory.path + "/a\0b") }
        #expect(TemporaryDirectory.names(in: directory.path) == ["file"])
    }

    @Test func aFolderThatVanishesIsATransientFailure() throws {
        let directory = TemporaryDirectory()
        let maildir = try Maildir(directory: directory.path)
        var conversation = Conversation(maildir.makeHandler())
        #expect(unsafe rmdir(directory.path + "/new") == 0)
        #expect(try conversation.deliver(.made(), [bytes("x\r\n")])?.code == 451)
        #expect(TemporaryDirectory.names(in: directory.path + "/tmp").isEmpty)
        #expect(unsafe mkdir(directory.path + "/new", 0o700) == 0)
        #expect(try conversation.deliver(.made(), [bytes("x\r\n")]) == .accept)
    }

    @Test func aFullDiskIsToldFromOtherFailures() {
        #expect(MaildirError(.write, "/x", errno: ENOSPC).isStorageFull)
        #expect(MaildirError(.write, "/x", errno: EDQUOT).isStorageFull)
        #expect(!MaildirError(.write, "/x", errno: EIO).isStorageFull)
    }
}
