import Glibc
import SMTPConnection
import SMTPSockets

/// A directory that goes away with everything in it.
final class Folder {
    let path: String

    init() throws {
        var template = Array("/tmp/smtp-command.XXXXXX".utf8CString)
        guard let made = unsafe mkdtemp(&template) else { throw Missing(text: "mkdtemp: error \(errno)") }
        path = unsafe String(cString: made)
    }

    deinit { Self.remove(path) }

    /// Writes a file here and gives its path.
    func write(_ name: String, _ text: String) throws -> String {
        let file = "\(path)/\(name)"
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Missing(text: "\(file): error \(errno)") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw Missing(text: "\(file): error \(errno)")
        }
        return file
    }

    /// The names in a directory, without those that begin with a dot.
    static func names(in path: String) -> [String] {
        guard let directory = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func remove(_ path: String) {
        for name in names(in: path) { remove("\(path)/\(name)") }
        if unsafe unlink(path) != 0 { _ = unsafe rmdir(path) }
    }
}

/// All bytes of a file.
func contents(of path: String) throws -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Missing(text: "\(path): error \(errno)") }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = unsafe read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return content }
        content += buffer[..<count]
    }
}

/// An SMTP client that says what it is told and reads whole replies.
struct Dialogue {
    private let client: BlockingClient
    private let deadline: Instant
    private var input: [UInt8] = []

    init(_ endpoint: Endpoint) throws {
        client = try BlockingClient(connectingTo: endpoint, timeout: .seconds(10))
        deadline = MonotonicClock.now().advanced(by: .seconds(30))
    }

    /// Sends bytes as they are.
    func send(_ text: String) throws { try client.send(Array(text.utf8), deadline: deadline) }

    /// Sends a line.
    func say(_ line: String) throws { try send(line + "\r\n") }

    /// Ends the connection, as clients do after the last reply.
    func close() { client.close() }

    /// The lines of the next reply; none at the end of the stream.
    mutating func reply() throws -> [String] {
        var lines: [String] = []
        while let line = try line() {
            lines.append(line)
            if Array(line.utf8).dropFirst(3).first != UInt8(ascii: "-") { break }
        }
        return lines
    }

    /// Sends a line and gives the reply's code.
    mutating func code(_ line: String) throws -> String {
        try say(line)
        return String(try reply().last?.prefix(3) ?? "")
    }

    /// Sends one message; the codes of all replies.
    mutating func deliver(_ content: String) throws -> [String] {
        var codes: [String] = []
        for line in [
            "EHLO client.example.com", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.org>", "DATA",
        ] {
            codes.append(try code(line))
        }
        try send(content)
        codes.append(try code("."))
        return codes
    }

    private mutating func line() throws -> String? {
        while true {
            if let end = input.firstIndex(of: 10) {
                let line = input[..<end].filter { $0 != 13 }
                input.removeSubrange(...end)
                return String(decoding: line, as: UTF8.self)
            }
            guard let more = try client.receive(deadline: deadline) else {
                throw Missing(text: "no reply in time")
            }
            guard !more.isEmpty else { return nil }
            input += more
        }
    }
}
