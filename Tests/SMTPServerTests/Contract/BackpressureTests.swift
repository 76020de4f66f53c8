import Glibc
import SMTPConnection
import SMTPHandlers
import SMTPProtocol
import SMTPServer
import SMTPSockets
import Testing

/// Who is slow slows down the other side, and nobody else.
@Suite struct BackpressureTests {
    /// A handler that answers for content only when it is told to.
    final class Ponderer: Handler {
        private let open: Shared<[Responder]>
        private let isPatient: Shared<Bool>

        init(_ open: Shared<[Responder]>, _ isPatient: Shared<Bool>) {
            self.open = open
            self.isPatient = isPatient
        }

        func content(_ bytes: Span<UInt8>, in context: Context) -> Decision {
            guard isPatient.value else { return .accept }
            open.update { $0.append(context.later) }
            return .later
        }
    }

    @Test(arguments: backends)
    func `while a question is open nothing is read, and the client has to wait`(_ backend: Backend) throws {
        let open = Shared<[Responder]>([])
        let isPatient = Shared(true)
        var unlimited = configuration
        unlimited.session.limits.messageSize = nil
        let service = Service(unlimited) { _ in Ponderer(open, isPatient) }
        try serving(backend, service) { endpoint, _ in
            let client = try Client(endpoint)
            try client.beginContent()
            let line = String(repeating: "x", count: 998) + "\r\n"
            let piece = Array(String(repeating: line, count: 64).utf8)
            // More than the buffers between the two may ever hold.
            let most = 64 << 20
            var sent = 0
            while sent < most, try Self.send(piece, to: client, &sent) {}
            #expect(sent < most, "everything was read although the question is open")
            #expect(open.value.count == 1)
            // Others do not notice.
            let other = try Client(endpoint)
            #expect(try other.reply().hasPrefix("220 "))
            isPatient.update { $0 = false }
            open.value[0].answer(.accept)
            let rest = piece.count - sent % piece.count
            if rest < piece.count {
                try client.connection.send(
                    piece.span.extracting((piece.count - rest)...), deadline: patience())
            }
            try client.send(".\r\n")
            #expect(try client.reply().hasPrefix("250 "))
        }
    }

    /// False when the other side has taken nothing for a while.
    private static func send(_ piece: [UInt8], to client: Client, _ sent: inout Int) throws -> Bool {
        var position = 0
        defer { sent += position }
        while position < piece.count {
            switch Descriptor.send(client.connection.descriptor, piece.span.extracting(position...)) {
            case .moved(let count): position += count
            case .wouldBlock:
                let deadline = MonotonicClock.now().advanced(by: .milliseconds(300))
                let ready = Descriptor.wait(client.connection.descriptor, for: .output, until: deadline)
                if ready.isEmpty { return false }
            case .failed(let errno): throw Trouble(text: "send: error \(errno)")
            }
        }
        return true
    }

    @Test(arguments: backends)
    func `a client that reads nothing is not read from either, and is given up in time`(
        _ backend: Backend
    ) throws {
        var quiet = configuration
        quiet.session.limits = .lab
        quiet.timeouts.writing = .milliseconds(300)
        var service = Service(quiet) { _ in Sink() }
        let events = observing(&service)
        try serving(backend, service) { endpoint, _ in
            let client = try Client(endpoint)
            let commands = Array(String(repeating: "NOOP\r\n", count: 10_000).utf8)
            let most = 256 << 20
            var sent = 0
            // It ends by the server's patience, not by the client's.
            while sent < most {
                do {
                    guard try Self.send(commands, to: client, &sent) else { continue }
                } catch is Trouble {
                    break
                }
            }
            #expect(sent < most)
            try events.wait("the end of the session") { $0.closeCauses == [.timedOut(.writing)] }
        }
    }
}
