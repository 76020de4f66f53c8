import COpenSSL

/// OpenSSL's queue of errors, one for each thread.
enum ErrorQueue {
    /// Forgets what is in it.
    static func clear() { ERR_clear_error() }

    /// What the latest error says, such as `wrong version number`; the queue is empty afterwards.
    static func takeReason() -> String {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        return reason(of: code)
    }

    static func reason(of code: UInt) -> String {
        guard code != 0 else { return "no reason given" }
        return unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }
}
