/// Every bound on a session, in one place (RFC 5321 §4.5.3.1); `nil` where a bound can be taken off.
public struct Limits: Hashable, Sendable {
    /// Octets in a command line.
    public var commandSize = CommandSizeLimits()
    /// Octets in a line of content, CRLF and the transparency dot included; at least 1000.
    public var contentLine: Int?
    /// Octets in a message; at least 64 KiB (RFC 5321 §4.5.3.1.7).
    public var messageSize: Int? = 35 << 20
    /// Recipients in a transaction; at least 100 (RFC 5321 §4.5.3.1.8).
    public var recipients = 1000
    /// Refused RCPTs in a session before 421.
    public var refusedRecipients: Int? = 100
    /// RCPTs beyond `recipients` in a session that get 452 before 421.
    public var surplusRecipients: Int? = 200
    /// Messages in a session before 421.
    public var messages: Int? = 1000
    /// Errors after which each further one is answered with a delay.
    public var softErrors: Int? = 5
    /// Errors after which the session ends with 421.
    public var errors: Int? = 20
    /// NOOP, RSET, VRFY, EXPN, HELP, EHLO and HELO between two messages before 421.
    public var junkCommands: Int? = 100
    /// Failed authentications in a session before 421.
    public var authenticationFailures: Int? = 3
    /// Challenges in one AUTH exchange.
    public var authenticationChallenges = 10
    /// Octets in an AUTH line or a response, CRLF included; at least 12,288 (RFC 4954 §4).
    public var authenticationLine = 12_288
    /// Octets in a local part, a domain, a path.
    public var address = AddressLimits()
    /// Octets of one over-long line that are read and dropped before the session ends.
    public var overlongLine = 64 << 10
    /// Octets of replies that may wait for the peer before reading stops.
    public var replyBacklog = 64 << 10

    /// The defaults: a server that the world's mail servers talk to.
    public init() {}

    /// For a server that receives from anywhere (the default).
    public static let mx = Self()
    /// For a server that takes mail from its own users.
    public static let submission = Self()
    /// For delivery from a mail server next door (RFC 2033): no budgets for errors or messages.
    public static let lmtp: Self = {
        var limits = Self()
        limits.messages = nil
        limits.junkCommands = nil
        limits.softErrors = nil
        limits.surplusRecipients = nil
        return limits
    }()
    /// RFC 5321's minimum sizes, nothing more: to test clients against.
    public static let strict: Self = {
        var limits = Self()
        limits.commandSize = .rfc5321
        limits.contentLine = 1001
        limits.address = AddressLimits(localPart: 64, domain: 255, path: 256)
        limits.recipients = 100
        return limits
    }()
    /// Under attack: the first error ends the session.
    public static let stress: Self = {
        var limits = Self()
        limits.softErrors = nil
        limits.errors = 1
        limits.refusedRecipients = 1
        limits.junkCommands = 10
        limits.authenticationFailures = 1
        return limits
    }()
    /// No budgets: for benchmarks and test rigs only.
    public static let lab: Self = {
        var limits = Self()
        limits.refusedRecipients = nil
        limits.surplusRecipients = nil
        limits.messages = nil
        limits.softErrors = nil
        limits.errors = nil
        limits.junkCommands = nil
        limits.authenticationFailures = nil
        limits.recipients = 100_000
        return limits
    }()
}

/// Octets in an address (RFC 5321 §4.5.3.1.1 to §4.5.3.1.3).
public struct AddressLimits: Hashable, Sendable {
    /// In a local part, unquoted; at least 64.
    public var localPart: Int
    /// In a domain; at most 255.
    public var domain: Int
    /// In a path, punctuation included; at least 256.
    public var path: Int

    /// The standard's minima are 64, 255 and 256.
    public init(localPart: Int = 255, domain: Int = 255, path: Int = 512) {
        self.localPart = localPart
        self.domain = domain
        self.path = path
    }
}

/// How long a command line may be, CRLF included: a base for every verb, exceptions for some, and what each offered
/// extension adds (RFC 5321 §4.5.3.1.4). A value: changing one server's limits changes no other's.
public struct CommandSizeLimits: Hashable, Sendable {
    /// For each verb that has no limit of its own; at least 512.
    public var base: Int
    private var exceptions: [(verb: Verb, octets: Int)] = []

    /// The same base for every verb.
    public init(base: Int = 2048) { self.base = base }

    /// The standard's minimum.
    public static let rfc5321 = Self(base: 512)

    /// The limit of one verb before extensions add to it; `base` unless set. `nil` takes the exception back.
    public subscript(verb: Verb) -> Int? {
        get { exceptions.first { $0.verb == verb }?.octets }
        set {
            exceptions.removeAll { $0.verb == verb }
            if let newValue { exceptions.append((verb, newValue)) }
        }
    }

    /// The limit in force for `verb` while `extensions` are offered.
    public func limit(of verb: Verb, offering extensions: [ServiceExtension]) -> Int {
        let own = self[verb] ?? base
        switch verb {
        case .mail: return extensions.reduce(own) { $0 + $1.mailAllowance }
        case .rcpt: return extensions.reduce(own) { $0 + $1.recipientAllowance }
        case .helo, .ehlo, .lhlo, .data, .bdat, .rset, .noop, .quit, .vrfy, .expn, .help, .startTLS, .auth,
            .send,
            .soml, .saml, .turn, .other:
            return own
        }
    }

    /// The largest limit in force for any verb while `extensions` are offered.
    public func largest(offering extensions: [ServiceExtension]) -> Int {
        exceptions.reduce(
            max(limit(of: .mail, offering: extensions), limit(of: .rcpt, offering: extensions), base)
        ) {
            max($0, limit(of: $1.verb, offering: extensions))
        }
    }

    /// Equal bases and equal exceptions.
    public static func == (a: Self, b: Self) -> Bool {
        a.base == b.base && a.exceptions.count == b.exceptions.count
            && a.exceptions.allSatisfy { b[$0.verb] == $0.octets }
    }

    /// Consistent with `==`.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(base)
        hasher.combine(exceptions.count)
    }
}
