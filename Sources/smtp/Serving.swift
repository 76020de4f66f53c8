import Glibc
import Logging
import SMTPConnection
import SMTPHandlers
import SMTPProtocol
import SMTPServer
import SMTPSockets

/// Serves until a signal ends it.
func serve(_ settings: ServeSettings) throws {
    Signals.hold()
    raiseDescriptorLimit()
    let logger = Logger(label: "smtp") { _ in LineLogHandler(settings.logFormat, level: settings.logLevel) }
    let log = ServiceLog(logger: logger)
    let delivery = Delivery()
    let output = StandardOutput()
    // The maildir is made by the user that is to write in it, so after the change of user; that has to wait until
    // the addresses are bound.
    let runtime = PreparedRuntime(settings.runtime.make(settings.loops)) {
        delivery.prepare {
            try settings.account?.own(settings.endpoints.compactMap(\.socketPath))
            try settings.account?.become()
            let make = try handlers(for: settings, output, logger)
            return { settings.auth.guarding(make()) }
        }
    }
    var service = Service(settings.connection) { _ in try delivery.makeHandler() }
    service.connectionLimits = settings.connectionLimits
    service.observe = { event in log.record(event) }
    let controller = Controller(
        runtime, service: service, endpoints: settings.endpoints, inherited: settings.inherited)
    if let warning = settings.auth.warning { logger.warning("\(warning)") }
    do {
        try controller.start()
    } catch {
        throw Failure(reason(error))
    }
    for endpoint in controller.endpoints { announce("listening on \(endpoint)", settings, logger) }
    let places = controller.endpoints.map { "\($0)" }.joined(separator: ", ")
    notify(["READY=1", "STATUS=Listening on \(places)"], logger)

    let signal = Signals.wait()
    notify(["STOPPING=1"], logger)
    logger.notice("draining", metadata: ["signal": "\(signal)", "grace": "\(settings.grace)"])
    _ = startThread {
        let signal = Signals.wait()
        logger.notice("cutting", metadata: ["signal": "\(signal)"])
        runtime.drain(grace: .zero) {}
    }
    do {
        try controller.stop(grace: settings.grace)
    } catch {
        throw Failure("stopping failed: \(error)")
    }
    if output.isGone {
        throw Failure("nobody reads standard output any more; leave --print out, or redirect it to a file")
    }
    logger.notice("stopped")
}

/// Tells the service manager; that it cannot be told is no reason to stop.
private func notify(_ lines: [String], _ logger: Logger) {
    do throws(SocketError) {
        try ServiceManager.notify(lines)
    } catch {
        logger.warning("the service manager was not told", metadata: ["error": "\(error)"])
    }
}

/// A line that is there at every log level; with JSON it is JSON too.
private func announce(_ line: String, _ settings: ServeSettings, _ logger: Logger) {
    switch settings.logFormat {
    case .text: StandardError.write(line: line)
    case .json:
        var loud = logger
        loud.logLevel = .trace
        loud.notice("\(line)")
    }
}

/// What made the start fail: our own reasons as they are, the controller's as it tells them.
private func reason(_ error: StartError) -> String {
    if case .handler(let cause) = error { return "\(cause)" }
    return "\(error)"
}

/// What makes the handlers, once it is sure that they can do their work.
private func handlers(
    for settings: ServeSettings, _ output: StandardOutput, _ logger: Logger
) throws -> @Sendable () -> any Handler {
    let destination = settings.destination
    let largest = settings.connection.session.limits.messageSize ?? .max
    guard let directory = destination.maildir else {
        guard destination.prints else { return { Sink() } }
        return { Printing(to: output, sizeLimit: largest) }
    }
    let maildir = try openMaildir(directory, logger)
    guard destination.prints else { return { maildir.makeHandler() } }
    return { Printing(to: output, sizeLimit: largest, storing: maildir.makeHandler()) }
}

private func openMaildir(_ directory: String, _ logger: Logger) throws(Failure) -> Maildir {
    do {
        return try Maildir(directory: directory) { error in
            logger.error("a message was not stored", metadata: ["error": "\(error)"])
        }
    } catch {
        throw Failure("--maildir \(directory): \(error)")
    }
}

extension Endpoint {
    /// The file of a Unix socket.
    fileprivate var socketPath: String? {
        if case .unix(let path) = self { path } else { nil }
    }
}
