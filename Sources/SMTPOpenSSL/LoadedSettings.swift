import COpenSSL
import SMTPProtocol

/// What the settings of a server became: OpenSSL's contexts, one for each certificate. Nothing of it ever changes.
@safe final class LoadedSettings: @unchecked Sendable {
    let settings: TLSSettings
    let warnings: [PolicyWarning]
    /// Each with the certificate of the same place; the first is used unless the client asks for another name.
    let contexts: [TLSContextHandle]
    let pairs: [(certificate: Certificate, chain: [Certificate], key: PrivateKey)]
    private let protocols: ProtocolList

    init(_ settings: TLSSettings) throws(TLSSetupError) {
        self.settings = settings
        protocols = try ProtocolList(settings.applicationProtocols)
        var warnings: [PolicyWarning] = []
        var pairs: [(certificate: Certificate, chain: [Certificate], key: PrivateKey)] = []
        for identity in settings.identities { pairs.append(try identity.load(&warnings)) }
        self.pairs = pairs
        self.warnings = warnings
        var contexts: [TLSContextHandle] = []
        for number in 0..<max(pairs.count, 1) {
            let context = try TLSContextHandle(isServer: true, settings)
            if number < pairs.count { try context.show(pairs[number], settings.identities[number]) }
            try context.restrict()
            try context.demand(settings.clientCertificates)
            contexts.append(context)
        }
        self.contexts = contexts
        for context in contexts { unsafe listen(context.pointer) }
    }

    /// Sets what answers clients. An engine keeps this object for as long as it may be asked.
    private func listen(_ context: OpaquePointer) {
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        if pairs.count > 1 { unsafe SSL_CTX_set_client_hello_cb(context, choosesCertificate, me) }
        if !protocols.octets.isEmpty { unsafe SSL_CTX_set_alpn_select_cb(context, choosesProtocol, me) }
    }

    /// The context whose certificate is for this name.
    fileprivate func context(for name: [UInt8]) -> OpaquePointer? {
        for (number, pair) in pairs.enumerated() where pair.certificate.isFor(name) {
            return unsafe contexts[number].pointer
        }
        return nil
    }

    fileprivate func choose(_ offered: UnsafeBufferPointer<UInt8>) -> UnsafePointer<UInt8>? {
        unsafe protocols.choose(offered)
    }
}

extension TLSIdentity {
    /// The names of its files, for messages.
    var names: (certificate: String, key: String) {
        switch self {
        case .files(let certificate, let key): (certificate, key)
        case .selfMade: ("the new certificate", "the new key")
        }
    }

    fileprivate func load(
        _ warnings: inout [PolicyWarning]
    ) throws(TLSSetupError) -> (certificate: Certificate, chain: [Certificate], key: PrivateKey) {
        switch self {
        case .files(let file, let keyFile):
            let found = try PEMFile(file).certificates()
            let key = try PEMFile(keyFile).key()
            warnings += found[0].warnings(file)
            if PEMFile.isReadableByOthers(keyFile) { warnings.append(.keyReadableByOthers(file: keyFile)) }
            return (found[0], Array(found.dropFirst()), key)
        case .selfMade(let hosts):
            let (certificate, key) = try Certificate.selfMade(for: hosts)
            warnings.append(.certificateSelfMade(fingerprint: hexadecimal(certificate.fingerprint)))
            return (certificate, [], key)
        }
    }
}

private func hexadecimal(_ octets: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: octets.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

// MARK: What OpenSSL calls

/// Takes the certificate that is for the name in the client's hello (RFC 6066). This comes before any session is
/// resumed, so a session is resumed only under the certificate it began with.
private func choosesCertificate(
    _ ssl: OpaquePointer?, _: UnsafeMutablePointer<Int32>?, _ settings: UnsafeMutableRawPointer?
) -> Int32 {
    guard let settings = unsafe settings else { return SSL_CLIENT_HELLO_SUCCESS }
    var start: UnsafePointer<UInt8>?
    var count = 0
    guard unsafe SSL_client_hello_get0_ext(ssl, UInt32(TLSEXT_TYPE_server_name), &start, &count) == 1 else {
        return SSL_CLIENT_HELLO_SUCCESS
    }
    // A list of 16 bits' length, of which the first is a host name of 16 bits' length.
    let octets = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard octets.count > 5, octets[2] == 0, octets.count - 5 == Int(octets[3]) << 8 | Int(octets[4]) else {
        return SSL_CLIENT_HELLO_SUCCESS
    }
    let loaded = unsafe Unmanaged<LoadedSettings>.fromOpaque(settings).takeUnretainedValue()
    let name = Array(octets[5...])
    if name.allSatisfy(isNameOctet), let context = unsafe loaded.context(for: name) {
        unsafe SSL_set_SSL_CTX(ssl, context)
    }
    return SSL_CLIENT_HELLO_SUCCESS
}

/// Takes the first of our protocols that the client has too (RFC 7301).
private func choosesProtocol(
    _: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ length: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ count: UInt32,
    _ settings: UnsafeMutableRawPointer?
) -> Int32 {
    guard let settings = unsafe settings else { return SSL_TLSEXT_ERR_NOACK }
    let loaded = unsafe Unmanaged<LoadedSettings>.fromOpaque(settings).takeUnretainedValue()
    let list = unsafe UnsafeBufferPointer(start: offered, count: Int(count))
    guard let found = unsafe loaded.choose(list) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    unsafe length?.pointee = found.pointee
    unsafe chosen?.pointee = found + 1
    return SSL_TLSEXT_ERR_OK
}
