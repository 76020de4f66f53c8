/// How much of the message a failure report brings back: RET= (RFC 3461 §4.3).
public enum ReturnedContent: Hashable, Sendable {
    /// FULL: the whole message.
    case full
    /// HDRS: its header section.
    case headers
}

/// When reports about a recipient are wanted: NOTIFY= (RFC 3461 §4.1).
public enum DeliveryNotification: Hashable, Sendable {
    /// NEVER.
    case never
    /// In these cases; none is the same as `never`.
    case on(Cases)

    /// What a report may be about.
    public struct Cases: OptionSet, Hashable, Sendable {
        /// The set as bits.
        public let rawValue: UInt8
        /// From bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// SUCCESS: delivered.
        public static let success = Self(rawValue: 1)
        /// FAILURE: not delivered.
        public static let failure = Self(rawValue: 2)
        /// DELAY: not delivered yet.
        public static let delay = Self(rawValue: 4)
    }

    /// The value of the parameter.
    package var text: String {
        guard case .on(let cases) = self, !cases.isEmpty else { return "NEVER" }
        let names: [(Cases, String)] = [(.success, "SUCCESS"), (.failure, "FAILURE"), (.delay, "DELAY")]
        return names.filter { cases.contains($0.0) }.map(\.1).joined(separator: ",")
    }
}

/// What a report calls the message: ENVID= (RFC 3461 §4.4).
public struct EnvelopeID: Hashable, Sendable {
    /// Printable ASCII, decoded.
    public let octets: [UInt8]

    /// Throws unless `octets` are printable ASCII that make at most 100 octets of xtext.
    public init(_ octets: [UInt8]) throws(SyntaxError) {
        try DeliveryStatus.check(octets, longest: 100)
        self.octets = octets
    }

    /// Throws unless `text` is printable ASCII that makes at most 100 octets of xtext.
    public init(_ text: String) throws(SyntaxError) { try self.init(Array(text.utf8)) }
}

/// The recipient as the sender named it: ORCPT= (RFC 3461 §4.2).
public struct OriginalRecipient: Hashable, Sendable {
    /// What kind of address it is, such as `rfc822`.
    public let type: Keyword
    /// Printable ASCII, decoded; its case is kept.
    public let address: [UInt8]

    /// Throws unless `address` is printable ASCII and the value has at most 500 octets.
    public init(_ type: Keyword = "rfc822", _ address: [UInt8]) throws(SyntaxError) {
        try DeliveryStatus.check(address, longest: 499 - type.bytes.count)
        self.type = type
        self.address = address
    }
}

/// What the values of RFC 3461 have in common.
enum DeliveryStatus {
    /// A value that decodes to control octets could forge a field of a report.
    static func check(_ octets: [UInt8], longest: Int) throws(SyntaxError) {
        for (index, octet) in octets.enumerated() where !OctetSet.printable.contains(octet) {
            throw SyntaxError(.xtext, at: index)
        }
        guard !octets.isEmpty, XText.encode(octets).count <= longest else {
            throw SyntaxError(.xtext, at: octets.count)
        }
    }
}
