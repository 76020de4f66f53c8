import COpenSSL

/// A client straight on OpenSSL with its own memory buffers, which can do what a well-behaved one does not.
@safe final class CrudeClient {
    private let context: OpaquePointer?
    private let ssl: OpaquePointer?
    private let input: OpaquePointer?
    private let output: OpaquePointer?

    init(newest version: Int32) {
        unsafe context = SSL_CTX_new(TLS_client_method())
        unsafe smtp_ssl_ctx_set_max_version(context, version)
        unsafe ssl = SSL_new(context)
        unsafe input = BIO_new(BIO_s_mem())
        unsafe output = BIO_new(BIO_s_mem())
        unsafe SSL_set_bio(ssl, input, output)
        unsafe SSL_set_connect_state(ssl)
    }

    deinit {
        unsafe SSL_free(ssl)
        unsafe SSL_CTX_free(context)
    }

    /// Takes what the server said, and goes on with what is under way; true once the handshake is over.
    @discardableResult
    func receive(_ records: [UInt8]) -> Bool {
        _ = unsafe records.withUnsafeBytes { unsafe BIO_write(input, $0.baseAddress, Int32($0.count)) }
        let isOver = unsafe SSL_do_handshake(ssl) == 1
        var drop: [UInt8] = .init(repeating: 0, count: 1 << 14)
        if isOver { while unsafe SSL_read(ssl, &drop, Int32(drop.count)) > 0 {} }
        return isOver
    }

    /// What it has to say.
    func take() -> [UInt8] {
        var octets: [UInt8] = .init(repeating: 0, count: 1 << 16)
        let count = unsafe BIO_read(output, &octets, Int32(octets.count))
        return Array(octets.prefix(max(Int(count), 0)))
    }

    func send(_ text: String) {
        let octets = Array(text.utf8)
        _ = unsafe SSL_write(ssl, octets, Int32(octets.count))
    }

    /// Wants new keys, and the server's too.
    func updateKeys() {
        unsafe SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED)
        unsafe SSL_do_handshake(ssl)
    }

    /// Wants another handshake.
    func renegotiate() {
        unsafe SSL_renegotiate(ssl)
        unsafe SSL_do_handshake(ssl)
    }
}
