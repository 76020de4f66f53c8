import Glibc
import SMTPConnection
import SMTPSockets

/// The loopback addresses that this machine has.
let loopbackHosts = Loopback.ipv6Failure() == nil ? ["::1", "127.0.0.1"] : ["127.0.0.1"]

/// A deadline that no passing test reaches.
func patience() -> Instant { MonotonicClock.now().advanced(by: .seconds(10)) }

/// A directory of its own, removed with all that is in it.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/sockets-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SocketError(call: "mkdtemp", errno: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names { _ = unsafe unlink("\(path)/\(name)") }
        _ = unsafe rmdir(path)
    }

    /// What is in it.
    var names: [String] {
        guard let directory = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) {
                unsafe Array($0.prefix { $0 != 0 })
            }
            if name.first != UInt8(ascii: ".") { names.append(String(decoding: name, as: UTF8.self)) }
        }
        return names
    }

    func write(_ text: String, to name: String) {
        let file = unsafe open("\(path)/\(name)", O_CREAT | O_WRONLY, 0o644)
        _ = unsafe Glibc.write(file, text, text.utf8.count)
        Descriptor.close(file)
    }

    func read(_ name: String) -> String {
        let file = unsafe open("\(path)/\(name)", O_RDONLY)
        defer { Descriptor.close(file) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe Glibc.read(file, &buffer, buffer.count)
        return String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
    }
}

/// Accepts the connection that waits, or comes before patience ends.
func accepted(_ listener: ListeningSocket, nonBlocking: Bool = false) throws -> (
    descriptor: Int32, peer: Endpoint
) {
    let deadline = patience()
    while true {
        switch Descriptor.accept(listener.descriptor, nonBlocking: nonBlocking) {
        case .accepted(let descriptor, let peer): return (descriptor, peer)
        case .wouldBlock:
            guard !Descriptor.wait(listener.descriptor, for: .input, until: deadline).isEmpty else {
                throw SocketError(call: "accept", errno: ETIMEDOUT, endpoint: listener.endpoint)
            }
        case .exhausted(let errno), .failed(let errno):
            throw SocketError(call: "accept", errno: errno, endpoint: listener.endpoint)
        }
    }
}

/// A thread of its own; `join` waits for its end.
@safe
final class TestThread {
    private var thread = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        let box = unsafe Unmanaged.passRetained(Box(body)).toOpaque()
        let failure = unsafe pthread_create(
            &thread, nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                }
                return nil
            }, box)
        precondition(failure == 0)
    }

    func join() { pthread_join(thread, nil) }

    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
