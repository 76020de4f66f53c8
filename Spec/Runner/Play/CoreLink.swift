import SMTPConnection
import SMTPProtocol
import SMTPServer
import SMTPTesting

/// The server in memory and in virtual time.
final class CoreLink: Link {
    private let connection: VirtualConnection
    private var isCut = false

    init(_ service: Service) throws { connection = try VirtualConnection(service) }

    let hostDeadline: Instant? = nil
    let provesSilence = true
    /// Whether the server spoke after it had ended its side.
    var spokeAfterEnd: Bool { connection.spokeAfterEnd }
    /// Whether the server has closed.
    var isClosed: Bool { connection.isClosed }

    func send(_ pieces: [ArraySlice<UInt8>]) { for piece in pieces { connection.receive(Array(piece)) } }

    func closeSending() { connection.receiveEnd() }

    func reset() {
        isCut = true
        connection.fail()
    }

    func receive(_ patience: Patience) -> Received {
        while true {
            if !connection.output.isEmpty { return .octets(connection.takeOutput()) }
            if connection.hasFinishedSending || isCut { return .end }
            // A pause that the server makes before it answers is waited for, as any client would.
            guard case .long = patience, let (deadline, instant) = connection.nextDeadline, deadline == .delay
            else {
                return .nothing
            }
            connection.advance(by: connection.now.duration(to: instant))
        }
    }

    func wait(_ duration: Duration) { connection.advance(by: duration) }

    func shutDown() -> Bool {
        connection.shutDown()
        return true
    }

    func deliverAnswers() { connection.deliverAnswers() }

    /// Brings the session to its end, whatever it waits for; what is said meanwhile is returned.
    func finish() -> [UInt8] {
        connection.receiveEnd()
        var rounds = 0
        while !connection.isClosed, rounds < 10 {
            connection.advance(by: .seconds(7200))
            rounds += 1
        }
        return connection.takeOutput()
    }
}
