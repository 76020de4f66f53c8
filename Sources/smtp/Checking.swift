import ArgumentParser
import Glibc
import SMTPConnection
import SMTPHandlers
import SMTPSockets
import SpecRunner

/// Runs the transcripts and prints the report; throws the exit status if a case failed.
func check(_ settings: CheckSettings) throws {
    raiseDescriptorLimit()
    var options = SpecRunner.Options(pages: try pages(at: settings.files))
    options.targets = settings.targets.map { target in
        switch target {
        case .core: .core
        case .adapter(let choice): .adapter(name: choice.name) { choice.make(nil) }
        case .foreign(let endpoint): .foreign(endpoint)
        }
    }
    options.vouched = Dictionary(settings.given.map { ($0.key, $0.value) }) { _, last in last }
    options.isStrict = settings.isStrict
    switch settings.report {
    case .dialogue: options.report = .dialogue
    case .matrix: options.report = .matrix
    case .coverage:
        options.report = .coverage
        (options.requirements, options.exceptions) = try requirements(near: settings.files)
    }
    if options.report != .coverage {
        for case .foreign(let endpoint) in settings.targets { try requireServer(at: endpoint) }
    }
    let status = SpecRunner.run(options, write: printLines)
    if status != 0 { throw ExitCode(status) }
}

/// The pages named, and those below the folders named.
private func pages(at paths: [String]) throws -> [(name: String, text: String)] {
    var files: [String] = []
    let pages: [(name: String, text: String)]
    do {
        for path in paths {
            files += isFolder(path) ? try SpecRunner.files(in: path, endingWith: ".md") : [path]
        }
        pages = try SpecRunner.pages(at: files)
    } catch {
        throw Failure("\(error); name pages of transcripts that can be read")
    }
    var count = 0
    for page in pages {
        do throws(SpecError) {
            count += try SpecFile.parse(name: page.name, text: page.text).cases.count
        } catch {
            throw UsageError("\(error)")
        }
    }
    guard count > 0 else { throw UsageError("\(paths[0]): no transcripts there; a block marked smtp is one") }
    return pages
}

/// What `--report coverage` compares with: in the folder of the first page, or the one above.
private func requirements(near paths: [String]) throws -> (requirements: String, exceptions: String) {
    let first = paths[0]
    let folders = isFolder(first) ? [first, "\(first)/.."] : [folder(of: first), "\(folder(of: first))/.."]
    for folder in folders {
        guard let text = try? SpecRunner.text(at: "\(folder)/requirements.txt") else { continue }
        return (text, (try? SpecRunner.text(at: "\(folder)/exceptions.md")) ?? "")
    }
    throw UsageError(
        "--report coverage: no requirements.txt in \(folders[0]) or above it; put the list of ids there")
}

private func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.utf8.startIndex ? "/" : String(decoding: path.utf8[..<slash], as: UTF8.self)
}

private func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// A server that is not there would only make every case be skipped.
private func requireServer(at endpoint: Endpoint) throws(Failure) {
    var failure = "it has no address"
    do {
        for address in try endpoint.resolved() {
            do throws(SocketError) {
                try BlockingClient(connectingTo: address, timeout: .seconds(5)).close()
                return
            } catch {
                failure = "\(error)"
            }
        }
    } catch {
        failure = "\(error)"
    }
    throw Failure("--target \(endpoint): \(failure)")
}

/// Prints lines that may hold what another server said.
private func printLines(_ text: String) {
    var output: [UInt8] = []
    for line in Array(text.utf8).split(separator: 10, omittingEmptySubsequences: false) {
        VisibleText.appendLine(Array(line).span, limit: 1 << 20, to: &output)
        output.append(10)
    }
    _ = writeAll(output, to: STDOUT_FILENO)
}
