import SMTPConnection
import SMTPHandlers
import SMTPProtocol
import SMTPServer
import SMTPSockets
import Testing

/// A client that resets its connection ends its own session, whatever that was at.
@Suite struct ResetTests {
    /// Where a session may stand when it happens.
    enum Moment: Sendable, CaseIterable {
        case atOnce, greeted, inALine, inATransaction, inContent, afterTheEnd, whileAnswersWait, afterQuit
    }

    /// Brings the client to where it resets.
    static func bring(_ client: Client, to moment: Moment) throws {
        switch moment {
        case .atOnce: break
        case .greeted: #expect(try client.reply().hasPrefix("220 "))
        case .inALine: try client.send("EHLO clie")
        case .inATransaction:
            try client.send("EHLO c\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\n")
            for _ in 1...4 { #expect(try client.reply().prefix(1) == "2") }
        case .inContent:
            try client.beginContent()
            try client.send("half a line")
        case .afterTheEnd:
            try client.send("NOOP\r\n")
            client.connection.shutdownWriting()
        case .whileAnswersWait:
            // More replies than are read; the server may be at writing them.
            try client.send(String(repeating: "NOOP\r\n", count: 90))
        case .afterQuit: try client.send("QUIT\r\n")
        }
    }

    @Test(arguments: backends, Moment.allCases)
    func `the session ends, and no other`(_ backend: Backend, _ moment: Moment) throws {
        var service = service()
        let events = observing(&service)
        try serving(backend, service) { endpoint, _ in
            let other = try Client(endpoint)
            #expect(try other.reply().hasPrefix("220 "))
            for round in 1...20 {
                let client = try Client(endpoint)
                try Self.bring(client, to: moment)
                client.connection.reset()
                // One that was gone before it was accepted is no session.
                if moment == .atOnce { continue }
                try events.wait("the end of session \(round)") { $0.closeCauses.count == round }
            }
            #expect(try other.ask("NOOP").hasPrefix("250 "))
            #expect(try Client(endpoint).reply().hasPrefix("220 "))
        }
        let closed = events.value.closeCauses.count
        #expect(events.value.connectedCount == closed, "each session has one end")
    }

    /// While a question is open nothing is read, and so the reset is noticed with the answer at the latest.
    @Test(arguments: backends)
    func `with a question open the session ends when the answer comes`(_ backend: Backend) throws {
        var (service, open) = LateAnswerTests.patientService()
        let events = observing(&service)
        try serving(backend, service) { endpoint, _ in
            for round in 1...20 {
                let client = try LateAnswerTests.askForRecipient(endpoint)
                try open.wait { $0.count == round }
                client.connection.reset()
                open.value[round - 1].answer(.accept)
                try events.wait("the end of session \(round)") { $0.closeCauses.count == round }
            }
            #expect(try Client(endpoint).reply().hasPrefix("220 "))
        }
    }
}
