import COpenSSL
import SMTPProtocol

extension Certificate {
    /// The DER form.
    var octets: [UInt8] {
        let size = Int(unsafe i2d_X509(pointer, nil))
        guard size > 0 else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            var next = buffer.baseAddress
            count = Int(max(unsafe i2d_X509(pointer, &next), 0))
        }
    }

    /// The subject as RFC 2253 writes it, with everything but printable ASCII escaped.
    var subject: String {
        guard let writer = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free(writer) }
        unsafe smtp_print_name(writer, X509_get_subject_name(pointer))
        var start: UnsafeMutablePointer<CChar>?
        let count = unsafe smtp_bio_contents(writer, &start)
        guard let start = unsafe start, count > 0 else { return "" }
        let text = unsafe UnsafeRawBufferPointer(start: start, count: count)
        return String(decoding: unsafe text.map { 32...126 ~= $0 ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }

    /// Its SHA-256.
    var fingerprint: [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            var size: UInt32 = 32
            count = unsafe X509_digest(pointer, EVP_sha256(), buffer.baseAddress, &size) == 1 ? 32 : 0
        }
    }

    /// Whether it is for this host; never by the common name alone (RFC 9525).
    func isFor(_ host: [UInt8]) -> Bool {
        let flags = UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)
        return unsafe host.withUnsafeBytes { name in
            let characters = unsafe name.bindMemory(to: CChar.self)
            return unsafe X509_check_host(pointer, characters.baseAddress, name.count, flags, nil) == 1
        }
    }

    /// What is risky about it; `file` is its name.
    func warnings(_ file: String) -> [PolicyWarning] {
        var found: [PolicyWarning] = []
        if unsafe X509_cmp_current_time(X509_get0_notBefore(pointer)) > 0 {
            found.append(.certificateNotYetValid(file: file))
        }
        var days: Int32 = 0
        var seconds: Int32 = 0
        if unsafe ASN1_TIME_diff(&days, &seconds, nil, X509_get0_notAfter(pointer)) == 1 {
            let left = days < 0 || seconds < 0 ? min(Int(days), -1) : Int(days)
            if left < 14 { found.append(.certificateExpires(file: file, inDays: left)) }
        }
        if unsafe X509_get_ext_by_NID(pointer, NID_subject_alt_name, -1) < 0 {
            found.append(.certificateWithoutName(file: file))
        }
        return found
    }

    /// A new one for `hosts`, signed with a new key, valid for a year.
    static func selfMade(for hosts: [String]) throws(TLSSetupError) -> (Certificate, PrivateKey) {
        guard let first = hosts.first else { throw .host("") }
        guard let key = unsafe smtp_new_p256_key().map({ unsafe PrivateKey($0) }),
            let certificate = unsafe X509_new().map({ unsafe Certificate($0) })
        else { throw .failed(ErrorQueue.takeReason()) }
        let names = try hosts.map { (host) throws(TLSSetupError) in try alternativeName(host) }
        let x509 = unsafe certificate.pointer
        unsafe X509_set_version(x509, 2)
        var serial: [UInt8] = .init(repeating: 0, count: 8)
        unsafe RAND_bytes(&serial, 8)
        let number = serial.reduce(0) { UInt64($0) << 8 | UInt64($1) } >> 1
        unsafe ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), number)
        unsafe X509_gmtime_adj(X509_getm_notBefore(x509), -3600)
        unsafe X509_gmtime_adj(X509_getm_notAfter(x509), 365 * 86400)
        let name = unsafe X509_get_subject_name(x509)
        let common = Array(first.utf8.prefix(64))
        unsafe X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, Int32(common.count), -1, 0)
        unsafe X509_set_issuer_name(x509, name)
        unsafe X509_set_pubkey(x509, key.pointer)
        let extensions = [
            (NID_subject_alt_name, names.joined(separator: ",")),
            (NID_basic_constraints, "critical,CA:FALSE"),
            (NID_key_usage, "critical,digitalSignature"), (NID_ext_key_usage, "serverAuth,clientAuth"),
        ]
        for (kind, value) in extensions {
            guard let made = unsafe smtp_extension(x509, kind, value) else {
                throw .failed(ErrorQueue.takeReason())
            }
            unsafe X509_add_ext(x509, made, -1)
            unsafe X509_EXTENSION_free(made)
        }
        guard unsafe X509_sign(x509, key.pointer, EVP_sha256()) > 0 else {
            throw .failed(ErrorQueue.takeReason())
        }
        return (certificate, key)
    }

    private static func alternativeName(_ host: String) throws(TLSSetupError) -> String {
        if isAddress(host) { return "IP:\(host)" }
        guard !host.isEmpty, host.utf8.allSatisfy(isNameOctet), host.utf8.count <= 253 else {
            throw .host(host)
        }
        return "DNS:\(host)"
    }
}

/// Whether `text` is an IPv4 or IPv6 address.
func isAddress(_ text: String) -> Bool {
    guard let address = unsafe a2i_IPADDRESS(text) else { return false }
    unsafe ASN1_OCTET_STRING_free(address)
    return true
}

/// Whether a domain name may have this octet; `*` is for certificates.
func isNameOctet(_ octet: UInt8) -> Bool {
    switch octet {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "*"):
        true
    case _: false
    }
}
