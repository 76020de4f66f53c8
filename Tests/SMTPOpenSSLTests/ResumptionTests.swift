import SMTPConnection
import SMTPOpenSSL
import SMTPProtocol
import Testing

@Suite struct ResumptionTests {
    private func session(_ pair: Pair) throws -> ResumableSession {
        let engine = try #require(pair.client.engine as? OpenSSLEngine)
        return try #require(engine.resumableSession)
    }

    @Test(arguments: [TLSSettings.Version.tls12, .tls13]) func `a session goes on where it began`(
        version: TLSSettings.Version
    ) throws {
        let server = try serverContext()
        let client = try clientContext { $0.newestVersion = version }
        let first = Pair(server, client)
        let second = Pair(server, client, resuming: try session(first))
        #expect(second.server.engine.security?.isResumed == true)
        #expect(second.client.engine.security?.isResumed == true)
        #expect(second.server.engine.security?.serverName == "mx.example.org")
    }

    @Test(arguments: [TLSSettings.Version.tls12, .tls13]) func `not on another listener, nor after a reload`(
        version: TLSSettings.Version
    ) throws {
        let server = try serverContext()
        let client = try clientContext { $0.newestVersion = version }
        let kept = try session(Pair(server, client))
        let elsewhere = Pair(try serverContext(), client, resuming: kept)
        #expect(elsewhere.server.engine.security?.isResumed == false)
        #expect(Pair(server, client, resuming: kept).server.engine.security?.isResumed == true)
        try server.reload()
        let later = Pair(server, client, resuming: kept)
        #expect(later.server.engine.security?.isResumed == false)
    }

    @Test(arguments: [TLSSettings.Version.tls12, .tls13]) func `not under another name`(
        version: TLSSettings.Version
    ) throws {
        let server = try serverContext(.server, .other)
        let client = try clientContext { $0.newestVersion = version }
        let kept = try session(Pair(server, client))
        let other = Pair(server, client, name: "other.example.net", resuming: kept)
        #expect(other.server.engine.security?.isResumed == false)
        #expect(other.client.engine.security?.peerCertificate?.subject == "CN=other.example.net,O=Example")
        let again = Pair(server, client, resuming: kept)
        #expect(again.server.engine.security?.isResumed == true)
    }
}
