/// AUTH, wanted of a client session (RFC 4954 §4).
public struct Authentication: Hashable, Sendable {
    /// Who, and what shows it.
    public let identity: SASLClient.Identity
    /// The weakest mechanism that will do, whatever is offered.
    public var minimum = SASLClient.Strength.clear
    /// Whether a password or a token may go over a connection without TLS. Say yes only on a loopback address.
    public var allowsClear = false

    /// The best mechanism that is offered; nothing in clear.
    public init(_ identity: SASLClient.Identity) { self.identity = identity }
}

extension ClientSession {
    /// An exchange that is going on.
    struct Exchange: Sendable {
        let id: RequestID
        var exchange: any SASLClientExchange
        /// An initial response that was too long to go with AUTH.
        var held: Secret?
        var rounds = 0
        /// Why it was cancelled; the reply to `*` is still awaited.
        var failure: SASLFailure?
    }

    /// Challenges in one exchange.
    private static var mostRounds: Int { 10 }

    /// Begins AUTH with the best mechanism, or says that there is none; then nothing goes over the wire.
    mutating func begin(_ wanted: Authentication, _ id: RequestID) {
        do throws(SASLFailure) {
            let names = (extensions["AUTH"] ?? []).compactMap { SASLMechanismName($0) }
            let conditions = SASLClient.Conditions(
                offered: names, isPrivate: security != nil && configuration.startTLS != .ifOffered,
                minimum: wanted.minimum, allowsClear: wanted.allowsClear, crypto: configuration.crypto)
            guard var found = try SASLClient.exchange(for: wanted.identity, conditions) else {
                return note(.failed(ClientFailure(.noMechanism, in: .ready), id))
            }
            let first = step(&found, .started)
            exchange = Exchange(id: id, exchange: found)
            let command = "AUTH \(found.mechanism)"
            switch first {
            case .respond(let response):
                let line = "\(command) \(Self.initial(response))"
                // A line that every server takes; a longer one waits for the empty challenge (RFC 4954 §4).
                let isShort = line.utf8.count <= 510
                if !isShort { exchange?.held = response }
                say(isShort ? line : command, expecting: .authenticate)
            case .wait: say(command, expecting: .authenticate)
            case .derive, .finish, .fail: throw .malformed
            }
            change(to: .command)
        } catch {
            exchange = nil
            note(.failed(ClientFailure(.authentication(error), in: .ready), id))
        }
    }

    mutating func takeAuthentication(_ reply: Reply) {
        guard let open = exchange else { return }
        if let failure = open.failure {
            // A server that goes on after `*` is out of step.
            guard reply.code.severity != .intermediate else {
                return fail(.authentication(failure), in: .authentication, of: open.id)
            }
            return endExchange(.failed(.init(.authentication(failure), in: .authentication), open.id))
        }
        switch reply.code.severity {
        case .transient, .permanent: endExchange(.replied(reply, to: open.id))
        case .completion:
            var last = open.exchange
            guard case .finish = step(&last, .succeeded) else {
                // The server is content, but has not shown that it is the right one.
                return fail(.authentication(.serverUnproven), in: .authentication, of: open.id)
            }
            endExchange(.replied(reply, to: open.id))
        case .intermediate: takeChallenge(reply, open)
        }
    }

    private mutating func takeChallenge(_ reply: Reply, _ open: Exchange) {
        exchange?.rounds += 1
        guard open.rounds < Self.mostRounds else { return cancelExchange(.tooLong) }
        guard let challenge = try? Base64.decode(Array(reply.lines.joined().utf8)) else {
            return cancelExchange(.malformed)
        }
        if let held = open.held {
            exchange?.held = nil
            return challenge.isEmpty ? respond(held) : cancelExchange(.malformed)
        }
        var next = open.exchange
        let answer = step(&next, .challenge(Secret(challenge)))
        exchange?.exchange = next
        switch answer {
        case .respond(let response): respond(response)
        case .fail(let failure): cancelExchange(failure)
        case .wait, .finish, .derive: cancelExchange(.malformed)
        }
    }

    /// The exchange's next step; slow work is done here and now, for there is nobody else whom a client holds up.
    private func step(_ exchange: inout any SASLClientExchange, _ event: SASLClientEvent) -> SASLClientStep {
        let step = exchange.next(event)
        guard case .derive(let derivation) = step else { return step }
        guard let crypto = configuration.crypto else { return .fail(.noCrypto) }
        return exchange.next(.derived(derivation.run(crypto)))
    }

    private mutating func respond(_ response: Secret) {
        say(String(decoding: Base64.encode(response.octets), as: UTF8.self), expecting: .authenticate)
    }

    private mutating func cancelExchange(_ failure: SASLFailure) {
        exchange?.failure = failure
        say("*", expecting: .authenticate)
    }

    private mutating func endExchange(_ notice: ClientNotice) {
        exchange = nil
        note(notice)
        change(to: .ready)
    }

    /// `=` stands for a response of no octets (RFC 4954 §4).
    private static func initial(_ response: Secret) -> String {
        response.octets.isEmpty ? "=" : String(decoding: Base64.encode(response.octets), as: UTF8.self)
    }
}
