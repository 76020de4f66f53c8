import COpenSSL
import Glibc
import SMTPProtocol

/// A PEM file, in memory.
struct PEMFile {
    let path: String
    private let text: [UInt8]

    /// The most that is read; certificates and keys are far smaller.
    private static let longest = 16 << 20

    init(_ path: String) throws(TLSSetupError) {
        self.path = path
        // A path with a NUL would be another path.
        guard !path.utf8.contains(0) else { throw .unreadable(file: path, errno: ENOENT) }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(file: path, errno: errno) }
        defer { close(descriptor) }
        var text: [UInt8] = []
        while text.count < Self.longest {
            var count = 0
            text.append(addingCapacity: 1 << 14) { (space: inout OutputSpan<UInt8>) in
                unsafe space.withUnsafeMutableBufferPointer { buffer, initialized in
                    count = unsafe read(descriptor, buffer.baseAddress, buffer.count)
                    if count > 0 { initialized = count }
                }
            }
            guard count >= 0 else { throw .unreadable(file: path, errno: errno) }
            if count == 0 { break }
        }
        self.text = text
    }

    /// Whether others than the owner and the group may read it.
    static func isReadableByOthers(_ path: String) -> Bool {
        var facts = stat()
        return unsafe stat(path, &facts) == 0 && facts.st_mode & S_IROTH != 0
    }

    /// Whether the text has a line of this kind, such as `PRIVATE KEY`.
    private func holds(_ kind: String) -> Bool {
        let wanted = Array("\(kind)-----".utf8)
        let begin = Array("-----BEGIN ".utf8)
        return text.split(separator: 10).contains { line in
            let line = line.last == 13 ? line.dropLast() : line
            return line.starts(with: begin) && line.suffix(wanted.count).elementsEqual(wanted)
        }
    }

    private func withReader<Result>(
        _ body: (OpaquePointer) throws(TLSSetupError) -> Result
    ) throws(TLSSetupError) -> Result {
        guard let reader = unsafe BIO_new(BIO_s_mem()) else { throw .failed("out of memory") }
        defer { unsafe BIO_free(reader) }
        _ = unsafe text.withUnsafeBytes { unsafe BIO_write(reader, $0.baseAddress, Int32($0.count)) }
        ErrorQueue.clear()
        return try unsafe body(reader)
    }

    /// All certificates, in their order; at least one.
    func certificates() throws(TLSSetupError) -> [Certificate] {
        guard holds("CERTIFICATE") else {
            if holds("PRIVATE KEY") { throw .keyForCertificate(file: path) }
            throw .noCertificate(file: path)
        }
        return try unsafe withReader { (reader) throws(TLSSetupError) in
            var found: [Certificate] = []
            while let certificate = unsafe PEM_read_bio_X509_AUX(reader, nil, refusesPassword, nil) {
                found.append(unsafe Certificate(certificate))
            }
            // The end of the text is an error too, but the only one that may be.
            let code = ERR_peek_last_error()
            guard !found.isEmpty, reasonCode(code) == PEM_R_NO_START_LINE else {
                throw .malformed(file: path, reason: ErrorQueue.takeReason())
            }
            ErrorQueue.clear()
            return found
        }
    }

    /// The first private key.
    func key() throws(TLSSetupError) -> PrivateKey {
        guard holds("PRIVATE KEY") else {
            if holds("CERTIFICATE") { throw .certificateForKey(file: path) }
            throw .noKey(file: path)
        }
        return try unsafe withReader { (reader) throws(TLSSetupError) in
            guard let key = unsafe PEM_read_bio_PrivateKey(reader, nil, refusesPassword, nil) else {
                let isEncrypted =
                    holds("ENCRYPTED PRIVATE KEY") || text.contains(Array("Proc-Type: 4,ENCRYPTED".utf8))
                let reason = ErrorQueue.takeReason()
                throw isEncrypted
                    ? .encryptedKey(file: path) : .malformed(file: path, reason: reason)
            }
            return unsafe PrivateKey(key)
        }
    }

    private func reasonCode(_ code: UInt) -> Int32 { Int32(code & 0x7F_FFFF) }
}

/// OpenSSL would ask at the terminal otherwise.
private func refusesPassword(
    _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?
) -> Int32 { -1 }

/// An X.509 certificate of OpenSSL's.
@safe final class Certificate: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes it over.
    init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe X509_free(pointer) }
}

/// A private key of OpenSSL's.
@safe final class PrivateKey: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes it over.
    init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe EVP_PKEY_free(pointer) }
}
