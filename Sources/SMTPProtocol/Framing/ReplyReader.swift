/// Collects the lines of replies, within bounds (RFC 5321 §4.2.1, §4.5.3.1.5).
///
/// Only CRLF ends a line. All lines of one reply must have one code: a server that contradicts itself cannot be
/// trusted to say whose reply comes next. After a fault nothing more is read.
public struct ReplyReader: Sendable {
    /// How much one reply may be.
    public struct Limits: Hashable, Sendable {
        /// Octets in a line, its CRLF included.
        public var line = 4096
        /// Lines.
        public var lines = 128
        /// Octets in all.
        public var size = 32 << 10

        /// The defaults: eight times what a server may send, and what no honest one sends.
        public init() {}
    }

    /// What came of reading.
    public enum Event: Hashable, Sendable {
        /// A whole reply.
        case reply(Reply)
        /// What is no reply.
        case fault(ReplyFault)
        /// All of the input was taken.
        case needsInput
    }

    private let limits: Limits
    private var buffer = LineBuffer()
    private var code: ReplyCode?
    private var status: EnhancedStatusCode?
    private var lines: [String] = []
    private var size = 0
    private var fault: ReplyFault?

    /// A reader between two replies.
    public init(_ limits: Limits = Limits()) { self.limits = limits }

    /// Whether a part of a reply was taken that has not ended yet.
    public var isMidReply: Bool { code != nil || buffer.isMidLine }

    /// Takes octets of `input` from `position` on, up to the end of a reply or of the input.
    public mutating func next(_ input: Span<UInt8>, _ position: inout Int) -> Event {
        while true {
            if let fault { return .fault(fault) }
            let start = position
            let line: ReplyParser.Line?
            switch buffer.next(input, &position, limit: limits.line, acceptsBareLF: false) {
            case .needsInput:
                size += position - start
                if buffer.dropped > 0 {
                    fault = .lineTooLong
                } else if size > limits.size {
                    fault = .tooLong
                } else {
                    return .needsInput
                }
                continue
            case .tooLong:
                fault = .lineTooLong
                continue
            case .line(let range):
                line = ReplyParser.line(input.extracting(range.start..<range.end))
            case .stored:
                line = ReplyParser.line(buffer.bytes.span)
                buffer.finish()
            }
            size += position - start
            if let reply = add(line) { return .reply(reply) }
        }
    }

    /// The reply, if this was its last line.
    private mutating func add(_ line: ReplyParser.Line?) -> Reply? {
        guard let line else {
            fault = .malformed
            return nil
        }
        guard code == nil || code == line.code else {
            fault = .codesDiffer
            return nil
        }
        guard size <= limits.size else {
            fault = .tooLong
            return nil
        }
        guard lines.count < limits.lines else {
            fault = .tooManyLines
            return nil
        }
        code = line.code
        status = status ?? line.status
        lines.append(line.text)
        guard line.isLast else { return nil }
        let reply = Reply(received: line.code, status, lines: lines)
        code = nil
        status = nil
        lines = []
        size = 0
        return reply
    }
}

/// Why what a server said is no reply.
public enum ReplyFault: UInt8, Error, Hashable, Sendable {
    /// A line that does not begin with a code of the four classes, or that holds a bare CR or LF.
    case malformed
    /// Two lines of one reply have different codes.
    case codesDiffer
    /// A line is longer than the limit.
    case lineTooLong
    /// There are more lines than the limit.
    case tooManyLines
    /// The reply is longer than the limit.
    case tooLong
}
