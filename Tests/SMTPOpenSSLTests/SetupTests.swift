import Foundation
import SMTPConnection
import SMTPOpenSSL
import SMTPProtocol
import Testing

@Suite struct SetupTests {
    private func error(_ certificate: String, _ key: String) -> TLSSetupError? {
        do throws(TLSSetupError) {
            _ = try OpenSSLContext(TLSSettings(identities: [.files(certificate: certificate, key: key)]))
            return nil
        } catch {
            return error
        }
    }

    @Test func `each mistake has its name and its remedy`() {
        let good = (certificate: fixture("server.pem"), key: fixture("server.key"))
        let table: [(String, String, TLSSetupError, String)] = [
            (
                good.certificate, fixture("other.key"),
                .keyMismatch(certificate: good.certificate, key: fixture("other.key")),
                "does not belong to the certificate"
            ),
            ("/nowhere.pem", good.key, .unreadable(file: "/nowhere.pem", errno: ENOENT), "correct the path"),
            (
                good.certificate, "/nowhere.key", .unreadable(file: "/nowhere.key", errno: ENOENT),
                "No such file"
            ),
            ("/tmp", good.key, .unreadable(file: "/tmp", errno: EISDIR), "give a file in it"),
            (good.key, good.key, .keyForCertificate(file: good.key), "holds a key and no certificate"),
            (
                good.certificate, good.certificate, .certificateForKey(file: good.certificate),
                "holds a certificate and no key"
            ),
            (fixture("make.py"), good.key, .noCertificate(file: fixture("make.py")), "BEGIN CERTIFICATE"),
            (good.certificate, fixture("make.py"), .noKey(file: fixture("make.py")), "BEGIN PRIVATE KEY"),
            (
                good.certificate, fixture("encrypted.key"), .encryptedKey(file: fixture("encrypted.key")),
                "openssl pkey"
            ),
        ]
        for (certificate, key, expected, text) in table {
            #expect(error(certificate, key) == expected)
            #expect(expected.description.contains(text), "\(expected)")
        }
        guard case .malformed(file: fixture("damaged.pem"), _) = error(fixture("damaged.pem"), good.key)
        else {
            Issue.record("\(String(describing: error(fixture("damaged.pem"), good.key)))")
            return
        }
    }

    @Test func `other settings are looked at too`() {
        var settings = TLSSettings(identities: [.server])
        settings.applicationProtocols = [""]
        #expect(throws: TLSSetupError.applicationProtocol("")) { try OpenSSLContext(settings) }
        settings.applicationProtocols = []
        settings.clientCertificates = .required(authorities: "/nowhere.pem")
        #expect(throws: TLSSetupError.unreadable(file: "/nowhere.pem", errno: ENOENT)) {
            try OpenSSLContext(settings)
        }
        settings.clientCertificates = .ignored
        settings.trust = .authorities(fixture("server.key"))
        #expect(throws: TLSSetupError.keyForCertificate(file: fixture("server.key"))) {
            try OpenSSLContext(settings)
        }
        settings = TLSSettings(identities: [.selfMade(hosts: ["no host"])])
        #expect(throws: TLSSetupError.host("no host")) { try OpenSSLContext(settings) }
    }

    @Test func `risks are told`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "smtp-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let key = folder.appending(path: "server.key").path(percentEncoded: false)
        try FileManager.default.copyItem(atPath: fixture("server.key"), toPath: key)
        func warnings(_ certificate: String, mode: Int = 0o600) throws -> [PolicyWarning] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: key)
            let identity = TLSIdentity.files(certificate: fixture(certificate), key: key)
            var configuration = ServerConnection.Configuration(.init(hostname: "mx.example.org"))
            configuration.tls = .offered(try OpenSSLContext(TLSSettings(identities: [identity])))
            return configuration.warnings
        }
        #expect(try warnings("server.pem") == [])
        #expect(try warnings("server.pem", mode: 0o640) == [])
        #expect(try warnings("server.pem", mode: 0o644) == [.keyReadableByOthers(file: key)])
        #expect(try warnings("future.pem") == [.certificateNotYetValid(file: fixture("future.pem"))])
        #expect(try warnings("nameless.pem") == [.certificateWithoutName(file: fixture("nameless.pem"))])
        guard case .certificateExpires(fixture("expired.pem"), ..<0) = try warnings("expired.pem").first
        else {
            Issue.record("\(try warnings("expired.pem"))")
            return
        }
    }

    @Test func `a reload takes new files, and bad ones change nothing`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "smtp-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = ["certificate", "key"].map { folder.appending(path: $0).path(percentEncoded: false) }
        func place(_ certificate: String, _ key: String) throws {
            for (name, file) in zip([certificate, key], files) {
                try? FileManager.default.removeItem(atPath: file)
                try FileManager.default.copyItem(atPath: fixture(name), toPath: file)
            }
        }
        try place("server.pem", "server.key")
        let context = try serverContext(.files(certificate: files[0], key: files[1]))
        let client = try clientContext()
        let early = Pair(context, client)
        try place("other.pem", "server.key")
        #expect(throws: TLSSetupError.keyMismatch(certificate: files[0], key: files[1])) {
            try context.reload()
        }
        #expect(Pair(context, client).client.error == nil)
        try place("other.pem", "other.key")
        try context.reload()
        #expect(Pair(context, client, name: "other.example.net").client.error == nil)
        try early.client.send("still here")
        early.talk()
        #expect(early.server.text == "still here")
    }
}
