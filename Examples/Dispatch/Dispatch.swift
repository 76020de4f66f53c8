// A server on a Dispatch queue that the program has for other work too.
import Dispatch
import SMTPConnection
import SMTPDispatch
import SMTPProtocol
import SMTPServer

final class Greeter: Handler {
    private let hasMail: DispatchSemaphore

    init(_ hasMail: DispatchSemaphore) { self.hasMail = hasMail }

    func message(_ envelope: Envelope, size: Int, in context: Context) -> Decision {
        print("\(size) octets for \(envelope.recipients.count) recipients")
        hasMail.signal()
        return .accept
    }
}

func serveOneMessage(on port: UInt16) throws {
    let queue = DispatchQueue(label: "mail and more")
    let hasMail = DispatchSemaphore(value: 0)
    let controller = Controller(
        DispatchRuntime(on: queue),
        service: Service(.init(.init(hostname: "mx.example.org"))) { _ in Greeter(hasMail) },
        endpoints: [.tcp(host: "127.0.0.1", port: port)])
    // On the queue, since that runs already.
    try queue.sync { try controller.begin() }
    for endpoint in controller.endpoints { print("listening on \(endpoint)") }
    hasMail.wait()
    controller.end(grace: .seconds(5))
    _ = controller.waitUntilEnded(timeout: .seconds(10))
    queue.sync { print("the queue goes on") }
}

@main struct Dispatch {
    static func main() throws {
        try serveOneMessage(on: CommandLine.arguments.dropFirst().first.flatMap { UInt16($0) } ?? 8025)
    }
}
