import SMTPConnection
import SMTPSockets
import Testing

@Suite struct EndpointPeerTests {
    @Test(arguments: [
        ("127.0.0.1", true), ("127.255.255.255", true), ("128.0.0.1", false), ("126.0.0.1", false),
        ("::1", true),
        ("::2", false), ("::", false), ("::ffff:127.0.0.1", true), ("::ffff:7f00:1", true),
        ("::127.0.0.1", false),
        ("1::1", false), ("localhost", false), ("", false),
    ]) func loopback(_ host: String, _ isLoopback: Bool) {
        #expect(Endpoint.tcp(host: host, port: 25).isLoopback == isLoopback)
    }

    @Test(arguments: [
        ("192.0.2.1", PeerKey.ipv4(0xc000_0201)),
        ("::ffff:192.0.2.1", .ipv4(0xc000_0201)),
        ("2001:db8:1:2:3:4:5:6", .ipv6Prefix(0x2001_0db8_0001_0002)),
        ("2001:db8:1:2::", .ipv6Prefix(0x2001_0db8_0001_0002)),
        ("2001:db8:1:3::", .ipv6Prefix(0x2001_0db8_0001_0003)),
        ("fe80::1%1", .ipv6Prefix(0xfe80_0000_0000_0000)),
        ("example.org", nil), ("", nil), ("192.0.2.1\u{0}", nil), ("192.0.2", nil),
    ]) func key(_ host: String, _ key: PeerKey?) {
        #expect(Endpoint.tcp(host: host, port: 25).peerKey == key)
        #expect(Endpoint.tcp(host: host, port: 26).peerKey == key)
    }

    @Test(arguments: [Endpoint.unix(path: ""), .unix(path: "127.0.0.1"), .unknown])
    func othersHaveNone(_ endpoint: Endpoint) {
        #expect(endpoint.peerKey == nil)
        #expect(!endpoint.isLoopback)
    }
}
