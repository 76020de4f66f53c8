// A server inside a program that runs a libuv loop already. The loop stays the program's, and outlives the server.
import CLibUV
import SMTPConnection
import SMTPLibUV
import SMTPProtocol
import SMTPServer
import Synchronization

/// Whether a message has come.
let hasMail = Atomic(false)

final class Greeter: Handler {
    func message(_ envelope: Envelope, size: Int, in context: Context) -> Decision {
        print("\(size) octets for \(envelope.recipients.count) recipients")
        hasMail.store(true, ordering: .relaxed)
        return .accept
    }
}

func serveOneMessage(on port: UInt16) throws {
    let loop = UnsafeMutablePointer<uv_loop_t>.allocate(capacity: 1)
    unsafe uv_loop_init(loop)
    // The program's own work: a clock that ticks ten times a second and stops the loop when mail has come.
    let clock = UnsafeMutablePointer<uv_timer_t>.allocate(capacity: 1)
    unsafe uv_timer_init(loop, clock)
    unsafe uv_timer_start(
        clock,
        { clock in
            guard hasMail.load(ordering: .relaxed), let clock = unsafe clock else { return }
            unsafe uv_timer_stop(clock)
            unsafe uv_stop(clock.pointee.loop)
        }, 100, 100)

    let controller = Controller(
        unsafe LibUVRuntime(on: loop),
        service: Service(.init(.init(hostname: "mx.example.org"))) { _ in Greeter() },
        endpoints: [.tcp(host: "127.0.0.1", port: port)])
    try controller.begin()
    for endpoint in controller.endpoints { print("listening on \(endpoint)") }
    unsafe uv_run(loop, UV_RUN_DEFAULT)

    // Nobody is in the loop: all has ended when this returns. The loop could run on with the program's other work.
    controller.end(grace: .seconds(5))
    unsafe clock.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { unsafe uv_close($0, nil) }
    while unsafe uv_run(loop, UV_RUN_NOWAIT) != 0 {}
    unsafe uv_loop_close(loop)
    unsafe clock.deallocate()
    unsafe loop.deallocate()
}

@main struct LibUV {
    static func main() throws {
        try serveOneMessage(on: CommandLine.arguments.dropFirst().first.flatMap { UInt16($0) } ?? 8025)
    }
}
