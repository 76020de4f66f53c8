import Glibc

/// How long `body` takes.
func nanoseconds(_ body: () -> Void) -> Double {
    let elapsed = ContinuousClock().measure(body)
    return Double(elapsed.components.seconds) * 1e9 + Double(elapsed.components.attoseconds) / 1e9
}

func pad(_ text: String, _ width: Int, left: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(0, width - text.utf8.count))
    return left ? text + blanks : blanks + text
}

func decimal(_ value: Double) -> String {
    let hundredths = Int(value * 100 + 0.5)
    return "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
}

/// What this machine does at best, and what the obvious program does.
enum Yardstick {
    private static let octets = [UInt8](repeating: 120, count: 1 << 20)

    /// memchr for an octet that is not there.
    static func memchr() -> String {
        rate {
            unsafe octets.withUnsafeBytes {
                unsafe Glibc.memchr($0.baseAddress!, 10, $0.count) == nil ? 0 : 1
            }
        }
    }

    /// A loop that looks at each octet.
    static func byteLoop() -> String {
        rate {
            var count = 0
            var previous: UInt8 = 0
            for octet in octets {
                if previous == 13, octet == 10 { count += 1 }
                previous = octet
            }
            return count
        }
    }

    private static func rate(_ body: () -> Int) -> String {
        var best = Double.infinity
        var sum = 0
        for _ in 0..<40 { best = min(best, nanoseconds { sum += body() }) }
        precondition(sum == 0)
        return decimal(Double(octets.count) / best)
    }
}
