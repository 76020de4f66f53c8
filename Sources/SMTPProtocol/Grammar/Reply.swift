/// A reply: one code, an optional enhanced code, one or more lines of text (RFC 5321 §4.2).
public struct Reply: Hashable, Sendable {
    /// The basic code.
    public let code: ReplyCode
    /// The enhanced code, if the reply carries one; its class always agrees with `code` (RFC 2034 §4).
    public let status: EnhancedStatusCode?
    /// The text, a line each; at least one, free of CR, LF and other control characters.
    public let lines: [String]

    /// Makes a reply that can be sent as it is, whatever was passed.
    ///
    /// Control characters in `lines` become `?`, so no text can forge a second reply; a status whose class
    /// contradicts the code becomes `c.0.0`; a 3yz reply has none (RFC 2034 §4).
    public init(_ code: ReplyCode, _ status: EnhancedStatusCode? = nil, _ lines: String...) {
        self.init(code, status, lines: lines)
    }

    /// The same from an array.
    public init(_ code: ReplyCode, _ status: EnhancedStatusCode? = nil, lines: [String]) {
        self.code = code
        self.status = Self.agreeing(status, code)
        self.lines = lines.isEmpty ? [""] : lines.map(Self.harmless)
    }

    /// A reply that was received and whose lines hold nothing but printable ASCII.
    package init(received code: ReplyCode, _ status: EnhancedStatusCode?, lines: [String]) {
        self.code = code
        self.status = status
        self.lines = lines
    }

    /// What a client hears when something goes wrong on our side (RFC 5321 §4.2.4).
    package static let localError = Reply(451, EnhancedStatusCode(4, 3, 0), "Local error, try again later")

    private static func agreeing(_ status: EnhancedStatusCode?, _ code: ReplyCode) -> EnhancedStatusCode? {
        guard let status, code.severity != .intermediate else { return nil }
        let expected = code.severity.rawValue
        return status.class == expected ? status : EnhancedStatusCode(expected, 0, 0)
    }

    private static func harmless(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 32 || $0 == 127 }) else { return text }
        return String(
            decoding: text.utf8.map { $0 < 32 || $0 == 127 ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    }
}
