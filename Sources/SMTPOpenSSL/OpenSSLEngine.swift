import COpenSSL
package import SMTPConnection
package import SMTPProtocol

/// One end of a TLS connection. Records are read from the caller's input and written to the caller's output, with no
/// buffer between them and OpenSSL.
@safe package final class OpenSSLEngine: TLSEngine {
    private let ssl: OpaquePointer
    private let exchange: UnsafeMutablePointer<Exchange>
    /// What OpenSSL asks during the handshake.
    private let keeper: AnyObject
    private let role: Role
    private let settings: TLSSettings
    /// Why nothing more can be done.
    private var failure: TLSError?

    /// What the handshake established; `nil` while it is going on.
    package private(set) var security: Security?
    /// True once the peer's `close_notify` has been read.
    package private(set) var peerHasClosed = false

    enum Role { case server, client }

    init(_ role: Role, _ context: TLSContextHandle, keeping keeper: AnyObject, _ settings: TLSSettings) {
        guard let ssl = unsafe SSL_new(context.pointer), let method = unsafe Exchange.method,
            let bio = unsafe BIO_new(method)
        else { preconditionFailure("out of memory") }
        unsafe self.ssl = ssl
        self.keeper = keeper
        self.role = role
        self.settings = settings
        unsafe exchange = .allocate(capacity: 1)
        unsafe exchange.initialize(to: Exchange())
        unsafe BIO_set_data(bio, exchange)
        unsafe BIO_set_init(bio, 1)
        unsafe SSL_set_bio(ssl, bio, bio)
        unsafe SSL_set_ex_data(ssl, 0, exchange)
        switch role {
        case .server: unsafe SSL_set_accept_state(ssl)
        case .client: unsafe SSL_set_connect_state(ssl)
        }
    }

    deinit {
        // A session is as good after a connection that was cut: OpenSSL would not resume it otherwise.
        unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        unsafe SSL_free(ssl)
        unsafe exchange.deallocate()
    }

    // MARK: The contract

    /// Consumes records; appends plaintext, and any records to send, alerts included.
    package func receive(
        _ records: Span<UInt8>, plaintext: inout [UInt8], output: inout [UInt8]
    ) throws(TLSError) {
        if let failure { throw failure }
        guard !peerHasClosed else { return }
        failure = unsafe records.withUnsafeBufferPointer { input in
            withOutput(&output) {
                unsafe exchange.pointee.input = input.baseAddress
                unsafe exchange.pointee.remaining = input.count
                defer { unsafe exchange.pointee.input = nil }
                return advance(input.count, &plaintext)
            }
        }
        if let failure { throw failure }
    }

    /// Encrypts; only after the handshake.
    package func send(_ plaintext: Span<UInt8>, output: inout [UInt8]) throws(TLSError) {
        if let failure { throw failure }
        guard plaintext.count > 0 else { return }
        failure = unsafe plaintext.withUnsafeBufferPointer { octets in
            withOutput(&output) {
                var written = 0
                let status = unsafe SSL_write_ex(ssl, octets.baseAddress, octets.count, &written)
                return status == 1 && written == octets.count ? nil : .record(ErrorQueue.takeReason())
            }
        }
        if let failure { throw failure }
    }

    /// Appends `close_notify`.
    package func close(output: inout [UInt8]) {
        guard failure == nil, security != nil else { return }
        withOutput(&output) { _ = unsafe SSL_shutdown(ssl) }
        ErrorQueue.clear()
    }

    private func withOutput<Result>(_ output: inout [UInt8], _ body: () -> Result) -> Result {
        unsafe withUnsafeMutablePointer(to: &output) { output in
            unsafe exchange.pointee.output = output
            defer { unsafe exchange.pointee.output = nil }
            ErrorQueue.clear()
            return body()
        }
    }

    // MARK: Steps

    /// Goes on with the handshake, and then with what comes. Returns why nothing more can be done.
    private func advance(_ count: Int, _ plaintext: inout [UInt8]) -> TLSError? {
        if security == nil {
            let status = unsafe SSL_do_handshake(ssl)
            guard status == 1 else { return judge(status) }
            unsafe exchange.pointee.isHandshakeOver = true
            security = established()
        }
        // As much as the records hold; more only if an unfinished one was kept from before.
        var space = max(count, 64)
        while unsafe exchange.pointee.remaining > 0 || SSL_pending(ssl) > 0 {
            let status = read(space, &plaintext)
            if unsafe exchange.pointee.wasAskedToRenegotiate {
                return .record("the peer wants to renegotiate")
            }
            if unsafe exchange.pointee.idleMessages > Exchange.mostIdleMessages {
                return .record("too many messages without content")
            }
            guard status == 1 else { return judge(status) }
            space = unsafe max(Int(SSL_pending(ssl)), min(exchange.pointee.remaining, 1 << 14))
        }
        return nil
    }

    private func read(_ space: Int, _ plaintext: inout [UInt8]) -> Int32 {
        var status: Int32 = 0
        plaintext.append(addingCapacity: space) { (free: inout OutputSpan<UInt8>) in
            unsafe free.withUnsafeMutableBufferPointer { buffer, initialized in
                var count = 0
                status = unsafe SSL_read_ex(ssl, buffer.baseAddress, buffer.count, &count)
                if status == 1 { initialized += count }
            }
        }
        return status
    }

    /// What a call that did not succeed means: nothing, an end, or a failure.
    private func judge(_ status: Int32) -> TLSError? {
        switch unsafe SSL_get_error(ssl, status) {
        case SSL_ERROR_WANT_READ: return nil
        case SSL_ERROR_ZERO_RETURN:
            peerHasClosed = true
            return nil
        case _: break
        }
        let code = ERR_peek_last_error()
        let reason = ErrorQueue.takeReason()
        guard security == nil else { return .record(reason) }
        switch Int32(code & 0x7F_FFFF) {
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            let result = unsafe SSL_get_verify_result(ssl)
            return .rejected(
                unsafe X509_verify_cert_error_string(result).map { unsafe String(cString: $0) } ?? reason)
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return .rejected("no certificate was shown")
        case let why
        where [SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM].contains(why)
            && role == .server && settings.identities.isEmpty:
            return .handshake("there is no certificate to show")
        case _: return .handshake(reason)
        }
    }

    // MARK: What was established

    private func established() -> Security {
        var found = unsafe Security(
            version: String(cString: SSL_get_version(ssl)),
            cipher: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { unsafe String(cString: $0) } ?? "")
        if role == .server { found.serverName = requestedName() }
        found.isResumed = unsafe SSL_session_reused(ssl) == 1
        found.applicationProtocol = agreedProtocol()
        if unsafe SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE, unsafe SSL_get_verify_result(ssl) == X509_V_OK,
            let pointer = unsafe SSL_get1_peer_certificate(ssl)
        {
            let certificate = unsafe Certificate(pointer)
            found.peerCertificate = PeerCertificate(
                octets: certificate.octets, subject: certificate.subject,
                fingerprint: certificate.fingerprint)
        }
        if settings.exportsChannelBinding { found.channelBindings = exported() }
        return found
    }

    /// The name a client asked for, if a host can have it: it goes to logs.
    private func requestedName() -> String? {
        guard let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else { return nil }
        let text = unsafe String(cString: name)
        return text.utf8.allSatisfy(isNameOctet) ? text : nil
    }

    private func agreedProtocol() -> String? {
        var start: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &start, &count)
        guard count > 0 else { return nil }
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
    }

    /// `tls-exporter`, which TLS 1.2 cannot give without doubt (RFC 9266).
    private func exported() -> [ChannelBinding] {
        guard unsafe SSL_version(ssl) == TLS1_3_VERSION else { return [] }
        let label = ChannelBinding.exporterLabel
        var octets = [UInt8](repeating: 0, count: ChannelBinding.exporterLength)
        let status = label.withUTF8Buffer { label in
            unsafe label.withMemoryRebound(to: CChar.self) { label in
                unsafe SSL_export_keying_material(
                    ssl, &octets, octets.count, label.baseAddress, label.count, nil, 0, 0)
            }
        }
        return status == 1 ? [ChannelBinding(.tlsExporter, octets)] : []
    }

    // MARK: As a client

    /// The server has to be this one.
    func expect(_ serverName: String?) {
        guard var name = serverName else { return }
        if name.hasSuffix(".") { name.removeLast() }
        guard !name.isEmpty, isAddress(name) || name.utf8.allSatisfy(isNameOctet) else {
            failure = .rejected("'\(name)' is not a host's name")
            return
        }
        unsafe SSL_set_hostflags(
            ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
        if isAddress(name) {
            unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name)
        } else {
            unsafe SSL_set1_host(ssl, name)
            unsafe smtp_ssl_set_server_name(ssl, name)
        }
    }

    /// The session as it stands, for another connection to the same server.
    package var resumableSession: ResumableSession? {
        unsafe SSL_get1_session(ssl).map { unsafe ResumableSession($0) }
    }

    func resume(_ session: ResumableSession) { unsafe SSL_set_session(ssl, session.pointer) }
}

/// What a client keeps of a session to resume it.
@safe package final class ResumableSession: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes it over.
    init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe SSL_SESSION_free(pointer) }
}
