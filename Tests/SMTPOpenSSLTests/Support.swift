import SMTPConnection
import SMTPOpenSSL
import SMTPProtocol

/// The path of a certificate or key of the tests.
func fixture(_ name: String) -> String {
    var folders = #filePath.split(separator: "/").dropLast().map(String.init)
    folders += ["Fixtures", name]
    return "/" + folders.joined(separator: "/")
}

extension TLSIdentity {
    static let server = files("server.pem", "server.key")
    static let other = files("other.pem", "other.key")
    static let client = files("client.pem", "client.key")

    static func files(_ certificate: String, _ key: String) -> TLSIdentity {
        .files(certificate: fixture(certificate), key: fixture(key))
    }
}

/// A context of the tests' server, or of another identity's.
func serverContext(
    _ identities: TLSIdentity..., change: (inout TLSSettings) -> Void = { _ in }
) throws -> OpenSSLContext {
    var settings = TLSSettings(identities: identities.isEmpty ? [.server] : identities)
    change(&settings)
    return try OpenSSLContext(settings)
}

/// A context of a client that trusts the tests' authority.
func clientContext(
    _ identities: TLSIdentity..., change: (inout TLSSettings) -> Void = { _ in }
) throws -> OpenSSLContext {
    var settings = TLSSettings(identities: identities)
    settings.trust = .authorities(fixture("authority.pem"))
    change(&settings)
    return try OpenSSLContext(settings)
}

/// One end of a TLS connection, and what became of it.
final class End {
    let engine: any TLSEngine
    var plaintext: [UInt8] = []
    /// What it has to send.
    var output: [UInt8] = []
    var error: TLSError?

    init(_ engine: any TLSEngine) { self.engine = engine }

    var text: String { String(decoding: plaintext, as: UTF8.self) }

    func receive(_ records: [UInt8]) {
        guard error == nil else { return }
        do throws(TLSError) {
            try engine.receive(records.span, plaintext: &plaintext, output: &output)
        } catch {
            self.error = error
        }
    }

    func send(_ text: String) throws { try engine.send(Array(text.utf8).span, output: &output) }
}

/// A client and a server that hear each other, in pieces of at most `size` octets.
final class Pair {
    let client: End
    let server: End
    private let size: Int

    init(
        _ server: OpenSSLContext, _ client: OpenSSLContext, name: String? = "mx.example.org",
        resuming session: ResumableSession? = nil, size: Int = .max
    ) {
        self.server = End(server.makeServer())
        self.client = End(client.client(name, resuming: session))
        self.size = size
        self.client.receive([])
        talk()
    }

    /// Passes on what each has to say until neither has anything.
    func talk() {
        while !client.output.isEmpty || !server.output.isEmpty {
            pass(from: client, to: server)
            pass(from: server, to: client)
        }
    }

    private func pass(from sender: End, to receiver: End) {
        var rest = sender.output[...]
        sender.output = []
        while !rest.isEmpty {
            receiver.receive(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
    }
}
