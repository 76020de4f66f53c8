import Glibc
import SMTPConnection
import SMTPSockets
import Testing

/// `smtp check`, on the core, on sockets and on a server that runs.
@Suite struct CheckTests {
    static let greeting = """
        # Greeting

        ## A client is greeted

        covers R5321-3.1-a

        ```smtp
        S: 220
        C: QUIT
        S: 221
        S closes
        ```

        """
    static let wrong = """
        # Wrong

        ## Nobody answers so

        ```smtp
        S: 220
        C: NOOP
        S: 354
        ```

        """

    @Test(arguments: [[], ["--target", "core"], ["--target", "core", "--target", "threads"]])
    func `a case that holds passes`(targets: [String]) throws {
        let folder = try Folder()
        let page = try folder.write("page.md", Self.greeting)
        let child = try Child(arguments: ["check"] + targets + [page])
        #expect(try child.end() == 0)
        #expect(child.text(.standardError) == "")
        let count = max(1, targets.filter { $0 != "--target" }.count)
        #expect(child.lines(.standardOutput).last == "\(count) passed, 0 failed, 0 skipped")
    }

    @Test func `a case that does not hold is shown, and the exit status is 1`() throws {
        let folder = try Folder()
        let page = try folder.write("page.md", Self.greeting + Self.wrong)
        let child = try Child("check", page)
        #expect(try child.end() == 1)
        #expect(child.text(.standardOutput).contains("WRONG"))
        #expect(child.lines(.standardOutput).last == "1 passed, 1 failed, 0 skipped")
    }

    @Test func `any server can be checked by its address`() throws {
        let folder = try Folder()
        _ = try folder.write("page.md", Self.greeting)
        let server = try Child("serve", "--listen", "127.0.0.1:0", "--discard")
        let address = try "\(server.endpoints()[0])"
        for arguments in [[address], ["--target", address]] {
            let child = try Child(arguments: ["check", "--report", "matrix"] + arguments + [folder.path])
            #expect(try child.end() == 0)
            #expect(child.text(.standardOutput).contains("A client is greeted"))
            #expect(child.lines(.standardOutput).first?.contains(address) == true)
            #expect(child.lines(.standardOutput).last == "1 passed, 0 failed, 0 skipped")
        }
    }

    @Test func `a server that is not there is one line and exit status 1`() throws {
        let folder = try Folder()
        let page = try folder.write("page.md", Self.greeting)
        let listener = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0))
        let address = "\(listener.endpoint)"
        listener.close()
        let child = try Child("check", address, page)
        #expect(try child.end() == 1)
        #expect(child.lines(.standardError).count == 1 && child.text(.standardError).contains(address))
    }

    @Test func `coverage compares with the requirements beside the pages`() throws {
        let folder = try Folder()
        let page = try folder.write("page.md", Self.greeting)
        let without = try Child("check", "--report", "coverage", page)
        #expect(try without.end() == 2)
        #expect(without.text(.standardError).contains("requirements.txt"))
        _ = try folder.write("requirements.txt", "# RFC 5321\nR5321-3.1-a\nR5321-3.1-b\n")
        let child = try Child("check", "--report", "coverage", page)
        #expect(try child.end() == 0)
        #expect(child.lines(.standardOutput).last == "2 ids, 1 with a case, 0 excepted, 1 open")
    }

    static let pages: [(text: String, status: Int32, named: String)] = [
        ("# T\n\n## C\n\n```smtp\nC? what\n```\n", 2, "page.md:6: "), ("nothing", 2, "no transcripts"),
    ]

    @Test(arguments: pages) func `a page that is wrong is one line`(
        _ page: (text: String, status: Int32, named: String)
    ) throws {
        let folder = try Folder()
        let child = try Child("check", try folder.write("page.md", page.text))
        #expect(try child.end() == page.status)
        #expect(child.text(.standardOutput) == "")
        #expect(child.lines(.standardError).count == 1 && child.text(.standardError).contains(page.named))
    }

    @Test func `a page that is not there is one line and exit status 1`() throws {
        let folder = try Folder()
        let child = try Child("check", "\(folder.path)/none.md")
        #expect(try child.end() == 1)
        #expect(child.lines(.standardError).count == 1 && child.text(.standardError).contains("none.md"))
    }
}
