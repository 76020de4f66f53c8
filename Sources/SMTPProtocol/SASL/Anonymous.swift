/// ANONYMOUS: no proof at all, and a trace for the record (RFC 4505).
extension SASLMechanism {
    /// Nobody in particular.
    public static let anonymous = SASLMechanism("ANONYMOUS", needs: .indulgence) { _ in
        SingleResponse { message throws(SASLFailure) in
            // At most 255 characters of UTF-8 (RFC 4505 §2); controls would only forge lines in a log.
            guard message.count <= 1020, UTF8Check.isValid(message.span),
                message.allSatisfy({ $0 >= 32 && $0 != 127 })
            else { throw .malformed }
            return Credentials(
                mechanism: "ANONYMOUS", authenticationID: "anonymous",
                proof: .anonymous(trace: String(decoding: message, as: UTF8.self)))
        }
    }
}

extension SASLClient {
    /// ANONYMOUS, with something for the record, such as an address (RFC 4505 §2).
    public static func anonymous(trace: String = "") -> any SASLClientExchange {
        SingleStatement("ANONYMOUS", Secret(trace))
    }
}
