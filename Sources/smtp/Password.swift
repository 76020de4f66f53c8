import ArgumentParser
import Glibc
import SMTPHandlers
import SMTPOpenSSL
import SMTPProtocol

/// `smtp password`: a line for the list of accounts.
struct Password: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password",
        abstract: "Make a line for the list of accounts that smtp serve --auth-file reads.",
        discussion: """
            The password is asked for, or read from standard input if that is no terminal; it is never an argument, \
            since others could see it there. What comes out is a key for SCRAM-SHA-256, from which the password \
            cannot be read: smtp password alice >> accounts
            """)

    @Argument(help: "The name of the account.") var name: String
    @Option(help: ArgumentHelp("How much work a guess takes. (default: 600000)", valueName: "n"))
    var iterations: String?
    @Flag(help: "Make a key for SCRAM-SHA-1 instead, for old clients.")
    var sha1 = false
    @Flag(help: "Keep the password itself, in clear: CRAM-MD5 needs it.")
    var clear = false

    func run() throws {
        let count = try iterations.map { try OptionValue.count($0, "--iterations", atLeast: 4096) }
        if clear, sha1 || count != nil {
            throw UsageError("--clear keeps no key; leave --sha1 and --iterations out")
        }
        guard count ?? 0 <= 10_000_000 else {
            throw UsageError("--iterations", iterations ?? "", "too large; give 10000000 or less")
        }
        let password = try Self.readPassword()
        let prepared: [UInt8]
        do throws(StringPreparation.Failure) {
            prepared = try StringPreparation.prepare(password)
        } catch {
            throw Failure(
                "the password has characters that no client could be sure to send alike; choose another")
        }
        guard !prepared.isEmpty else { throw Failure("the password is empty; nothing was made") }
        do {
            let key = try SCRAMKey(
                password: Secret(password), function: sha1 ? .sha1 : .sha256,
                iterations: clear ? 4096 : count ?? SCRAMKey.standardIterations, crypto: OpenSSLCrypto())
            var line = try Accounts.line(name, key)
            if clear {
                line = line.prefix { $0 != ":" } + ":{CLEAR}" + String(decoding: prepared, as: UTF8.self)
            }
            print(line)
        } catch let error as AccountsError {
            throw UsageError("NAME", name, "\(error)")
        }
    }

    /// The password without its line end.
    private static func readPassword() throws -> [UInt8] {
        guard isatty(STDIN_FILENO) == 1 else {
            guard let text = readAll(STDIN_FILENO) else {
                throw Failure("standard input: \(systemText(errno))")
            }
            let lines = text.split(separator: 10, omittingEmptySubsequences: false)
            guard lines.count <= 2, lines.dropFirst().allSatisfy(\.isEmpty) else {
                throw Failure("standard input has more than one line; give the password alone")
            }
            return lines[0].last == 13 ? Array(lines[0].dropLast()) : Array(lines[0])
        }
        let first = try ask("Password: ")
        guard try ask("Again: ") == first else { throw Failure("the two differ; nothing was made") }
        return first
    }

    /// Asks on the terminal, which does not show what is typed.
    private static func ask(_ prompt: String) throws -> [UInt8] {
        StandardError.write(Array(prompt.utf8))
        var settings = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else {
            throw Failure("the terminal: \(systemText(errno))")
        }
        let before = settings
        settings.c_lflag &= ~tcflag_t(ECHO)
        guard unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings) == 0 else {
            throw Failure("the terminal: \(systemText(errno))")
        }
        defer {
            var before = before
            unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            StandardError.write([10])
        }
        var line: [UInt8] = []
        var octet: UInt8 = 0
        while unsafe read(STDIN_FILENO, &octet, 1) == 1, octet != 10 { line.append(octet) }
        return line
    }
}
