/// A service extension that a server offers (RFC 5321 §2.2): its line in the EHLO reply, what it lets into MAIL and
/// RCPT, and by how much it lengthens their lines.
///
/// The ones this package knows are made by the static members. An application registers its own with `init`: the
/// parameters named there are accepted and passed to the handler in `other`; any unregistered one gets 555.
public struct ServiceExtension: Hashable, Sendable {
    /// The EHLO keyword.
    public let keyword: Keyword
    /// What follows the keyword in the EHLO reply, without the leading space.
    public let arguments: String
    /// The parameters it adds to MAIL.
    public let mailParameters: [ParameterRule]
    /// The parameters it adds to RCPT.
    public let recipientParameters: [ParameterRule]
    /// By how many octets it lengthens the MAIL line (RFC 5321 §4.5.3.1.4).
    public let mailAllowance: Int
    /// By how many octets it lengthens the RCPT line.
    public let recipientAllowance: Int

    /// An application's own extension.
    public init(
        _ keyword: Keyword, _ arguments: String = "", mail: [ParameterRule] = [],
        recipient: [ParameterRule] = [],
        mailAllowance: Int = 0, recipientAllowance: Int = 0
    ) {
        self.keyword = keyword
        self.arguments = arguments
        self.mailParameters = mail
        self.recipientParameters = recipient
        self.mailAllowance = mailAllowance
        self.recipientAllowance = recipientAllowance
    }

    /// Command pipelining (RFC 2920).
    public static let pipelining = Self("PIPELINING")
    /// Message size declaration (RFC 1870); the maximum is the configuration's `limits.messageSize`.
    public static let size = Self("SIZE", mailAllowance: 26)
    /// 8-bit MIME transport (RFC 6152).
    public static let eightBitMIME = Self("8BITMIME", mailAllowance: 17)
    /// Internationalized mail (RFC 6531 §3.4); offer it together with `eightBitMIME`.
    public static let smtpUTF8 = Self("SMTPUTF8", mailAllowance: 10)
    /// Enhanced status codes (RFC 2034).
    public static let enhancedStatusCodes = Self("ENHANCEDSTATUSCODES")
    /// HELP is there (RFC 5321 §4.1.1.8).
    public static let help = Self("HELP")
    /// EXPN is there (RFC 5321 §3.5.2).
    public static let expand = Self("EXPN")

    /// What a server offers unless told otherwise, in the order of the EHLO reply.
    public static let standard: [ServiceExtension] = [
        .pipelining, .size, .eightBitMIME, .smtpUTF8, .enhancedStatusCodes, .help,
    ]
}

/// One parameter that an extension lets into MAIL or RCPT (RFC 5321 §4.1.2, esmtp-param).
public struct ParameterRule: Hashable, Sendable {
    /// The parameter's keyword.
    public let keyword: Keyword
    /// Whether `=value` may or must follow.
    public let value: Value

    /// A rule.
    public init(_ keyword: Keyword, value: Value = .required) {
        self.keyword = keyword
        self.value = value
    }

    /// What may follow the keyword.
    public enum Value: Hashable, Sendable {
        /// Nothing.
        case none
        /// `=value`, or nothing.
        case optional
        /// `=value`.
        case required
    }
}
