/// What a session offers its client now, worked out once from the list of extensions.
struct Offer: Sendable {
    let extensions: [ServiceExtension]
    let size: Bool
    let eightBitMIME: Bool
    let smtpUTF8: Bool
    let statusCodes: Bool
    let expand: Bool
    let mailRules: [ParameterRule]
    let recipientRules: [ParameterRule]
    let mailLine: Int
    let recipientLine: Int
    /// The longest command line in force.
    let largestLine: Int

    init(_ extensions: [ServiceExtension], _ limits: CommandSizeLimits) {
        func offers(_ known: ServiceExtension) -> Bool { extensions.contains { $0.keyword == known.keyword } }
        self.extensions = extensions
        size = offers(.size)
        eightBitMIME = offers(.eightBitMIME)
        smtpUTF8 = offers(.smtpUTF8)
        statusCodes = offers(.enhancedStatusCodes)
        expand = offers(.expand)
        mailRules = extensions.flatMap(\.mailParameters)
        recipientRules = extensions.flatMap(\.recipientParameters)
        mailLine = limits.limit(of: .mail, offering: extensions)
        recipientLine = limits.limit(of: .rcpt, offering: extensions)
        largestLine = limits.largest(offering: extensions)
    }
}
