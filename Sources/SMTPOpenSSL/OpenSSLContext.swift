import COpenSSL
public import SMTPConnection
public import SMTPProtocol

/// TLS by OpenSSL: certificates, keys and policy, from which engines are made.
///
/// Give each listener a context of its own: a session that began on one is not resumed on another. Certificates are
/// read when it is made and at each `reload`; connections keep what they began with.
@safe public final class OpenSSLContext: TLSContext, @unchecked Sendable {
    /// What it was made from.
    public let settings: TLSSettings
    private let lock: UnsafeMutableRawPointer
    private var loaded: LoadedSettings
    /// Made when the first client is: reading whom this machine trusts takes long.
    private var client: ClientSettings?

    /// Reads certificates and keys, and checks that they fit.
    public init(_ settings: TLSSettings) throws(TLSSetupError) {
        guard let lock = unsafe CRYPTO_THREAD_lock_new() else { throw .failed("out of memory") }
        unsafe self.lock = lock
        self.settings = settings
        loaded = try LoadedSettings(settings)
        if case .authorities = settings.trust { client = try ClientSettings(settings, loaded) }
    }

    deinit { unsafe CRYPTO_THREAD_lock_free(lock) }

    /// Reads the files again, for the connections that come. If they are not good, all stays as it is.
    ///
    /// Sessions that began before are not resumed.
    public func reload() throws(TLSSetupError) {
        let fresh = try LoadedSettings(settings)
        var freshClient: ClientSettings?
        if case .authorities = settings.trust { freshClient = try ClientSettings(settings, fresh) }
        withLock {
            loaded = fresh
            client = freshClient
        }
    }

    /// What is risky about the certificates, as they were read last.
    public var warnings: [PolicyWarning] { withLock { loaded.warnings } }

    /// A server engine, before its handshake.
    public func makeServer() -> any TLSEngine {
        let loaded = withLock { self.loaded }
        return OpenSSLEngine(.server, loaded.contexts[0], keeping: loaded, loaded.settings)
    }

    /// A client engine, before its handshake.
    public func makeClient(serverName: String?) -> any TLSEngine { client(serverName) }

    /// The same; `session` is that of an earlier connection to the same server, to be resumed.
    package func client(_ serverName: String?, resuming session: ResumableSession? = nil) -> OpenSSLEngine {
        let ready = withLock {
            if client == nil { client = try? ClientSettings(settings, loaded) }
            return client
        }
        guard let ready else { preconditionFailure("out of memory") }
        let engine = OpenSSLEngine(.client, ready.context, keeping: ready, settings)
        engine.expect(serverName)
        if let session { engine.resume(session) }
        return engine
    }

    private func withLock<Result>(_ body: () -> Result) -> Result {
        _ = unsafe CRYPTO_THREAD_write_lock(lock)
        defer { unsafe CRYPTO_THREAD_unlock(lock) }
        return body()
    }
}
