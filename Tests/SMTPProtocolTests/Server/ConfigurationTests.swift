import SMTPProtocol
import Testing

@Suite struct ConfigurationTests {
    typealias Configuration = ServerSession.Configuration

    static let risks: [(PolicyWarning, @Sendable (inout Configuration) -> Void)] = [
        (.authenticationRequiredWithoutTLS, { $0.authentication = .required(inClear: .everything) }),
        (.authenticationImpossible, { $0.authentication = .required() }),
        (.authenticationImpossible, { $0.authentication = .required(inClear: .proofs) }),
        (.authenticationImpossible, { $0.authentication = .init(.offered, mechanisms: []) }),
        (.authenticationNotRequired, { $0.authentication = .offered() }),
        (
            .weakMechanism("CRAM-MD5"),
            { $0.authentication = .init(.required, mechanisms: [.plain, .cramMD5]) }
        ),
        (
            .mechanismWithoutCrypto("CRAM-MD5"),
            { $0.authentication = .init(.required, mechanisms: [.cramMD5]) }
        ),
        (.authenticationOfferedInClear, { $0.authentication = .offered(inClear: .everything) }),
        (.unlimitedMessageSize, { $0.limits.messageSize = nil }),
        (.messageSizeBelowMinimum(65535), { $0.limits.messageSize = 65535 }),
        (.recipientsBelowMinimum(99), { $0.limits.recipients = 99 }),
        (.commandLineBelowMinimum(511), { $0.limits.commandSize.base = 511 }),
        (.contentLineBelowMinimum(999), { $0.limits.contentLine = 999 }),
        (.unlimitedErrors, { $0.limits.errors = nil }),
        (.bareNewlinesPreserved, { $0.bareNewlines = .preserve }),
        (.lenientAddresses, { $0.addressSyntax = .lenient }),
        (.internationalizedWithoutEightBit, { $0.extensions = [.smtpUTF8] }),
    ]

    @Test func `the defaults are not risky`() {
        #expect(Configuration(hostname: "mx.example.org").warnings == [])
    }

    @Test func `each risk is named, and the configuration stands`() {
        for (warning, risk) in Self.risks {
            var configuration = Configuration(hostname: "mx.example.org")
            risk(&configuration)
            #expect(configuration.warnings.contains(warning), "\(warning)")
            #expect(warning.description.contains(";"), "the remedy follows the risk: \(warning)")
        }
    }

    @Test func `at the minimum there is no warning`() {
        var configuration = Configuration(hostname: "mx.example.org")
        configuration.limits.messageSize = 64 << 10
        configuration.limits.recipients = 100
        configuration.limits.commandSize.base = 512
        configuration.limits.contentLine = 1000
        #expect(configuration.warnings == [])
    }

    @Test func `the largest command line in force follows verbs and extensions, for this value alone`() {
        var limits = CommandSizeLimits.rfc5321
        #expect(limits.largest(offering: []) == 512)
        limits[.data] = 1024
        #expect(limits.largest(offering: []) == 1024)
        #expect(CommandSizeLimits.rfc5321.largest(offering: []) == 512)
        #expect(limits.limit(of: .data, offering: []) == 1024)
        #expect(limits.limit(of: .noop, offering: []) == 512)
        limits[.data] = nil
        #expect(limits == .rfc5321)
        // MAIL grows by what each extension adds (RFC 1870 §3, RFC 6152 §2, RFC 6531 §3.4), whatever was said before.
        #expect(limits.limit(of: .mail, offering: [.size]) == 538)
        #expect(limits.limit(of: .mail, offering: [.size, .smtpUTF8]) == 548)
        #expect(limits.limit(of: .mail, offering: [.size, .eightBitMIME, .smtpUTF8]) == 565)
        #expect(limits.largest(offering: [.size]) == 538)
        let own = ServiceExtension("XTEST", recipient: [ParameterRule("XRCPT")], recipientAllowance: 100)
        #expect(limits.limit(of: .rcpt, offering: [own]) == 612)
    }
}
