import COpenSSL

/// What OpenSSL reads from and writes to during one call of an engine, and what it tells on the way.
@unsafe struct Exchange {
    var input: UnsafePointer<UInt8>?
    /// How much of the input has not been read.
    var remaining = 0
    /// Where records go.
    var output: UnsafeMutablePointer<[UInt8]>?
    var isHandshakeOver = false
    /// Messages since the handshake that brought no content: new keys, warnings.
    var idleMessages = 0
    /// Whether the peer wanted another handshake.
    var wasAskedToRenegotiate = false

    /// So many messages without content are no accident.
    static let mostIdleMessages = 32

    /// The BIO through which engines are fed: its data is the `Exchange`. Octets are read where they lie and written
    /// where they are sent from.
    nonisolated(unsafe) static let method: OpaquePointer? = {
        let method = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "exchange")
        unsafe BIO_meth_set_read_ex(method, reads)
        unsafe BIO_meth_set_write_ex(method, writes)
        unsafe BIO_meth_set_ctrl(method, controls)
        return unsafe method
    }()
}

extension Exchange {
    fileprivate static func of(_ bio: OpaquePointer?) -> UnsafeMutablePointer<Exchange>? {
        unsafe BIO_get_data(bio)?.assumingMemoryBound(to: Exchange.self)
    }
}

private func reads(
    _ bio: OpaquePointer?, _ space: UnsafeMutablePointer<CChar>?, _ size: Int,
    _ taken: UnsafeMutablePointer<Int>?
) -> Int32 {
    unsafe smtp_bio_clear_retry(bio)
    guard let exchange = unsafe Exchange.of(bio), let space = unsafe space,
        let input = unsafe exchange.pointee.input, unsafe exchange.pointee.remaining > 0
    else {
        unsafe smtp_bio_set_retry_read(bio)
        return 0
    }
    let count = unsafe min(size, exchange.pointee.remaining)
    unsafe UnsafeMutableRawPointer(space).copyMemory(from: input, byteCount: count)
    unsafe exchange.pointee.input = input + count
    unsafe exchange.pointee.remaining -= count
    unsafe taken?.pointee = count
    return 1
}

private func writes(
    _ bio: OpaquePointer?, _ octets: UnsafePointer<CChar>?, _ count: Int, _ taken: UnsafeMutablePointer<Int>?
) -> Int32 {
    unsafe smtp_bio_clear_retry(bio)
    guard let output = unsafe Exchange.of(bio)?.pointee.output, let octets = unsafe octets else { return 0 }
    unsafe output.pointee.append(contentsOf: UnsafeRawBufferPointer(start: octets, count: count))
    unsafe taken?.pointee = count
    return 1
}

private func controls(
    _: OpaquePointer?, _ command: Int32, _: Int, _: UnsafeMutableRawPointer?
) -> Int { command == BIO_CTRL_FLUSH ? 1 : 0 }

/// Sees every message and alert, in both directions.
func watchesMessages(
    _ isWritten: Int32, _: Int32, _ kind: Int32, _ message: UnsafeRawPointer?, _ count: Int,
    _ ssl: OpaquePointer?, _: UnsafeMutableRawPointer?
) {
    guard kind == SSL3_RT_ALERT || kind == SSL3_RT_HANDSHAKE,
        let data = unsafe SSL_get_ex_data(ssl, 0), let message = unsafe message
    else { return }
    let exchange = unsafe data.assumingMemoryBound(to: Exchange.self)
    guard unsafe exchange.pointee.isHandshakeOver else { return }
    if isWritten == 0 {
        unsafe exchange.pointee.idleMessages += 1
    } else if kind == SSL3_RT_ALERT, count > 1,
        unsafe message.load(fromByteOffset: 1, as: UInt8.self) == SSL_AD_NO_RENEGOTIATION
    {
        unsafe exchange.pointee.wasAskedToRenegotiate = true
    }
}
