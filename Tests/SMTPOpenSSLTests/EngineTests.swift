import SMTPConnection
import SMTPOpenSSL
import SMTPProtocol
import Testing

@Suite struct EngineTests {
    @Test(arguments: [1, 2, 3, 5, 16, 100, 1000, .max])
    func `a handshake and an exchange, in pieces of every size`(
        size: Int
    ) throws {
        let pair = Pair(try serverContext(), try clientContext(), size: size)
        #expect(pair.client.error == nil && pair.server.error == nil)
        let there = try #require(pair.server.engine.security)
        let here = try #require(pair.client.engine.security)
        #expect(there.version == "TLSv1.3" && here.version == "TLSv1.3")
        #expect(there.cipher == "TLS_AES_256_GCM_SHA384")
        #expect(there.serverName == "mx.example.org" && there.peerCertificate == nil)
        #expect(here.peerCertificate?.subject == "CN=mx.example.org,O=Example")
        #expect(here.peerCertificate?.fingerprint.count == 32)
        #expect(!there.isResumed && !here.isResumed)
        try pair.client.send("EHLO client.example.com\r\n")
        try pair.server.send("220 mx.example.org\r\n")
        pair.talk()
        #expect(pair.server.text == "EHLO client.example.com\r\n")
        #expect(pair.client.text == "220 mx.example.org\r\n")
        pair.client.engine.close(output: &pair.client.output)
        pair.talk()
        #expect(pair.server.engine.peerHasClosed && !pair.client.engine.peerHasClosed)
        #expect(pair.server.error == nil)
    }

    @Test(arguments: [100, 5000, .max]) func `much content comes through whole`(size: Int) throws {
        let pair = Pair(try serverContext(), try clientContext(), size: size)
        let line = String(repeating: "x", count: 76) + "\r\n"
        let content = String(repeating: line, count: 3000)
        try pair.client.send(content)
        try pair.client.send(content)
        pair.talk()
        #expect(pair.server.plaintext.elementsEqual((content + content).utf8))
    }

    @Test func `both ends have the same channel binding, another on each connection`() throws {
        let server = try serverContext()
        let client = try clientContext()
        let first = Pair(server, client)
        let second = Pair(server, client)
        let binding = try #require(first.server.engine.security?.channelBindings.first)
        #expect(binding.octets.count == 32)
        #expect(first.client.engine.security?.channelBindings == [binding])
        #expect(second.client.engine.security?.channelBindings != [binding])
    }

    @Test func `no description shows the channel binding`() throws {
        let pair = Pair(try serverContext(), try clientContext())
        let security = try #require(pair.server.engine.security)
        let binding = try #require(security.channelBindings.first)
        var shown = "\(security) \(String(reflecting: security))"
        dump(security, to: &shown)
        #expect(
            !shown.contains("\(binding.octets)")
                && !shown.contains("\(binding.octets[0]), \(binding.octets[1])"))
    }

    @Test func `TLS 1-2 has no channel binding, and none where it is not wanted`() throws {
        let old = Pair(try serverContext(), try clientContext { $0.newestVersion = .tls12 })
        #expect(old.server.engine.security?.version == "TLSv1.2")
        #expect(old.server.engine.security?.channelBindings == [])
        let unwanted = Pair(try serverContext { $0.exportsChannelBinding = false }, try clientContext())
        #expect(unwanted.server.engine.security?.channelBindings == [])
    }

    @Test func `the certificate follows the name that is asked for`() throws {
        let server = try serverContext(.server, .other)
        for (name, subject) in [
            ("mx.example.org", "CN=mx.example.org,O=Example"),
            ("a.wild.example.org", "CN=mx.example.org,O=Example"),
            ("other.example.net", "CN=other.example.net,O=Example"),
            ("OTHER.example.net", "CN=other.example.net,O=Example"),
            ("other.example.net.", "CN=other.example.net,O=Example"),
        ] {
            let pair = Pair(server, try clientContext(), name: name)
            #expect(pair.client.error == nil, "\(name)")
            #expect(pair.client.engine.security?.peerCertificate?.subject == subject, "\(name)")
        }
        let unknown = Pair(server, try clientContext { $0.trust = .anyone }, name: "unknown.example")
        #expect(unknown.server.engine.security?.serverName == "unknown.example")
    }

    @Test(arguments: [
        "other.example.net", "b.a.wild.example.org", "wild.example.org", "192.0.2.1", "xmx.example.org",
    ]) func `a client refuses a certificate for another name`(name: String) throws {
        let pair = Pair(try serverContext(), try clientContext(), name: name)
        guard case .rejected = pair.client.error else {
            Issue.record("\(name): \(String(describing: pair.client.error))")
            return
        }
        #expect(pair.server.error != nil && pair.server.engine.security == nil)
    }

    @Test(arguments: [
        ("expired.pem", "mx.example.org", "certificate has expired"),
        ("future.pem", "mx.example.org", "certificate is not yet valid"),
        ("nameless.pem", "mx.example.org", "hostname mismatch"),
        ("nul.pem", "mx.example.org", "hostname mismatch"),
    ]) func `a client refuses`(file: String, name: String, reason: String) throws {
        let pair = Pair(try serverContext(.files(file, "server.key")), try clientContext(), name: name)
        #expect(pair.client.error == .rejected(reason))
    }

    @Test(arguments: ["", "a b", "mx.example.org\u{0}.evil", "a/b"]) func `a client expects only names`(
        name: String
    ) throws {
        let pair = Pair(try serverContext(), try clientContext(), name: name)
        #expect(pair.client.error == .rejected("'\(name)' is not a host's name"))
        #expect(pair.client.output.isEmpty)
    }

    @Test func `a certificate that was made for this run is good for those who do not ask`() throws {
        let server = try serverContext(.selfMade(hosts: ["mx.example.org", "::1", "127.0.0.1"]))
        let pair = Pair(server, try clientContext { $0.trust = .anyone })
        #expect(pair.client.error == nil && pair.client.engine.security?.peerCertificate == nil)
        #expect(Pair(server, try clientContext()).client.error == .rejected("self-signed certificate"))
        guard case .certificateSelfMade = server.warnings.first else {
            Issue.record("\(server.warnings)")
            return
        }
    }

    @Test func `protocols are agreed on, or refused`() throws {
        let server = try serverContext { $0.applicationProtocols = ["smtp/2", "smtp"] }
        let both = Pair(
            server, try clientContext { $0.applicationProtocols = ["http/1.1", "smtp", "smtp/2"] })
        #expect(both.server.engine.security?.applicationProtocol == "smtp/2")
        #expect(both.client.engine.security?.applicationProtocol == "smtp/2")
        #expect(Pair(server, try clientContext()).client.error == nil)
        let other = Pair(server, try clientContext { $0.applicationProtocols = ["h2"] })
        #expect(other.server.error == .handshake("no application protocol"))
        #expect(other.client.error == .handshake("tlsv1 alert no application protocol"))
    }

    @Test func `a server without a certificate says what is missing`() throws {
        let pair = Pair(try OpenSSLContext(TLSSettings()), try clientContext())
        #expect(pair.server.error == .handshake("there is no certificate to show"))
        #expect(pair.client.error == .handshake("sslv3 alert handshake failure"))
    }
}
