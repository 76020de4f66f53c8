import SMTPConnection
import SMTPHandlers
import SMTPServer
import SMTPSockets
import Testing

/// What was answered with 250 is there, and nothing else is, whenever the server stops.
@Suite struct DeliveryTests {
    /// What a client knows of its message.
    private struct Result: Sendable {
        let number: Int
        let isAccepted: Bool
    }

    @Test(arguments: backends, Place.here)
    func `a stop in the middle of two hundred deliveries loses and doubles nothing`(
        _ backend: Backend, _ place: Place
    ) throws {
        let directory = try TemporaryDirectory()
        let recorder = Recorder()
        let service = Service(configuration) { _ in recorder.makeHandler() }
        let controller = Controller(
            backend.make(), service: service, endpoints: [place.endpoint(directory)])
        try controller.start(readyTimeout: .seconds(20))
        let endpoint = try #require(controller.endpoints.first)
        let results = Shared<[Result]>([])
        // Once it has stopped, its port may be that of another test's server, which is not to be called.
        let isStopping = Shared(false)
        for first in 0..<8 {
            let failure = startThread {
                for number in stride(from: first, to: 200, by: 8) {
                    let isAccepted = !isStopping.value && (try? Self.deliver(number, to: endpoint)) ?? false
                    results.update { $0.append(Result(number: number, isAccepted: isAccepted)) }
                }
            }
            #expect(failure == 0)
        }
        try results.wait("some deliveries") { $0.count { $0.isAccepted } >= 50 }
        isStopping.update { $0 = true }
        try controller.stop(grace: .seconds(20))
        try results.wait("the end of all clients") { $0.count == 200 }
        let told = results.value.filter(\.isAccepted).map { "number \($0.number)\r\n" }
        let kept = recorder.messages.map { String(decoding: $0.content, as: UTF8.self) }
        #expect(kept.sorted() == told.sorted())
    }

    /// Whether the message was accepted. False, or an error, if the server ends first.
    private static func deliver(_ number: Int, to endpoint: Endpoint) throws -> Bool {
        let client = try Client(endpoint)
        defer { client.connection.close() }
        guard try client.reply().hasPrefix("220 ") else { return false }
        for line in ["EHLO c", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.org>"] {
            guard try client.ask(line).hasPrefix("250 ") else { return false }
        }
        guard try client.ask("DATA").hasPrefix("354 ") else { return false }
        return try client.ask("number \(number)\r\n.").hasPrefix("250 ")
    }
}
