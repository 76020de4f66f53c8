import SMTPProtocol

/// What both sides of an exchange need to run against one another.
enum Exchanges {
    static let crypto = PlainCrypto()
    static let bindings = [
        ChannelBinding(.tlsExporter, [UInt8](0..<32)), ChannelBinding(.tlsServerEndPoint, [9, 9, 9]),
    ]
    static let context = SASLServerContext(
        crypto: crypto, hostname: "mx.example", channelBindings: bindings, offersChannelBinding: true,
        decoys: Decoys(secret: Secret("decoy"), iterations: 4096))
    static let clear = SASLServerContext(crypto: crypto, hostname: "mx.example", decoys: context.decoys)

    static func secret(_ text: String) -> Secret { Secret(text) }

    /// The keys of one user, made once: they are slow here.
    static let keys: [HashFunction: SCRAMKey] = {
        var keys: [HashFunction: SCRAMKey] = [:]
        for function in [HashFunction.sha1, .sha256] {
            keys[function] = try? SCRAMKey(
                password: secret("pencil"), function: function, salt: Array("salt".utf8), iterations: 4096,
                crypto: crypto)
        }
        return keys
    }()

    /// What an application with the one user says.
    struct Application {
        var name = "user"
        var password = "pencil"
        var token = "t0ken"
        /// What it was asked.
        var credentials: Credentials?
        var requests: [SASLKeyRequest] = []

        mutating func answer(_ step: SASLServerStep) -> SASLServerEvent? {
            switch step {
            case .lookUp(let request):
                requests.append(request)
                guard request.authenticationID == name else { return .key(nil) }
                switch request.kind {
                case .password: return .key(.password(Secret(password)))
                case .scram(let function): return .key(Exchanges.keys[function].map { .scram($0) })
                }
            case .verify(let credentials):
                self.credentials = credentials
                switch credentials.proof {
                case .password(let found):
                    return credentials.authenticationID == name && found == Secret(password)
                        ? .accepted : .refused
                case .token(let found): return found == Secret(token) ? .accepted : .refused
                case .proven, .certificate, .anonymous, .other: return .accepted
                }
            case .challenge, .succeed, .fail: return nil
            }
        }
    }

    /// How it ended on both sides.
    struct Outcome: Equatable {
        var server: SASLServerStep
        var client: SASLClientStep
        var challenges = 0
    }

    /// Runs the two against one another, as AUTH would. `tamper` may change what the client sends.
    static func run(
        _ client: any SASLClientExchange, _ server: any SASLServerExchange,
        _ application: inout Application, tamper: (Int, Secret) -> Secret = { $1 }
    ) -> Outcome {
        var (client, server) = (client, server)
        var said = client.next(.started)
        var sent = 0
        var step: SASLServerStep
        func tampered(_ secret: Secret) -> Secret {
            sent += 1
            return tamper(sent, secret)
        }
        if case .respond(let secret) = said {
            step = server.next(.started(tampered(secret)))
        } else {
            step = server.next(.started(nil))
        }
        var outcome = Outcome(server: step, client: said)
        while outcome.challenges < 20 {
            if let event = application.answer(step) {
                step = server.next(event)
                continue
            }
            outcome.server = step
            switch step {
            case .challenge(let challenge):
                outcome.challenges += 1
                said = client.next(.challenge(challenge))
                if case .derive(let derivation) = said {
                    said = client.next(.derived(derivation.run(crypto)))
                }
                outcome.client = said
                guard case .respond(let secret) = said else { return outcome }
                step = server.next(.response(tampered(secret)))
            case .succeed:
                outcome.client = client.next(.succeeded)
                return outcome
            case .fail: return outcome
            case .lookUp, .verify: return outcome
            }
        }
        return outcome
    }
}
