import Glibc
import SMTPConnection
import SMTPProtocol
import Testing

@testable import SMTPHandlers

@Suite struct MaildirTests {
    private let content = [bytes("Subject: x\r\n\r\n"), bytes(""), bytes("body\r\n")]

    @Test func theCallsOfADeliveryComeInTheDurableOrder() throws {
        let fake = FakeFileSystem()
        let maildir = try Maildir(directory: "/mail/box", fileSystem: fake.system)
        fake.forgetCalls()
        var conversation = Conversation(maildir.makeHandler())
        #expect(try conversation.deliver(.made(to: ["a@example.com", "b@example.com"]), content) == .accept)
        #expect(
            fake.calls == [
                "open tmp/NAME", "write", "sync", "close", "link tmp/NAME new/NAME", "unlink tmp/NAME",
                "syncDirectory new",
            ])
        #expect(fake.files.count == 1)
        #expect(fake.files.values.allSatisfy { $0.isSynced })
    }

    @Test func makesItsDirectoriesAndBringsThemToTheDisk() throws {
        let fake = FakeFileSystem()
        _ = try Maildir(directory: "/mail/box/", fileSystem: fake.system)
        #expect(
            fake.calls.prefix(6) == [
                "makeDirectory /mail/box", "syncDirectory /mail", "makeDirectory tmp", "makeDirectory new",
                "makeDirectory cur", "syncDirectory /mail/box",
            ])
        #expect(fake.files.isEmpty && fake.open.isEmpty)
        fake.forgetCalls()
        _ = try Maildir(directory: "/mail/box", fileSystem: fake.system)
        #expect(fake.count(.syncDirectory) == 1, "only the trial's")
    }

    @Test func theNameFollowsTheConvention() throws {
        let fake = FakeFileSystem()
        let maildir = try Maildir(directory: "/mail/box", fileSystem: fake.system)
        var conversation = Conversation(maildir.makeHandler())
        #expect(try conversation.deliver(.made(), content) == .accept)
        let path = try #require(fake.files.keys.first)
        let name = path.dropFirst("/mail/box/new/".count)
        #expect(name.hasPrefix("1234567890.M42P7Q"))
        #expect(name.hasSuffix("Rabcd.mail\\057host\\0721"))
        let identifier = name.split(separator: ".")[1]
        let stored = text(fake.files[path]?.content ?? [])
        #expect(stored.contains("id \(identifier)\r\n") || stored.contains("id \(identifier) "))
    }

    @Test(arguments: [
        ("mx.example.com", "mx.example.com"), ("", "localhost"), ("a/b:c", "a\\057b\\072c"),
        ("a b\n", "a\\040b\\012"),
        ("é", "\\303\\251"), (String(repeating: "a", count: 300), String(repeating: "a", count: 124)),
    ])
    func theHostIsMadeFitForAFileName(_ hostname: String, _ part: String) {
        #expect(MaildirName.hostPart(hostname) == part)
    }

    @Test func storesReturnPathThenReceivedThenTheContent() throws {
        let fake = FakeFileSystem()
        let maildir = try Maildir(directory: "/mail/box", fileSystem: fake.system)
        var conversation = Conversation(maildir.makeHandler())
        #expect(try conversation.deliver(.made(nil), content) == .accept)
        let stored = text(fake.files.values.first?.content ?? [])
        #expect(stored.hasPrefix("Return-Path: <>\r\nReceived: from client.example ([192.0.2.7])"))
        #expect(stored.hasSuffix(" Fri, 13 Feb 2009 23:31:30 +0000\r\nSubject: x\r\n\r\nbody\r\n"))
    }

    @Test(arguments: [1, 7, 4096, Int.max], [false, true])
    func partialAndInterruptedWritesLoseNothing(_ limit: Int, _ interrupts: Bool) throws {
        let fake = FakeFileSystem()
        let maildir = try Maildir(directory: "/mail/box", fileSystem: fake.system)
        fake.writeLimit = limit
        fake.interruptsWrites = interrupts
        var conversation = Conversation(maildir.makeHandler())
        let sizes = limit < 100 ? [0, 1, 500] : [1, 65_535, 65_536, 65_537, 200_000, 3]
        let runs = sizes.map { size in (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ size) } }
        #expect(try conversation.deliver(.made(), runs) == .accept)
        let stored = fake.files.values.first?.content ?? []
        // Compared here: showing the difference of long arrays takes minutes.
        let isSame = stored.suffix(sizes.reduce(0, +)) == Array(runs.joined())[...]
        #expect(isSame)
        #expect(fake.mostOpen == 1)
    }

    @Test func smallRunsAreWrittenInBlocks() throws {
        let fake = FakeFileSystem()
        let maildir = try Maildir(directory: "/mail/box", fileSystem: fake.system)
        fake.forgetCalls()
        var conversation = Conversation(maildir.makeHandler())
        let runs = [[UInt8]](repeating: [UInt8](repeating: 65, count: 80), count: 2000)
        #expect(try conversation.deliver(.made(), runs) == .accept)
        #expect(fake.count(.write) == 3)
    }

    @Test func aNameThatIsTakenIsReplacedByAnother() throws {
        let fake = FakeFileSystem()
        let maildir = try Maildir(directory: "/mail/box", fileSystem: fake.system)
        var conversation = Conversation(maildir.makeHandler())
        fake.failures[.open] = (0, EEXIST)
        #expect(try conversation.deliver(.made(), content) == .accept)
        #expect(fake.files.count == 1)
    }

    @Test(arguments: [
        Notice.reset(.rset), .reset(.hello), .reset(.aborted), .reset(.refused), .closed(.peerClosed),
    ])
    func anInterruptedTransactionLeavesNothing(_ notice: Notice) throws {
        let fake = FakeFileSystem()
        let maildir = try Maildir(directory: "/mail/box", fileSystem: fake.system)
        var conversation = Conversation(maildir.makeHandler())
        #expect(try conversation.begin(.made()) == .accept)
        #expect(try conversation.content([UInt8](repeating: 65, count: 100_000)) == .accept)
        #expect(fake.files.count == 1 && fake.open.count == 1)
        conversation.observe(notice)
        #expect(fake.files.isEmpty && fake.open.isEmpty)
        #expect(try conversation.deliver(.made(), content) == .accept)
        #expect(fake.files.count == 1 && fake.open.isEmpty)
    }

    @Test func aHandlerThatIsDroppedLeavesNothing() throws {
        let fake = FakeFileSystem()
        let maildir = try Maildir(directory: "/mail/box", fileSystem: fake.system)
        do {
            var conversation = Conversation(maildir.makeHandler())
            #expect(try conversation.begin(.made()) == .accept)
        }
        #expect(fake.files.isEmpty && fake.open.isEmpty)
    }

    @Test func aSecondBeginAbandonsTheFirst() throws {
        let fake = FakeFileSystem()
        let maildir = try Maildir(directory: "/mail/box", fileSystem: fake.system)
        var conversation = Conversation(maildir.makeHandler())
        #expect(try conversation.begin(.made()) == .accept)
        #expect(try conversation.deliver(.made(), content) == .accept)
        #expect(fake.files.count == 1 && fake.mostOpen == 1)
    }

    @Test func eightMessagesAtOnce() throws {
        let directory = TemporaryDirectory()
        let maildir = try Maildir(directory: directory.path)
        var conversations = (0..<8).map { _ in Conversation(maildir.makeHandler()) }
        for index in conversations.indices { #expect(try conversations[index].begin(.made()) == .accept) }
        for part in 0..<5 {
            for (index, conversation) in conversations.enumerated() {
                let run = [UInt8](repeating: UInt8(65 + index), count: 30_000 + part)
                #expect(try conversation.content(run) == .accept)
            }
        }
        for conversation in conversations { #expect(try conversation.end() == .accept) }
        let names = TemporaryDirectory.names(in: directory.path + "/new")
        let letters = names.compactMap { TemporaryDirectory.read(directory.path + "/new/" + $0).last }
        #expect(letters.sorted() == (65..<73).map(UInt8.init))
        for name in names {
            let content = TemporaryDirectory.read(directory.path + "/new/" + name)
            #expect(content.suffix(150_010).allSatisfy { $0 == content.last })
        }
    }

    @Test func twoHundredMessagesFromEightThreads() throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/box"
        let maildir = try Maildir(directory: path)
        onThreads(8) { thread in
            var conversation = Conversation(maildir.makeHandler())
            for number in 0..<25 {
                let content = [bytes("\r\n"), bytes("message \(thread)/\(number)\r\n")]
                let answer = try? conversation.deliver(.made(), content)
                #expect(answer == .accept)
            }
        }
        let names = TemporaryDirectory.names(in: path + "/new")
        #expect(names.count == 200)
        #expect(TemporaryDirectory.names(in: path + "/tmp").isEmpty)
        let stored = names.map { text(TemporaryDirectory.read("\(path)/new/\($0)")) }
        #expect(stored.allSatisfy { $0.hasPrefix("Return-Path: <alice@example.org>\r\nReceived: ") })
        for thread in 0..<8 {
            for number in 0..<25 {
                #expect(stored.count { $0.hasSuffix("\r\n\r\nmessage \(thread)/\(number)\r\n") } == 1)
            }
        }
    }

    @Test func directoriesAndFilesAreTheOwnersAlone() throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/box"
        let maildir = try Maildir(directory: path)
        var conversation = Conversation(maildir.makeHandler())
        #expect(try conversation.deliver(.made(), content) == .accept)
        let file = try #require(TemporaryDirectory.names(in: path + "/new").first)
        let modes = [("", 0o700), ("/tmp", 0o700), ("/new", 0o700), ("/cur", 0o700), ("/new/\(file)", 0o600)]
        for (name, mode) in modes {
            var status = stat()
            #expect(unsafe stat(path + name, &status) == 0)
            #expect(Int(status.st_mode & 0o777) == mode, "\(name)")
        }
    }
}
