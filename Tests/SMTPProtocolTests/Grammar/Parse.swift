import SMTPProtocol

/// What a parser said, in a form that fits in a table.
enum Outcome: Equatable {
    /// The path as it was found, and what is left for the parameters.
    case path(String, rest: String = "")
    case error(SyntaxError.Production, Int)
}

/// The parsers, called as the tests want them.
enum Parse {
    /// Wide enough for everything that the grammar itself does not bound.
    static let unlimited = AddressLimits(localPart: .max, domain: .max, path: .max)

    /// The argument of MAIL, or of RCPT if it begins with T.
    static func path(
        _ argument: [UInt8], _ syntax: AddressSyntax = .strict, _ limits: AddressLimits = AddressLimits()
    ) -> Outcome {
        let whole = ByteRange(0, argument.count)
        let isRecipient = argument.first.map { $0 | 32 } == UInt8(ascii: "t")
        do throws(SyntaxError) {
            let parsed =
                isRecipient
                ? try CommandParser.recipient(argument.span, whole, syntax, limits)
                : try CommandParser.mail(argument.span, whole, syntax, limits)
            let rest = text(argument, parsed.parameters)
            switch parsed.path.kind {
            case .null: return .path("<>", rest: rest)
            case .postmaster: return .path("<\(text(argument, parsed.path.localPart))>", rest: rest)
            case .mailbox:
                let (localPart, domain) = (parsed.path.localPart, parsed.path.domain)
                return .path(text(argument, localPart) + "@" + text(argument, domain), rest: rest)
            }
        } catch {
            return .error(error.production, error.offset)
        }
    }

    static func path(_ argument: String, _ syntax: AddressSyntax = .strict) -> Outcome {
        path(Array(argument.utf8), syntax)
    }

    /// The mailbox that the argument of MAIL turns into.
    static func mailbox(_ argument: [UInt8], _ syntax: AddressSyntax = .strict) throws(SyntaxError) -> Mailbox
    {
        let whole = ByteRange(0, argument.count)
        return Mailbox(
            argument.span, try CommandParser.mail(argument.span, whole, syntax, unlimited).path)
    }

    /// What `body` threw; `nil` if nothing.
    static func error(_ body: () throws(SyntaxError) -> Void) -> Outcome? {
        do throws(SyntaxError) {
            try body()
            return nil
        } catch {
            return .error(error.production, error.offset)
        }
    }

    static func text(_ line: [UInt8], _ range: ByteRange) -> String {
        String(decoding: line[range.start..<range.end], as: UTF8.self)
    }

    /// `start`, `octets`, `end` in a row.
    static func octets(_ start: String, _ octets: [UInt8], _ end: String = "") -> [UInt8] {
        Array(start.utf8) + octets + Array(end.utf8)
    }
}
