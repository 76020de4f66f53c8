import Glibc
import SMTPConnection
import SMTPHandlers
import SMTPProtocol

/// The questions of one connection, put to a handler without a connection.
struct Conversation {
    let handler: any Handler
    var session = SessionInfo(
        peer: .tcp(host: "192.0.2.7", port: 40_000), hostname: "mx.example.com",
        hello: Hello(.ehlo, .name("client.example")))

    init(_ handler: any Handler) { self.handler = handler }

    private var context: Context {
        Context(session: session, later: Responder(Ticket(number: 1)) { _ in })
    }

    mutating func begin(_ envelope: Envelope) throws -> Answer? {
        session.envelope = envelope
        return answer(try handler.data(in: context))
    }

    func content(_ bytes: [UInt8]) throws -> Answer? { answer(try handler.content(bytes.span, in: context)) }

    func end(size: Int = 0) throws -> Answer? {
        guard let envelope = session.envelope else { return nil }
        return answer(try handler.message(envelope, size: size, in: context))
    }

    func observe(_ notice: Notice) { handler.observe(notice, in: context) }

    /// A whole transaction as a session asks it: the first refusal ends it. Returns the last answer.
    mutating func deliver(_ envelope: Envelope, _ runs: [[UInt8]]) throws -> Answer? {
        var last = try begin(envelope)
        guard last == .accept else {
            observe(.reset(.aborted))
            return last
        }
        for run in runs {
            last = try content(run)
            guard last == .accept else {
                observe(.reset(.refused))
                return last
            }
        }
        last = try end(size: runs.joined().count)
        observe(.reset(last == .accept ? .delivered : .refused))
        session.envelope = nil
        return last
    }

    private func answer(_ decision: Decision) -> Answer? {
        switch decision {
        case .now(let answer): answer
        case .later: nil
        }
    }
}

extension Answer {
    /// The reply's code, if it is a reply.
    var code: UInt16? {
        guard case .reply(let reply) = self else { return nil }
        return reply.code.rawValue
    }

    /// The reply's enhanced code, if it has one.
    var status: String? {
        guard case .reply(let reply) = self else { return nil }
        return reply.status?.description
    }
}

extension Envelope {
    /// An envelope from `sender`, or from `<>`, to `recipients`.
    static func made(
        _ sender: String? = "alice@example.org", to recipients: [String] = ["bob@example.com"],
        _ parameters: MailParameters = .init()
    ) throws -> Envelope {
        Envelope(
            from: try sender.map { .mailbox(try Mailbox($0)) } ?? .null, parameters,
            to: try recipients.map { Recipient(.mailbox(try Mailbox($0))) })
    }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

/// Runs `body` on so many threads at once and waits for all of them.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    final class Work: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var threads: [pthread_t] = []
    for index in 0..<count {
        var thread = pthread_t()
        let work = unsafe Unmanaged.passRetained(Work { body(index) }).toOpaque()
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, work)
        precondition(result == 0)
        threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
}

/// A directory that lives as long as this object.
final class TemporaryDirectory {
    let path: String

    init() {
        var template = Array("/tmp/smtp-handlers-XXXXXX".utf8CString)
        _ = unsafe mkdtemp(&template)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// The names in a directory, sorted, without `.` and `..`.
    static func names(in path: String) -> [String] {
        guard let directory = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe text($0.prefix { $0 != 0 })
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func read(_ path: String) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(descriptor, &block, block.count)
            guard count > 0 else { return content }
            content.append(contentsOf: block[..<count])
        }
    }

    private static func remove(_ path: String) {
        if unsafe unlink(path) == 0 { return }
        for name in names(in: path) { remove("\(path)/\(name)") }
        _ = unsafe rmdir(path)
    }
}
