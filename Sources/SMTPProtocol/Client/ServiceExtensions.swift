/// What a server offered in its reply to EHLO or LHLO (RFC 5321 §4.1.1.1).
///
/// The first line is the server's name and never a keyword. Keywords are compared without regard to case; of a keyword
/// that stands twice the first counts. A line that is none is kept in no form: nothing can hang on it.
public struct ServiceExtensions: Hashable, Sendable {
    /// One keyword with its arguments.
    public struct Line: Hashable, Sendable {
        /// In upper case.
        public let keyword: Keyword
        /// As sent.
        public let arguments: [String]
    }

    /// In the order sent.
    public let lines: [Line]
    /// PIPELINING (RFC 2920).
    public let hasPipelining: Bool
    /// SIZE (RFC 1870).
    public let hasSize: Bool
    /// 8BITMIME (RFC 6152).
    public let hasEightBitMIME: Bool
    /// SMTPUTF8 (RFC 6531); what follows the keyword is ignored.
    public let hasSMTPUTF8: Bool
    /// DSN (RFC 3461).
    public let hasDSN: Bool
    /// STARTTLS (RFC 3207).
    public let hasStartTLS: Bool
    /// The largest message, in octets; `nil` if there is no fixed limit (RFC 1870 §3).
    public let largestMessage: Int?
    /// What LIMITS says (RFC 9422).
    public let limits: ServerLimits

    /// None: before EHLO, after HELO, and after STARTTLS until EHLO has been said again.
    public init() { self.init(lines: []) }

    /// What `reply`, which must be a positive reply to EHLO, offers.
    public init(_ reply: Reply) {
        self.init(
            lines: reply.lines.dropFirst().compactMap { line in
                var words = line.utf8.split(separator: 32)[...]
                guard let keyword = words.popFirst().flatMap({ Keyword(Array($0).span) }) else { return nil }
                return Line(keyword: keyword, arguments: words.map { String(decoding: $0, as: UTF8.self) })
            })
    }

    private init(lines: [Line]) {
        func arguments(_ keyword: Keyword) -> [String]? {
            lines.first { $0.keyword == keyword }?.arguments
        }
        self.lines = lines
        hasPipelining = arguments("PIPELINING") != nil
        hasSize = arguments("SIZE") != nil
        hasEightBitMIME = arguments("8BITMIME") != nil
        hasSMTPUTF8 = arguments("SMTPUTF8") != nil
        hasDSN = arguments("DSN") != nil
        hasStartTLS = arguments("STARTTLS") != nil
        let largest = arguments("SIZE")?.first.flatMap(Self.number)
        largestMessage = largest == 0 ? nil : largest
        limits = ServerLimits(arguments("LIMITS") ?? [])
    }

    /// What followed `keyword`; `nil` if it is not offered.
    public subscript(keyword: Keyword) -> [String]? { lines.first { $0.keyword == keyword }?.arguments }

    static func number(_ text: some StringProtocol) -> Int? {
        let octets = Array(text.utf8)
        return CommandParser.decimal(octets.span, ByteRange(0, octets.count))
    }
}

/// What LIMITS announces (RFC 9422); a name or value that cannot be understood is as if it were not there.
public struct ServerLimits: Hashable, Sendable {
    /// RCPTMAX: recipients in a transaction.
    public private(set) var recipients: Int?
    /// MAILMAX: transactions in a session.
    public private(set) var messages: Int?
    /// RCPTDOMAINMAX: different domains among the recipients of a transaction.
    public private(set) var domains: Int?

    init(_ arguments: [String]) {
        for argument in arguments {
            let parts = argument.utf8.split(separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
            guard parts.count == 2, let name = Keyword(Array(parts[0]).span),
                let value = ServiceExtensions.number(String(decoding: parts[1], as: UTF8.self)), value > 0
            else { continue }
            if name == "RCPTMAX" { recipients = recipients ?? value }
            if name == "MAILMAX" { messages = messages ?? value }
            if name == "RCPTDOMAINMAX" { domains = domains ?? value }
        }
    }
}
