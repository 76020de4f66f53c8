import SMTPConnection
import Testing

@Suite struct InstantTests {
    private static let first = Instant(nanoseconds: .min)
    private static let last = Instant(nanoseconds: .max)

    @Test func `time that is added past either end stays there`() {
        #expect(Self.last.advanced(by: .nanoseconds(1)) == Self.last)
        #expect(Self.first.advanced(by: .nanoseconds(-1)) == Self.first)
        #expect(Instant(nanoseconds: 5).advanced(by: .nanoseconds(-7)) == Instant(nanoseconds: -2))
        #expect(Self.first < Self.last)
    }

    @Test(arguments: [
        (Duration.seconds(Int64.max / 1_000_000_000), Int64.max / 1_000_000_000 * 1_000_000_000),
        (.seconds(Int64.max / 1_000_000_000) + .milliseconds(999), .max),
        (.seconds(Int64.min / 1_000_000_000) - .milliseconds(999), .min),
        (.seconds(Int64.max), .max),
        (.seconds(Int64.min), .min),
        (.milliseconds(-1500), -1_500_000_000),
    ])
    func `a duration in nanoseconds is clamped to what fits`(duration: Duration, nanoseconds: Int64) {
        #expect(duration.nanoseconds == nanoseconds)
    }

    @Test func `a deadline without end never falls`() {
        let rig = Rig {
            $0.timeouts.command = .seconds(Int64.max)
            $0.timeouts.session = .seconds(Int64.max)
        }
        rig.seconds = 1e9
        rig.receive("NOOP\r\n")
        #expect(rig.lastLine == "250 2.0.0 OK" && rig.last.until == nil)
    }
}
