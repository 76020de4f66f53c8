import SMTPConnection
import SMTPProtocol
import SMTPServer
import SMTPTesting

/// A virtual connection whose handler answers everything at once but the questions named.
struct Client {
    let connection: VirtualConnection
    let diary: Diary

    init(later: Set<String> = [], answer: Answer? = nil) throws {
        let diary = Diary()
        diary.later = later
        diary.connectAnswer = answer
        self.diary = diary
        let session = ServerSession.Configuration(hostname: "mx.example.org")
        connection = try VirtualConnection(Service(.init(session)) { _ in diary })
    }

    /// Two hours, in which every deadline falls.
    func waitForever() { for _ in 0..<8 { connection.advance(by: .seconds(900)) } }
}

/// Keeps what it is asked and told.
final class Diary: Handler, @unchecked Sendable {
    var later: Set<String> = []
    var connectAnswer: Answer?
    private(set) var notices: [Notice] = []
    private(set) var begun = 0
    private(set) var delivered = 0

    /// Of the questions that were not answered.
    private(set) var owed: [Responder] = []

    private func decide(_ question: String, _ context: Context) -> Decision {
        guard later.contains(question) else { return .accept }
        owed.append(context.later)
        return .later
    }

    func connected(in context: Context) throws -> Decision {
        connectAnswer.map { .now($0) } ?? decide("connect", context)
    }
    func hello(_ hello: Hello, offering: [ServiceExtension], in context: Context) throws -> Decision {
        decide("hello", context)
    }
    func mail(_ path: ReversePath, _ parameters: MailParameters, in context: Context) throws -> Decision {
        if !later.contains("mail") { begun += 1 }
        return decide("mail", context)
    }
    func recipient(
        _ path: ForwardPath, _ parameters: RecipientParameters, in context: Context
    ) throws -> Decision { decide("recipient", context) }
    func data(in context: Context) throws -> Decision { decide("data", context) }
    func content(_ bytes: Span<UInt8>, in context: Context) throws -> Decision { decide("content", context) }
    func message(_ envelope: Envelope, size: Int, in context: Context) throws -> Decision {
        decide("message", context)
    }
    func noOperation(_ argument: String?, in context: Context) throws -> Decision { decide("noop", context) }
    func observe(_ notice: Notice, in context: Context) {
        notices.append(notice)
        if notice == .reset(.delivered) { delivered += 1 }
    }
}
