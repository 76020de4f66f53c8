import COpenSSL

/// One of OpenSSL's contexts.
@safe final class TLSContextHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    /// A context with what holds for both ends.
    init(isServer: Bool, _ settings: TLSSettings) throws(TLSSetupError) {
        ErrorQueue.clear()
        guard let context = unsafe SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else {
            throw .failed(ErrorQueue.takeReason())
        }
        unsafe pointer = context
        unsafe smtp_ssl_ctx_set_min_version(context, TLS1_2_VERSION)
        switch settings.newestVersion {
        case .tls12: unsafe smtp_ssl_ctx_set_max_version(context, TLS1_2_VERSION)
        case .tls13: unsafe smtp_ssl_ctx_set_max_version(context, TLS1_3_VERSION)
        }
        unsafe SSL_CTX_set_options(context, smtp_ssl_op_no_compression() | smtp_ssl_op_no_renegotiation())
        unsafe smtp_ssl_ctx_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS))
        unsafe smtp_ssl_ctx_set_groups(context, "X25519:P-256:P-384")
        unsafe SSL_CTX_set_msg_callback(context, watchesMessages)
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    /// Shows this certificate.
    func show(
        _ pair: (certificate: Certificate, chain: [Certificate], key: PrivateKey), _ identity: TLSIdentity
    ) throws(TLSSetupError) {
        let (file, keyFile) = identity.names
        guard unsafe SSL_CTX_use_certificate(pointer, pair.certificate.pointer) == 1 else {
            throw .unusable(file: file, reason: ErrorQueue.takeReason())
        }
        guard unsafe X509_check_private_key(pair.certificate.pointer, pair.key.pointer) == 1 else {
            ErrorQueue.clear()
            throw .keyMismatch(certificate: file, key: keyFile)
        }
        guard unsafe SSL_CTX_use_PrivateKey(pointer, pair.key.pointer) == 1 else {
            throw .unusable(file: keyFile, reason: ErrorQueue.takeReason())
        }
        guard let chain = unsafe smtp_certificates_new() else { throw .failed("out of memory") }
        defer { unsafe smtp_certificates_free(chain) }
        for certificate in pair.chain {
            unsafe X509_up_ref(certificate.pointer)
            unsafe smtp_certificates_push(chain, certificate.pointer)
        }
        guard unsafe smtp_ssl_ctx_set_chain(pointer, chain) == 1 else {
            throw .unusable(file: file, reason: ErrorQueue.takeReason())
        }
    }

    /// Takes the word of these authorities for a peer.
    func believe(_ file: String) throws(TLSSetupError) {
        for authority in try PEMFile(file).certificates() {
            unsafe X509_STORE_add_cert(SSL_CTX_get_cert_store(pointer), authority.pointer)
            unsafe SSL_CTX_add_client_CA(pointer, authority.pointer)
        }
        unsafe SSL_CTX_set_verify_depth(pointer, 10)
    }

    /// What a server does with TLS beyond what both ends do.
    func restrict() throws(TLSSetupError) {
        guard unsafe SSL_CTX_set_cipher_list(pointer, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 else {
            throw .failed(ErrorQueue.takeReason())
        }
        unsafe smtp_ssl_ctx_set_server_name_callback(pointer, takesAnyName)
        // Sessions live in tickets alone, one a handshake, and a ticket counts only in the context it came from.
        unsafe smtp_ssl_ctx_disable_session_cache(pointer)
        unsafe SSL_CTX_set_num_tickets(pointer, 1)
        unsafe SSL_CTX_set_max_early_data(pointer, 0)
        unsafe SSL_CTX_set_recv_max_early_data(pointer, 0)
        var name = [UInt8](repeating: 0, count: 32)
        guard unsafe RAND_bytes(&name, 32) == 1,
            unsafe SSL_CTX_set_session_id_context(pointer, name, 32) == 1
        else { throw .failed(ErrorQueue.takeReason()) }
    }

    /// What a server wants of its clients.
    func demand(_ certificates: TLSSettings.ClientCertificates) throws(TLSSetupError) {
        switch certificates {
        case .ignored: return
        case .requested(let authorities):
            try believe(authorities)
            unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        case .required(let authorities):
            try believe(authorities)
            unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
        unsafe SSL_CTX_set_options(pointer, smtp_ssl_op_no_ticket())
        unsafe SSL_CTX_set_num_tickets(pointer, 0)
    }
}

/// Any name will do; that it was taken is remembered with the session.
private func takesAnyName(
    _: OpaquePointer?, _: UnsafeMutablePointer<Int32>?, _: UnsafeMutableRawPointer?
) -> Int32 { SSL_TLSEXT_ERR_OK }

/// What the settings of a client became.
final class ClientSettings: Sendable {
    let context: TLSContextHandle

    init(_ settings: TLSSettings, _ loaded: LoadedSettings) throws(TLSSetupError) {
        context = try TLSContextHandle(isServer: false, settings)
        if let pair = loaded.pairs.first { try context.show(pair, settings.identities[0]) }
        switch settings.trust {
        case .anyone: unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_NONE, nil)
        case .system:
            unsafe SSL_CTX_set_default_verify_paths(context.pointer)
            unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
        case .authorities(let file):
            try context.believe(file)
            unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
        }
        let protocols = try ProtocolList(settings.applicationProtocols).octets
        guard !protocols.isEmpty else { return }
        unsafe SSL_CTX_set_alpn_protos(context.pointer, protocols, UInt32(protocols.count))
    }
}
