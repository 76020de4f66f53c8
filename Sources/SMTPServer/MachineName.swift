import Glibc
public import SMTPConnection
import SMTPProtocol
import SMTPSockets

/// What this machine is called, for servers that were given no name.
public enum MachineName {
    /// The full domain name, or `localhost` if there is none that a greeting may carry; found out once.
    ///
    /// A resolver that does not answer within half a second is not waited for.
    public static let current = machineName()
}

extension ServerConnection.Configuration {
    /// RFC defaults, under this machine's name.
    public static var standard: Self { Self(.init(hostname: MachineName.current)) }
}

private func machineName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    let name = text(buffer)
    guard isDomain(name) else { return "localhost" }
    if name.utf8.contains(UInt8(ascii: ".")) { return name }
    let found = Found()
    let failure = startThread {
        let full = canonicalName(of: name)
        found.condition.withLock {
            found.name = full
            found.isDone = true
            found.condition.signal()
        }
    }
    guard failure == 0 else { return name }
    let deadline = MonotonicClock.now().advanced(by: .milliseconds(500))
    let full = found.condition.withLock {
        while !found.isDone, found.condition.wait(until: deadline) {}
        return found.name
    }
    return full.flatMap { isDomain($0) ? $0 : nil } ?? name
}

/// What the resolver found, guarded by its condition's lock.
private final class Found: @unchecked Sendable {
    let condition = Condition()
    var name: String?
    var isDone = false
}

private func canonicalName(of name: String) -> String? {
    var hints = unsafe addrinfo()
    unsafe hints.ai_flags = AI_CANONNAME
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(name, nil, &hints, &list) == 0, let first = unsafe list else { return nil }
    defer { unsafe freeaddrinfo(first) }
    guard let canonical = unsafe first.pointee.ai_canonname else { return nil }
    return unsafe String(cString: canonical)
}

private func isDomain(_ name: String) -> Bool { (try? DomainName(name)) != nil }

private func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
