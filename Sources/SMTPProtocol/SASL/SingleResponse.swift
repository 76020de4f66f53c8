/// A server's exchange in which the client speaks once: what it says is read, then checked by the application.
struct SingleResponse: SASLServerExchange, Redacted {
    /// What the client said, as credentials.
    let read: @Sendable ([UInt8]) throws(SASLFailure) -> Credentials

    mutating func next(_ event: SASLServerEvent) -> SASLServerStep {
        switch event {
        case .started(nil): return .challenge(Secret([]))
        case .started(let response?), .response(let response):
            do throws(SASLFailure) {
                return .verify(try read(response.octets))
            } catch {
                return .fail(error)
            }
        case .accepted: return .succeed
        case .refused: return .fail(.refused)
        case .key: return .fail(.malformed)
        }
    }
}

/// A client's exchange in which the client speaks once.
struct SingleStatement: SASLClientExchange, Redacted {
    let mechanism: SASLMechanismName
    let statement: Secret
    /// What to say to the one challenge that explains a failure; `nil` where there is none (RFC 7628 §3.2.3).
    var reply: Secret?
    private var hasSpoken = false
    private var hasFailed = false

    init(_ mechanism: SASLMechanismName, _ statement: Secret, replyToFailure reply: Secret? = nil) {
        self.mechanism = mechanism
        self.statement = statement
        self.reply = reply
    }

    mutating func next(_ event: SASLClientEvent) -> SASLClientStep {
        switch event {
        case .started:
            hasSpoken = true
            return .respond(statement)
        case .challenge:
            guard hasSpoken, !hasFailed, let reply else { return .fail(.malformed) }
            hasFailed = true
            return .respond(reply)
        case .succeeded: return hasSpoken && !hasFailed ? .finish : .fail(.serverError)
        case .derived: return .fail(.malformed)
        }
    }
}

extension StringPreparation {
    /// A name, prepared; empty only if nothing was sent.
    static func name(_ octets: some Sequence<UInt8>) throws(SASLFailure) -> String {
        let octets = Array(octets)
        guard let prepared = try? prepare(octets), prepared.isEmpty == octets.isEmpty else {
            throw .unpreparable
        }
        return String(decoding: prepared, as: UTF8.self)
    }

    /// A password that came in clear, prepared. One whose prepared form is not known here is passed on as it came:
    /// the application may know more.
    static func clearPassword(_ octets: some Sequence<UInt8>) throws(SASLFailure) -> Secret {
        let octets = Array(octets)
        do throws(Failure) {
            return Secret(try prepare(octets))
        } catch {
            guard error == .unsupported, !octets.contains(where: { $0 < 32 || $0 == 127 }) else {
                throw .unpreparable
            }
            return Secret(octets)
        }
    }

    /// A password of our own, prepared.
    static func ownPassword(_ password: Secret) throws(SASLFailure) -> Secret {
        guard let prepared = try? prepare(password.octets), !prepared.isEmpty else { throw .unpreparable }
        return Secret(prepared)
    }
}
