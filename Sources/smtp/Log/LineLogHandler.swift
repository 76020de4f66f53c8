import Glibc
import Logging

/// Writes each event as one line on standard error: as text for people, or as JSON for programs.
struct LineLogHandler: LogHandler {
    /// How an event is written.
    enum Format: Sendable { case text, json }

    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private let format: Format
    private let write: @Sendable ([UInt8]) -> Void

    init(
        _ format: Format, level: Logger.Level,
        write: @escaping @Sendable ([UInt8]) -> Void = StandardError.write
    ) {
        self.format = format
        self.write = write
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var values = metadata
        if let more = metadataProvider?.get() { values.merge(more) { _, new in new } }
        if let more = event.metadata { values.merge(more) { _, new in new } }
        if let error = event.error { values["error"] = .string("\(error)") }
        write(line(event.level, "\(event.message)", values))
    }

    private func line(_ level: Logger.Level, _ message: String, _ values: Logger.Metadata) -> [UInt8] {
        var line: [UInt8] = []
        switch format {
        case .text:
            line += Array("\(Timestamp.now()) \(level.rawValue): ".utf8)
            appendMessage(message, to: &line)
            for (key, value) in sorted(values) {
                line.append(UInt8(ascii: " "))
                LogText.appendWord(key, to: &line)
                line.append(UInt8(ascii: "="))
                LogText.appendWord(plain(value), to: &line)
            }
        case .json:
            line += Array(
                "{\"time\":\"\(Timestamp.now())\",\"level\":\"\(level.rawValue)\",\"message\":".utf8)
            LogText.appendQuoted(message, to: &line)
            for (key, value) in sorted(values) {
                line.append(UInt8(ascii: ","))
                LogText.appendQuoted(key, to: &line)
                line.append(UInt8(ascii: ":"))
                appendJSON(value, to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
        line.append(10)
        return line
    }

    /// By name, but the connection first: whoever reads a log follows that.
    private func sorted(_ values: Logger.Metadata) -> [(key: String, value: Logger.Metadata.Value)] {
        values.sorted { a, b in
            a.key == "connection" ? b.key != "connection" : b.key != "connection" && a.key < b.key
        }
    }

    /// The message without quotes round it, as it is read first.
    private func appendMessage(_ message: String, to line: inout [UInt8]) {
        var quoted: [UInt8] = []
        LogText.appendQuoted(message, to: &quoted)
        let isPlain = !message.utf8.contains { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
        line += isPlain ? quoted[1..<(quoted.count - 1)] : quoted[...]
    }

    private func plain(_ value: Logger.Metadata.Value) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let value): "\(value)"
        case .array(let values): values.map(plain).joined(separator: ",")
        case .dictionary(let values):
            values.sorted { $0.key < $1.key }.map { "\($0.key):\(plain($0.value))" }.joined(separator: ",")
        }
    }

    private func appendJSON(_ value: Logger.Metadata.Value, to line: inout [UInt8]) {
        switch value {
        case .string(let text): LogText.appendQuoted(text, to: &line)
        case .stringConvertible(let value):
            if let number = value as? any BinaryInteger {
                line += Array("\(number)".utf8)
            } else {
                LogText.appendQuoted("\(value)", to: &line)
            }
        case .array(let values):
            line.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                appendJSON(value, to: &line)
            }
            line.append(UInt8(ascii: "]"))
        case .dictionary(let values):
            line.append(UInt8(ascii: "{"))
            for (index, (key, value)) in values.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                LogText.appendQuoted(key, to: &line)
                line.append(UInt8(ascii: ":"))
                appendJSON(value, to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
    }
}

/// The time of day in UTC (RFC 3339 §5.6).
enum Timestamp {
    /// This moment, to the millisecond.
    static func now() -> String {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        var date = unsafe tm()
        var seconds = time.tv_sec
        _ = unsafe gmtime_r(&seconds, &date)
        let (year, month, day) = unsafe (
            padded(date.tm_year + 1900, 4), padded(date.tm_mon + 1), padded(date.tm_mday)
        )
        let (hour, minute, second) = unsafe (padded(date.tm_hour), padded(date.tm_min), padded(date.tm_sec))
        let fraction = padded(Int32(time.tv_nsec / 1_000_000), 3)
        return "\(year)-\(month)-\(day)T\(hour):\(minute):\(second).\(fraction)Z"
    }

    private static func padded(_ number: Int32, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
