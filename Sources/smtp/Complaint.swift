import Glibc
import SMTPHandlers

/// The command line is wrong: exit status 2.
struct UsageError: Error, CustomStringConvertible {
    /// The option, the value and the remedy.
    let description: String

    /// What is wrong with the value of an option, and what to do.
    init(_ option: String, _ value: String, _ problem: String) {
        description = "\(option) \(value): \(problem)"
    }

    /// The same without a value.
    init(_ problem: String) { description = problem }
}

/// Something that the command line asks for cannot be done: exit status 1.
struct Failure: Error, CustomStringConvertible {
    /// What failed, and the remedy.
    let description: String

    /// What failed, and the remedy.
    init(_ problem: String) { description = problem }
}

/// Writes one line to standard error, whatever is in `problem`.
func complain(_ problem: String) { StandardError.write(line: "smtp: \(problem)") }

/// Standard error, a whole line at a time.
enum StandardError {
    /// Writes `line`, control characters shown, and ends it.
    static func write(line: String) {
        var text: [UInt8] = []
        VisibleText.appendLine(Array(line.utf8).span, limit: 8192, to: &text)
        text.append(10)
        write(text)
    }

    /// Writes all of `text`; what cannot be written is dropped.
    static func write(_ text: [UInt8]) { _ = writeAll(text, to: STDERR_FILENO) }
}

/// Writes all of `text`; false if the descriptor takes no more.
func writeAll(_ text: [UInt8], to descriptor: Int32) -> Bool {
    unsafe text.withUnsafeBytes { bytes in
        var position = 0
        while position < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[position...])
            let count = unsafe write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                position += count
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&waiting, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}

/// The system's text for an error number.
func systemText(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    let failure = unsafe strerror_r(code, &buffer, buffer.count)
    let text = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return failure == 0 && !text.isEmpty ? String(decoding: text, as: UTF8.self) : "error \(code)"
}
