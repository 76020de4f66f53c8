import ArgumentParser
import Glibc
import SMTPConnection

/// The command's entry. Everything else is in free functions: what stands here belongs to the main actor.
@main
struct Program {
    static func main() { exit(runCommand(Array(CommandLine.arguments.dropFirst()))) }
}

/// `smtp` itself: only its subcommands do anything.
struct Root: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "smtp",
        abstract: "Receive and send mail, and check how a mail server behaves.",
        discussion: "Exit status: 0 if all went well, 1 if something failed, 2 if the command line is wrong.",
        version: SMTPVersion.current,
        subcommands: [Serve.self, Send.self, Check.self, Password.self])
}

/// Runs the command that `arguments` asks for and gives its exit status; an error becomes one line.
func runCommand(_ arguments: [String]) -> Int32 {
    do {
        var command = try Root.parseAsRoot(arguments)
        try command.run()
        return 0
    } catch let error as UsageError {
        complain(error.description)
        return 2
    } catch let error as Failure {
        complain(error.description)
        return 1
    } catch let status as ExitCode {
        return status.rawValue
    } catch {
        return report(error, arguments)
    }
}

/// Shows what the argument parser has to say: help on standard output, or a complaint.
private func report(_ error: any Error, _ arguments: [String]) -> Int32 {
    let status = Root.exitCode(for: error)
    if status == .success {
        print(Root.fullMessage(for: error))
        return 0
    }
    let name = arguments.first.flatMap { first in Root.subcommandNames.first { $0 == first } }
    let help = name.map { "smtp \($0) --help" } ?? "smtp --help"
    complain("\(Root.message(for: error)); see '\(help)'")
    return status == .validationFailure ? 2 : 1
}

extension Root {
    fileprivate static var subcommandNames: [String] { configuration.subcommands.map { $0._commandName } }
}
