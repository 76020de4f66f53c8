/// What a session offers its client now, worked out once from the list of extensions.
final class Offer: Sendable {
    let extensions: [ServiceExtension]
    let size: Bool
    let eightBitMIME: Bool
    let smtpUTF8: Bool
    let statusCodes: Bool
    let expand: Bool
    let mailRules: [ParameterRule]
    let recipientRules: [ParameterRule]
    /// How long a command line may be, by verb.
    private let lines: [Int]
    /// The longest command line in force.
    let largestLine: Int

    init(_ extensions: [ServiceExtension], _ configuration: ServerSession.Configuration) {
        let limits = configuration.limits
        func offers(_ known: ServiceExtension) -> Bool { extensions.contains { $0.keyword == known.keyword } }
        self.extensions = extensions
        size = offers(.size)
        eightBitMIME = offers(.eightBitMIME)
        smtpUTF8 = offers(.smtpUTF8)
        statusCodes = offers(.enhancedStatusCodes)
        expand = offers(.expand)
        mailRules = extensions.flatMap(\.mailParameters)
        recipientRules = extensions.flatMap(\.recipientParameters)
        var lines = Verb.allCases.map { limits.commandSize.limit(of: $0, offering: extensions) }
        if configuration.authentication.isOn {
            lines[Int(Verb.auth.rawValue)] = limits.authenticationLine
            // RFC 4954 §3, item 5.
            lines[Int(Verb.mail.rawValue)] += 500
        }
        self.lines = lines
        largestLine = lines.max() ?? limits.commandSize.base
    }

    /// The longest line in force for `verb`, CRLF included (RFC 5321 §4.5.3.1.4).
    func line(_ verb: Verb) -> Int { lines[Int(verb.rawValue)] }
}
