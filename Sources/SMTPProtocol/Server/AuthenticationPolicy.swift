extension ServerSession {
    /// Whether clients must say who they are before they send, and how they may (RFC 4954).
    ///
    /// Who is asked: the handler. One that answers neither question refuses everybody, so nothing that is set here
    /// lets anybody in by itself.
    public struct AuthenticationPolicy: Sendable {
        /// Whether AUTH is there, and needed.
        public var demand: Demand
        /// What may be offered, in this order; what the layer or the crypto does not carry is left out.
        public var mechanisms: [SASLMechanism]
        /// What is offered without TLS.
        public var inClear: InClear
        /// What SCRAM and CRAM-MD5 need to be offered.
        public var crypto: (any SASLCrypto)?
        /// How names that nobody knows look to SCRAM; the secret is made up at start unless given.
        public var decoys: Decoys

        /// Off, unless said otherwise.
        public init(
            _ demand: Demand = .off, mechanisms: [SASLMechanism] = SASLMechanism.standard,
            inClear: InClear = .nothing, crypto: (any SASLCrypto)? = nil, decoys: Decoys = Decoys()
        ) {
            self.demand = demand
            self.mechanisms = mechanisms
            self.inClear = inClear
            self.crypto = crypto
            self.decoys = decoys
        }

        /// Whether AUTH is there.
        public enum Demand: Hashable, Sendable {
            /// It is not.
            case off
            /// A client may authenticate; whoever does not may send all the same, if the handler lets it.
            case offered
            /// Nothing is taken from a client before it has authenticated (RFC 4954 §6).
            case required
        }

        /// What is offered without TLS.
        public enum InClear: Hashable, Sendable {
            /// No mechanism at all.
            case nothing
            /// Those that prove a password without sending it.
            case proofs
            /// Passwords and tokens too, for everybody on the way to read.
            case everything
        }

        /// No AUTH.
        public static let off = Self()
        /// Clients may authenticate.
        public static func offered(inClear: InClear = .nothing) -> Self { Self(.offered, inClear: inClear) }
        /// Clients must authenticate.
        public static func required(inClear: InClear = .nothing) -> Self { Self(.required, inClear: inClear) }

        /// Whether AUTH is there at all.
        var isOn: Bool { demand != .off }

        /// What is offered at this layer, in order.
        func offered(under security: Security?) -> [SASLMechanism] {
            guard isOn else { return [] }
            return mechanisms.filter { isOffered($0, under: security) }
        }

        private func isOffered(_ mechanism: SASLMechanism, under security: Security?) -> Bool {
            if security == nil {
                switch inClear {
                case .nothing: return false
                case .proofs: guard !mechanism.needs.contains(.privacy) else { return false }
                case .everything: break
                }
            }
            return
                !(mechanism.needs.contains(.crypto) && crypto == nil
                || mechanism.needs.contains(.channelBinding) && (security?.channelBindings ?? []).isEmpty
                || mechanism.needs.contains(.certificate) && security?.peerCertificate == nil)
        }

        /// Whether TLS is all that `mechanism` lacks.
        func wantsTLS(_ mechanism: SASLMechanism, under security: Security?) -> Bool {
            security == nil && !(mechanism.needs.contains(.crypto) && crypto == nil)
        }

        /// What is risky about it; `hasTLS` says whether there is any TLS to authenticate under.
        func warnings(hasTLS: Bool) -> [PolicyWarning] {
            guard isOn else { return [] }
            var found: [PolicyWarning] = []
            let usable = mechanisms.filter { crypto != nil || !$0.needs.contains(.crypto) }
            if inClear == .everything, usable.contains(where: { $0.needs.contains(.privacy) }) {
                found.append(
                    demand == .required ? .authenticationRequiredWithoutTLS : .authenticationOfferedInClear)
            }
            let isPossible = usable.contains { mechanism in
                hasTLS
                    || inClear == .everything
                        && mechanism.needs.isDisjoint(with: [.certificate, .channelBinding])
                    || inClear == .proofs && !mechanism.needs.contains(.privacy)
            }
            if !isPossible { found.append(.authenticationImpossible) }
            if demand == .offered { found.append(.authenticationNotRequired) }
            for mechanism in mechanisms where mechanism.needs.contains(.indulgence) {
                found.append(.weakMechanism(mechanism.name))
            }
            // Who names a mechanism wants it; the standard list is content with what there is.
            for mechanism in mechanisms where mechanism.needs.contains(.crypto) && crypto == nil {
                guard !SASLMechanism.standard.contains(where: { $0.name == mechanism.name }) else { continue }
                found.append(.mechanismWithoutCrypto(mechanism.name))
            }
            return found
        }
    }
}

/// Who a client has proven to be, as far as the application is content with the proof.
public struct Identity: Hashable, Sendable {
    /// The name that the client acts under.
    public let name: String
    /// How it was proven.
    public let mechanism: SASLMechanismName

    /// An identity; tests make their own.
    public init(_ name: String, by mechanism: SASLMechanismName) {
        self.name = name
        self.mechanism = mechanism
    }
}
