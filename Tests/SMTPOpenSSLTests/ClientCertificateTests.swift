import SMTPConnection
import SMTPOpenSSL
import SMTPProtocol
import Testing

@Suite struct ClientCertificateTests {
    private func server(_ required: Bool) throws -> OpenSSLContext {
        try serverContext {
            let file = fixture("authority.pem")
            $0.clientCertificates = required ? .required(authorities: file) : .requested(authorities: file)
        }
    }

    @Test(arguments: [false, true]) func `a good one is there to be seen`(isRequired: Bool) throws {
        let pair = Pair(try server(isRequired), try clientContext(.client))
        let certificate = try #require(pair.server.engine.security?.peerCertificate)
        #expect(certificate.subject == "CN=client.example.com,O=Example")
        #expect(certificate.octets.starts(with: [0x30, 0x82]))
        #expect(certificate.fingerprint.count == 32)
    }

    @Test func `none is taken where it is only requested`() throws {
        let pair = Pair(try server(false), try clientContext())
        #expect(pair.server.error == nil && pair.server.engine.security?.peerCertificate == nil)
        #expect(pair.server.engine.security != nil)
    }

    @Test func `none is refused where it is required`() throws {
        let pair = Pair(try server(true), try clientContext())
        #expect(pair.server.error == .rejected("no certificate was shown"))
        #expect(pair.server.engine.security == nil)
        #expect(pair.client.error == .record("tlsv13 alert certificate required"))
    }

    @Test(
        arguments: [
            ("stranger.pem", "self-signed certificate"), ("client-expired.pem", "certificate has expired"),
            ("client-usage.pem", "unsuitable certificate purpose"),
            ("client-deep.pem", "certificate chain too long"),
        ], [false, true]) func `a bad one is refused`(_ bad: (file: String, reason: String), isRequired: Bool)
        throws
    {
        let pair = Pair(try server(isRequired), try clientContext(.files(bad.file, "client.key")))
        #expect(pair.server.error == .rejected(bad.reason))
        #expect(pair.server.engine.security == nil)
    }

    @Test(arguments: [TLSSettings.Version.tls12, .tls13]) func `no session with a certificate is resumed`(
        version: TLSSettings.Version
    ) throws {
        let server = try server(false)
        let client = try clientContext(.client) { $0.newestVersion = version }
        let first = Pair(server, client)
        let engine = try #require(first.client.engine as? OpenSSLEngine)
        let second = Pair(server, client, resuming: engine.resumableSession)
        #expect(second.server.error == nil && second.server.engine.security?.isResumed == false)
        #expect(second.server.engine.security?.peerCertificate != nil)
    }
}
