/// A risk in a configuration that is nevertheless taken as it is. Log it; show it to whoever runs the server.
public enum PolicyWarning: Hashable, Sendable, CustomStringConvertible {
    /// Clients must authenticate, but may do so without TLS.
    case authenticationRequiredWithoutTLS
    /// Clients may authenticate without TLS.
    case authenticationOfferedInClear
    /// Clients must authenticate, and there is no way to.
    case authenticationImpossible
    /// Clients may authenticate, and need not.
    case authenticationNotRequired
    /// A mechanism that gives less than it seems to.
    case weakMechanism(SASLMechanismName)
    /// A mechanism that is never offered, for want of cryptography.
    case mechanismWithoutCrypto(SASLMechanismName)
    /// STARTTLS is required, but there is no TLS to offer: every MAIL gets 530.
    case tlsRequiredButNotOffered
    /// STARTTLS is offered, but there is no TLS: a client that uses it is cut off.
    case tlsOfferedWithoutCertificate
    /// A certificate whose time is over, or will be so soon.
    case certificateExpires(file: String, inDays: Int)
    /// A certificate whose time has not begun.
    case certificateNotYetValid(file: String)
    /// A certificate that names no host, so that no client can verify it.
    case certificateWithoutName(file: String)
    /// A key file that others on this machine can read.
    case keyReadableByOthers(file: String)
    /// A certificate that was made for this run: no client can verify it, and the next run makes another.
    case certificateSelfMade(fingerprint: String)
    /// Messages have no size limit.
    case unlimitedMessageSize
    /// A size limit under 64 KiB (RFC 5321 §4.5.3.1.7).
    case messageSizeBelowMinimum(Int)
    /// Fewer than 100 recipients (RFC 5321 §4.5.3.1.8).
    case recipientsBelowMinimum(Int)
    /// A command line under 512 octets (RFC 5321 §4.5.3.1.4).
    case commandLineBelowMinimum(Int)
    /// A content line under 1000 octets (RFC 5321 §4.5.3.1.6).
    case contentLineBelowMinimum(Int)
    /// Clients may make errors without end.
    case unlimitedErrors
    /// Bare CR and LF reach the application, and whoever it passes the message to.
    case bareNewlinesPreserved
    /// Addresses are read leniently: two readers may disagree about them.
    case lenientAddresses
    /// SMTPUTF8 is offered without 8BITMIME (RFC 6531 §3.1).
    case internationalizedWithoutEightBit

    /// The risk and the remedy, one line.
    public var description: String {
        switch self {
        case .authenticationRequiredWithoutTLS:
            "clients must authenticate but need not use TLS: passwords can be read on the way; require TLS"
        case .authenticationOfferedInClear:
            "clients may authenticate without TLS: passwords can be read on the way; allow it only under TLS"
        case .authenticationImpossible:
            "clients may or must authenticate, but no mechanism can be offered: add TLS or crypto, or name one that needs neither; without, nobody can"
        case .authenticationNotRequired:
            "clients may authenticate but need not: whoever does not may send all the same; require it, unless the handler decides"
        case .weakMechanism(let name):
            "the mechanism \(name) is weak: who listens can guess passwords, or anybody gets in; offer another"
        case .mechanismWithoutCrypto(let name):
            "the mechanism \(name) is named but there is no crypto for it, so it is not offered; provide some"
        case .tlsRequiredButNotOffered:
            "TLS is required but there is no certificate to offer it with: all mail is refused with 530; add one"
        case .tlsOfferedWithoutCertificate:
            "STARTTLS is offered but there is no certificate: clients that use it are cut off; add one or do not offer it"
        case .certificateExpires(let file, let days):
            days < 0
                ? "the certificate \(file) has expired: clients that verify it are cut off; renew it"
                : "the certificate \(file) expires in \(days) days; renew it"
        case .certificateNotYetValid(let file):
            "the certificate \(file) is not valid yet: clients that verify it are cut off; check it and this machine's clock"
        case .certificateWithoutName(let file):
            "the certificate \(file) names no host: clients cannot verify it; use one with a subjectAltName"
        case .keyReadableByOthers(let file):
            "others on this machine can read the key \(file); take that right away (chmod go= \(file))"
        case .certificateSelfMade(let fingerprint):
            "the certificate was made for this run and nobody can verify it: use it for tests only; its SHA-256 is \(fingerprint)"
        case .unlimitedMessageSize:
            "messages have no size limit: one client can fill the disk; set a size limit"
        case .messageSizeBelowMinimum(let octets):
            "the size limit of \(octets) octets is under the standard's minimum of 65536; raise it"
        case .recipientsBelowMinimum(let count):
            "the limit of \(count) recipients is under the standard's minimum of 100; raise it"
        case .commandLineBelowMinimum(let octets):
            "the command line limit of \(octets) octets is under the standard's minimum of 512; raise it"
        case .contentLineBelowMinimum(let octets):
            "the content line limit of \(octets) octets is under the standard's minimum of 1000; raise it"
        case .unlimitedErrors:
            "clients may make errors without end: a broken or hostile one stays connected; set an error limit"
        case .bareNewlinesPreserved:
            "bare CR and LF are passed on: a server behind this one may see a forged second message; reject them"
        case .lenientAddresses:
            "addresses are read leniently: other software may read them differently; use strict syntax"
        case .internationalizedWithoutEightBit:
            "SMTPUTF8 is offered without 8BITMIME, which the standard demands; offer both or neither"
        }
    }
}

extension ServerSession.Configuration {
    /// What is risky here, worst first; empty for the defaults. TLS is judged by `startTLS` alone: a connection
    /// whose layers below add it says so in its own list.
    public var warnings: [PolicyWarning] { warnings(hasTLS: startTLS != .none) }

    /// The same; `hasTLS` says whether clients can have TLS, one way or the other.
    package func warnings(hasTLS: Bool) -> [PolicyWarning] {
        var found: [PolicyWarning] = []
        found += authentication.warnings(hasTLS: hasTLS)
        if limits.messageSize == nil { found.append(.unlimitedMessageSize) }
        if let size = limits.messageSize, size < 64 << 10 { found.append(.messageSizeBelowMinimum(size)) }
        if limits.recipients < 100 { found.append(.recipientsBelowMinimum(limits.recipients)) }
        if limits.commandSize.base < 512 { found.append(.commandLineBelowMinimum(limits.commandSize.base)) }
        if let line = limits.contentLine, line < 1000 { found.append(.contentLineBelowMinimum(line)) }
        if limits.errors == nil { found.append(.unlimitedErrors) }
        if bareNewlines == .preserve { found.append(.bareNewlinesPreserved) }
        if addressSyntax == .lenient { found.append(.lenientAddresses) }
        let keywords = extensions.map(\.keyword)
        if keywords.contains("SMTPUTF8"), !keywords.contains("8BITMIME") {
            found.append(.internationalizedWithoutEightBit)
        }
        return found
    }
}
