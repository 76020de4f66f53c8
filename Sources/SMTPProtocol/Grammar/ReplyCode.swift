/// A three-digit reply code (RFC 5321 §4.2.1).
public struct ReplyCode: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    /// The number, 200…559; of a reply that was received, 200…599.
    public let rawValue: UInt16

    /// `nil` unless the first digit is 2…5 and the second 0…5 (RFC 5321 §4.2, Reply-code).
    public init?(rawValue: UInt16) {
        guard rawValue >= 200, rawValue <= 559, rawValue / 10 % 10 <= 5 else { return nil }
        self.rawValue = rawValue
    }

    /// Traps on a literal that is no reply code.
    public init(integerLiteral value: UInt16) {
        precondition(Self(rawValue: value) != nil, "not a reply code")
        self.rawValue = value
    }

    /// As it was received: a client goes by the first digit, whatever the others are (RFC 5321 §4.2).
    package init?(received value: UInt16) {
        guard value >= 200, value <= 599 else { return nil }
        self.rawValue = value
    }

    /// The first digit: what the client should do next.
    public var severity: Severity {
        switch rawValue / 100 {
        case 2: .completion
        case 3: .intermediate
        case 4: .transient
        default: .permanent
        }
    }

    /// The class of a reply (RFC 5321 §4.2.1).
    public enum Severity: UInt8, Sendable {
        /// 2yz: done.
        case completion = 2
        /// 3yz: go on.
        case intermediate
        /// 4yz: not now.
        case transient
        /// 5yz: no.
        case permanent
    }
}

/// An enhanced mail system status code such as `5.1.1` (RFC 3463 §2).
public struct EnhancedStatusCode: Hashable, Sendable, CustomStringConvertible {
    /// 2, 4 or 5.
    public let `class`: UInt8
    /// 0…999.
    public let subject: UInt16
    /// 0…999.
    public let detail: UInt16

    /// Traps unless the class is 2, 4 or 5 and the others are below 1000.
    public init(_ class: UInt8, _ subject: UInt16, _ detail: UInt16) {
        precondition(`class` == 2 || `class` == 4 || `class` == 5, "class is 2, 4 or 5")
        precondition(subject < 1000 && detail < 1000, "at most three digits")
        self.class = `class`
        self.subject = subject
        self.detail = detail
    }

    /// The dotted form.
    public var description: String { "\(`class`).\(subject).\(detail)" }
}
