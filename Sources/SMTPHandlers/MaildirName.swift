import Synchronization

/// The unique name of one message in a maildir: `SECONDS.MmicrosecondsPprocessQcounterRrandom.HOST`.
struct MaildirName {
    /// The middle part: an atom, unique on this machine, also the `id` of the Received field (RFC 5321 §4.4).
    let identifier: String
    /// The whole name.
    let file: String

    /// Counts the names this process has made, for all its maildirs and threads.
    private static let counter = Atomic<UInt64>(0)

    init(_ fileSystem: MaildirFileSystem, host: String) {
        let (seconds, microseconds) = fileSystem.time()
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        let random = String(fileSystem.random(), radix: 16)
        identifier = "M\(microseconds)P\(fileSystem.processID())Q\(number)R\(random)"
        file = "\(seconds).\(identifier).\(host)"
    }

    /// The host's name as it may stand in a file's name: `/` as `\057`, `:` as `\072`, likewise all that does not print.
    static func hostPart(_ hostname: String) -> String {
        var part: [UInt8] = []
        for byte in hostname.utf8.prefix(128) where part.count < 124 {
            if byte > 32, byte < 127, byte != UInt8(ascii: "/"), byte != UInt8(ascii: ":") {
                part.append(byte)
            } else {
                part.append(UInt8(ascii: "\\"))
                for shift in [6, 3, 0] { part.append(UInt8(ascii: "0") + (byte >> shift) & 7) }
            }
        }
        return part.isEmpty ? "localhost" : String(decoding: part, as: UTF8.self)
    }
}
