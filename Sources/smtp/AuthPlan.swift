import Glibc
import SMTPConnection
import SMTPHandlers
import SMTPOpenSSL
import SMTPProtocol

/// What `smtp serve` does about AUTH: the policy, and who decides.
struct AuthPlan: Sendable {
    /// For the session.
    let policy: ServerSession.AuthenticationPolicy
    private let authenticator: PasswordAuthenticator?
    private let takesAnybody: Bool

    /// Reads the options and the list of accounts.
    init(_ options: AuthOptions) throws {
        try Self.check(options)
        takesAnybody = options.authAny
        let crypto = OpenSSLCrypto()
        authenticator = try options.authFile.map {
            PasswordAuthenticator(try Self.accounts($0), crypto: crypto)
        }
        guard authenticator != nil || takesAnybody else {
            policy = .off
            return
        }
        let isRequired = takesAnybody ? options.authRequired : !options.authOptional
        policy = ServerSession.AuthenticationPolicy(
            isRequired ? .required : .offered, mechanisms: try Self.mechanisms(options),
            inClear: options.authWithoutTls ? .everything : .nothing, crypto: crypto,
            decoys: Decoys(iterations: authenticator?.commonIterations ?? SCRAMKey.standardIterations))
    }

    /// `inner`, behind whoever decides about credentials.
    func guarding(_ inner: any Handler) -> any Handler {
        if let authenticator { return authenticator.guarding(inner) }
        return takesAnybody ? inner.lettingAnybodyIn() : inner
    }

    /// What the operator should know beyond the policy's own warnings.
    var warning: String? {
        takesAnybody
            ? "--auth-any lets anybody authenticate, whatever the password: use it for tests only" : nil
    }

    private static func check(_ options: AuthOptions) throws(UsageError) {
        if let file = options.authFile, options.authAny {
            throw UsageError("--auth-file", file, "contradicts --auth-any; leave one of them out")
        }
        if options.authFile != nil, options.authRequired, options.authOptional {
            throw UsageError("--auth-required contradicts --auth-optional; leave one of them out")
        }
        guard options.authFile == nil, !options.authAny else {
            if options.authAny, options.authOptional {
                throw UsageError("--auth-optional: with --auth-any that is so anyway; leave it out")
            }
            return
        }
        for (isGiven, option) in [
            (options.authRequired, "--auth-required"), (options.authOptional, "--auth-optional"),
            (options.authWithoutTls, "--auth-without-tls"),
            (options.authMechanisms != nil, "--auth-mechanisms"),
        ] where isGiven {
            throw UsageError("\(option): who may authenticate? add --auth-file FILE, or --auth-any for tests")
        }
    }

    /// The mechanisms that can work: SCRAM and CRAM-MD5 need to know passwords, tokens and certificates another
    /// program.
    private static func mechanisms(_ options: AuthOptions) throws(UsageError) -> [SASLMechanism] {
        let known: [SASLMechanism] = options.authAny ? [.plain, .login] : SASLMechanism.standard + [.cramMD5]
        guard let list = options.authMechanisms else {
            return options.authAny ? known : SASLMechanism.standard
        }
        var chosen: [SASLMechanism] = []
        for word in list.split(separator: ",") {
            guard let name = SASLMechanismName(String(word)),
                let mechanism = known.first(where: { $0.name == name })
            else {
                let names = known.map(\.description).joined(separator: ", ")
                throw UsageError("--auth-mechanisms", String(word), "not to be had here; there are \(names)")
            }
            if !chosen.contains(where: { $0.name == name }) { chosen.append(mechanism) }
        }
        guard !chosen.isEmpty else {
            throw UsageError("--auth-mechanisms", list, "names none; give one, such as PLAIN")
        }
        return chosen
    }

    private static func accounts(_ file: String) throws -> Accounts {
        guard let text = readFile(file) else {
            throw Failure("--auth-file \(file): \(systemText(errno)); name a file that this user can read")
        }
        let accounts: Accounts
        do throws(AccountsError) {
            accounts = try Accounts(text)
        } catch {
            throw Failure("--auth-file \(file): \(error)")
        }
        guard accounts.count > 0 else {
            throw Failure("--auth-file \(file): it lists nobody; add lines with `smtp password NAME`")
        }
        return accounts
    }
}

/// All of a file; nil, with `errno` set, if it cannot be read.
func readFile(_ path: String) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return readAll(descriptor)
}

/// Everything up to the end; nil, with `errno` set, if it cannot be read.
func readAll(_ descriptor: Int32) -> [UInt8]? {
    var octets: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while true {
        let count = unsafe read(descriptor, &buffer, buffer.count)
        if count == 0 { return octets }
        if count > 0 {
            octets += buffer[..<count]
        } else if errno != EINTR {
            return nil
        }
    }
}
