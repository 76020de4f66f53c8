// A server on the program's own thread: `run` returns when somebody says `stop`. Handlers may block.
import SMTPConnection
import SMTPProtocol
import SMTPServer
import SMTPThreads

/// Takes one message, and stops the loop.
final class OneMessage: Handler {
    private let runtime: ThreadRuntime

    init(_ runtime: ThreadRuntime) { self.runtime = runtime }

    func message(_ envelope: Envelope, size: Int, in context: Context) -> Decision {
        print("\(size) octets for \(envelope.recipients.count) recipients")
        runtime.stop()
        return .accept
    }
}

func serveOneMessage(on port: UInt16) throws {
    let runtime = ThreadRuntime()
    let service = Service(.init(.init(hostname: "mx.example.org"))) { _ in OneMessage(runtime) }
    let controller = Controller(
        runtime, service: service, endpoints: [.tcp(host: "127.0.0.1", port: port)])
    try controller.begin()
    for endpoint in controller.endpoints { print("listening on \(endpoint)") }
    runtime.run()
    // The program may do something else now; clients queue up until `run` is called again, or `end`.
    controller.end(grace: .seconds(5))
}

@main struct Blocking {
    static func main() throws {
        try serveOneMessage(on: CommandLine.arguments.dropFirst().first.flatMap(UInt16.init) ?? 8025)
    }
}
