import SMTPProtocol

/// A mechanism's exchange, on either side: the first octet chooses it, the second what the application says, and each
/// run up to an octet 0xff is a message of the other side.
///
/// Whatever comes: nobody gets in whom the application did not find good, whoever failed is not asked about again, and
/// no SCRAM server is believed that did not prove itself.
func fuzzSASL(_ octets: [UInt8]) throws(BrokenInvariant) {
    var input = Octets(octets)
    let first = input.next()
    let second = input.next()
    let messages = input.rest().split(separator: 0xff, omittingEmptySubsequences: false).map {
        Secret(Array($0))
    }
    if first & 0x80 == 0 {
        try fuzzServer(Int(first), second, messages)
    } else {
        try fuzzClient(Int(first & 0x7f), messages)
    }
    try fuzzPreparation(octets)
}

private func fuzzServer(_ choice: Int, _ says: UInt8, _ messages: [Secret]) throws(BrokenInvariant) {
    let mechanism = SASLMechanism.all[choice % SASLMechanism.all.count]
    let bindings = [ChannelBinding(.tlsExporter, [1, 2, 3])]
    let context = SASLServerContext(
        crypto: CheapCrypto.shared, hostname: "mx.example.org", channelBindings: bindings,
        offersChannelBinding: says & 8 != 0)
    guard var exchange = mechanism.exchange(in: context) else {
        throw BrokenInvariant("\(mechanism) has what it needs")
    }
    var isAccepted = false
    var rest = messages[...]
    var step = exchange.next(.started(says & 4 != 0 ? nil : rest.popFirst()))
    for _ in 0..<20 {
        switch step {
        case .challenge:
            guard let message = rest.popFirst() else { return }
            step = exchange.next(.response(message))
        case .lookUp(let request):
            try require(
                !isAccepted && !request.authenticationID.utf8.isEmpty, "a name is looked up, before all else")
            step = exchange.next(.key(says & 2 != 0 ? nil : key(request.kind)))
        case .verify(let credentials):
            try require(!isAccepted, "credentials are verified once")
            try require(
                credentials.authorizationID != credentials.authenticationID, "nobody acts for himself")
            isAccepted = says & 1 != 0
            step = exchange.next(isAccepted ? .accepted : .refused)
        case .succeed:
            try require(isAccepted, "\(mechanism) let somebody in whom nobody found good")
            return
        case .fail: return
        }
    }
    throw BrokenInvariant("\(mechanism) comes to an end")
}

private func fuzzClient(_ choice: Int, _ messages: [Secret]) throws(BrokenInvariant) {
    let secret = Secret("pencil")
    let crypto = CheapCrypto.shared
    let made: (any SASLClientExchange)? =
        switch choice % 7 {
        case 0: try? SASLClient.plain(name: "user", password: secret)
        case 1: try? SASLClient.login(name: "user", password: secret)
        case 2: try? SASLClient.cramMD5(name: "user", password: secret, crypto: crypto)
        case 3: try? SASLClient.oauthBearer(name: "user", token: secret)
        case 4: try? SASLClient.xoauth2(name: "user", token: secret)
        case 5: try? SASLClient.scram(name: "user", password: secret, crypto: crypto)
        default:
            try? SASLClient.scram(
                name: "user", password: secret, function: .sha1,
                binding: .to(ChannelBinding(.tlsExporter, [1])),
                crypto: crypto)
        }
    guard var exchange = made else { throw BrokenInvariant("a client with a name and a password") }
    let isSCRAM = choice % 7 > 4
    var isProven = false
    var step = exchange.next(.started)
    for message in messages {
        if case .derive(let derivation) = step {
            try require((4096...1_000_000).contains(derivation.iterations), "no more work than was agreed to")
            step = exchange.next(.derived(Secret([7])))
        }
        if case .fail = step { return }
        step = exchange.next(.challenge(message))
        if isSCRAM, case .respond(let response) = step { isProven = response.octets.isEmpty }
    }
    if case .fail = step { return }
    if case .derive = step { return }
    if exchange.next(.succeeded) == .finish {
        try require(!isSCRAM || isProven, "the server has proven itself")
    }
}

/// A prepared text is prepared already, and has nothing in it that no name may have.
private func fuzzPreparation(_ octets: [UInt8]) throws(BrokenInvariant) {
    guard let prepared = try? StringPreparation.prepare(octets) else { return }
    let again = try? StringPreparation.prepare(prepared)
    try require(again == prepared, "prepared twice is prepared once: \(shown(prepared))")
    try require(prepared.allSatisfy { $0 >= 32 && $0 != 127 }, "no controls: \(shown(prepared))")
}

private func key(_ kind: SASLKeyRequest.Kind) -> SASLKey? {
    switch kind {
    case .password: return .password(Secret("pencil"))
    case .scram(let function):
        return
            (try? SCRAMKey(
                password: Secret("pencil"), function: function, salt: [1], iterations: 1,
                crypto: CheapCrypto.shared))
            .map { .scram($0) }
    }
}

/// Digests that mean nothing, fast.
private final class CheapCrypto: SASLCrypto {
    static let shared = CheapCrypto()

    func hash(_ octets: [UInt8], with function: HashFunction) -> [UInt8] {
        var state: UInt64 = 0xcbf2_9ce4_8422_2325
        for octet in octets { state = (state ^ UInt64(octet)) &* 0x100_0000_01b3 }
        return (0..<function.size).map { UInt8(truncatingIfNeeded: state >> UInt64($0 % 8 * 8)) }
    }
    func hmac(_ octets: [UInt8], key: [UInt8], with function: HashFunction) -> [UInt8] {
        hash(key + octets, with: function)
    }
    func pbkdf2(_ password: [UInt8], salt: [UInt8], iterations: Int, with function: HashFunction) -> [UInt8] {
        hash(password + salt, with: function)
    }
    func randomOctets(_ count: Int) -> [UInt8] { [UInt8](repeating: 9, count: count) }
}
