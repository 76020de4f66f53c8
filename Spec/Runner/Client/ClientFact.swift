import SMTPConnection
import SMTPProtocol

/// Something the host program was told by its client.
struct ClientFact: Hashable, Sendable, CustomStringConvertible {
    let words: [String]

    var description: String { "H? " + words.joined(separator: " ") }

    /// What an `H?` line asks for: these words, in this order; others may stand between them.
    struct Pattern: Hashable, Sendable {
        private let words: [String]

        init(_ words: [String]) { self.words = words }

        func allows(_ fact: ClientFact) -> Bool {
            guard fact.words.first == words.first else { return false }
            var rest = fact.words[...]
            for word in words {
                guard let index = rest.firstIndex(where: { Self.isSame($0, word) }) else { return false }
                rest = rest[(index + 1)...]
            }
            return true
        }

        /// Paths octet for octet, names without regard to case and hyphens.
        private static func isSame(_ a: String, _ b: String) -> Bool {
            a.hasPrefix("<") ? a.utf8.elementsEqual(b.utf8) : Octets.folded(a) == Octets.folded(b)
        }
    }

    /// The facts in `notice`: an outcome for each recipient.
    static func facts(_ notice: ClientNotice) -> [ClientFact] {
        switch notice {
        case .greeted(let reply): [ClientFact(["greeted"] + words(reply))]
        case .introduced(let extensions): [ClientFact(["offered"] + extensions.lines.map { "\($0.keyword)" })]
        case .secured: [ClientFact(["secured"])]
        case .replied(let reply, _): [ClientFact(["replied"] + words(reply))]
        case .failed(let failure, _): [ClientFact(["failed"] + words(failure))]
        case .closed(nil): [ClientFact(["closed"])]
        case .closed(let failure?): [ClientFact(["closed"] + words(failure))]
        case .finished(let outcomes, _): outcomes.map(fact)
        }
    }

    private init(_ words: [String]) { self.words = words }

    private static func fact(_ outcome: RecipientOutcome) -> ClientFact {
        let result =
            switch outcome.result {
            case .delivered: "delivered"
            case .refusedForNow: "deferred"
            case .refusedForGood: "refused"
            case .unknown: "unknown"
            }
        let path =
            switch outcome.recipient {
            case .postmaster: "<postmaster>"
            case .mailbox(let mailbox): "<\(mailbox)>"
            }
        switch outcome.reason {
        case .reply(let reply):
            return ClientFact([result, path] + words(reply) + ["in", "\(outcome.phase)"])
        case .failure(let failure): return ClientFact([result, path] + words(failure))
        case .local(let refusal): return ClientFact([result, path, "unasked"] + words(refusal))
        }
    }

    private static func words(_ reply: Reply) -> [String] {
        let text = reply.lines.joined(separator: " ").utf8.split(separator: 32)
        return ["\(reply.code.rawValue)"] + (reply.status.map { ["\($0)"] } ?? [])
            + text.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func words(_ failure: ClientFailure) -> [String] {
        let cause: [String] =
            switch failure.cause {
            case .refused(let reply): ["refused"] + words(reply)
            case .shutDown(let reply): ["shut-down"] + words(reply)
            case .malformedReply(let fault): ["malformed-reply", "\(fault)"]
            case .unexpectedReply(let reply): ["unexpected-reply"] + words(reply)
            case .injectedBeforeTLS: ["injected-before-TLS"]
            case .notOffered(let keyword): ["not-offered", "\(keyword)"]
            case .connectionLost: ["connection-lost"]
            case .timedOut: ["timed-out"]
            case .transportFailed: ["transport-failed"]
            case .layerFailed: ["layer-failed"]
            case .contentRefused(let traits): ["content-refused"] + words(traits)
            case .noMechanism: ["no-mechanism"]
            case .authentication(let failure): ["authentication", "\(failure)"]
            case .cancelled: ["cancelled"]
            case .ended: ["ended"]
            }
        return cause + ["in", "\(failure.phase)"]
    }

    private static func words(_ refusal: LocalRefusal) -> [String] {
        switch refusal {
        case .needsSMTPUTF8: ["needs-SMTPUTF8"]
        case .needsEightBitMIME: ["needs-8BITMIME"]
        case .tooLarge(let limit): ["too-large", "\(limit)"]
        case .content(let traits): ["content"] + words(traits)
        case .notOffered(let keyword): ["not-offered", "\(keyword)"]
        case .pathTooLong: ["path-too-long"]
        case .recipientLimit: ["recipient-limit"]
        case .messageLimit: ["message-limit"]
        }
    }

    private static func words(_ traits: ContentTraits) -> [String] {
        let names: [(ContentTraits, String)] = [
            (.eightBit, "eight-bit"), (.nul, "NUL"), (.longLine, "long-line"), (.bareNewline, "bare-newline"),
        ]
        return names.filter { traits.contains($0.0) }.map(\.1)
    }
}
