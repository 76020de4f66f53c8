public import SMTPConnection
public import SMTPHandlers
public import SMTPProtocol
public import SMTPServer
import SMTPThreads

/// A server for one test, over a real port that the system chooses: what a test needs whose code makes connections.
///
/// It runs as soon as it is made, and ends at `stop` or when it is let go of.
///
/// ```swift
/// let server = try TestServer()
/// try sendWelcome(to: "new@example.org", through: server.host, server.port)
/// let message = try #require(server.recorder.next(timeout: .seconds(5)))
/// ```
public final class TestServer: Sendable {
    /// What arrived, unless another service was given.
    public let recorder: Recorder
    /// Where it listens.
    public let endpoint: Endpoint
    private let controller: Controller

    /// The address without the port.
    public var host: String {
        if case .tcp(let host, _) = endpoint { host } else { "" }
    }

    /// The port that the system chose.
    public var port: UInt16 {
        if case .tcp(_, let port) = endpoint { port } else { 0 }
    }

    /// Takes all mail, and keeps it in `recorder`.
    public convenience init(
        _ configuration: ServerConnection.Configuration = .init(.init(hostname: "mx.example.org")),
        on runtime: (any Runtime)? = nil
    ) throws(StartError) {
        let recorder = Recorder()
        try self.init(Service(configuration) { _ in recorder.makeHandler() }, recorder, runtime)
    }

    /// Serves what is given; on threads, where handlers may block, unless there is a runtime.
    public convenience init(_ service: Service, on runtime: (any Runtime)? = nil) throws(StartError) {
        try self.init(service, Recorder(), runtime)
    }

    private init(_ service: Service, _ recorder: Recorder, _ runtime: (any Runtime)?) throws(StartError) {
        self.recorder = recorder
        let place = Endpoint.tcp(host: "127.0.0.1", port: 0)
        controller = Controller(runtime ?? ThreadRuntime(), service: service, endpoints: [place])
        try controller.start()
        endpoint = controller.endpoints.first ?? .unknown
    }

    deinit { stop() }

    /// Ends it: connections that are still open are cut after `grace`. Once is enough.
    public func stop(grace: Duration = .zero) { try? controller.stop(grace: grace, ifRunning: true) }
}
