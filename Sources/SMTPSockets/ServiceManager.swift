import CSystem
import Glibc
import SMTPConnection

/// Whoever started this process and wants to know how it is: systemd, or anything that speaks `sd_notify(3)`.
public enum ServiceManager {
    /// Where it wants to be told: the value of `NOTIFY_SOCKET`; nil if nobody wants to know.
    public static var address: String? {
        unsafe getenv("NOTIFY_SOCKET").map { unsafe String(cString: $0) }
    }

    /// Tells it these lines: `READY=1`, `STOPPING=1`, `STATUS=` and a text. Does nothing if nobody wants to know.
    public static func notify(_ lines: [String], at address: String? = address) throws(SocketError) {
        guard let address else { return }
        let place = Endpoint.unix(path: address)
        let target = try SocketAddress(notifying: address)
        let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else {
            throw SocketError(call: "open a socket", errno: errno, endpoint: place)
        }
        defer { Descriptor.close(descriptor) }
        let text = Array(lines.joined(separator: "\n").utf8)
        let sent = unsafe target.withPointer { address, length in
            unsafe sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), address, length)
        }
        guard sent == text.count else { throw SocketError(call: "send", errno: errno, endpoint: place) }
    }
}
