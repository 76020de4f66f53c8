import Testing

@testable import smtp

/// The values of options, read strictly.
@Suite struct OptionValueTests {
    static let sizes: [(text: String, octets: Int?)] = [
        ("0", nil), ("none", nil), ("1", 1), ("64k", 65_536), ("64K", 65_536), ("25M", 26_214_400),
        ("1m", 1 << 20),
        ("2G", 2 << 30), ("2g", 2 << 30), ("0k", nil), ("9223372036854775807", .max),
    ]

    @Test(arguments: sizes) func `a size is octets with a suffix`(_ size: (text: String, octets: Int?)) throws
    {
        #expect(try OptionValue.size(size.text, "--max-size") == size.octets)
    }

    @Test(arguments: [
        "", "k", "-1", "+1", "1.5M", "1 M", "1kB", "1Mi", "9223372036854775808", "9007199254740992k", "١",
    ])
    func `what is no size is refused by name`(_ text: String) {
        #expect { try OptionValue.size(text, "--max-size") } throws: { error in
            (error as? UsageError)?.description.hasPrefix("--max-size \(text): ") == true
        }
    }

    static let durations: [(text: String, milliseconds: Int)] = [
        ("0", 0), ("5", 5000), ("0.5", 500), ("1.25", 1250), ("1.2345", 1234), ("0.001", 1),
        ("1000000000", 1_000_000_000_000),
    ]

    @Test(arguments: durations) func `seconds may have a fraction`(
        _ duration: (text: String, milliseconds: Int)
    ) throws {
        let read = try OptionValue.seconds(duration.text, "--grace", allowsZero: true)
        #expect(read == .milliseconds(duration.milliseconds))
    }

    @Test(arguments: ["", ".", "1.", ".5", "-1", "1e3", "1,5", "1.2.3", "1000000001", "1s"])
    func `what is no number of seconds is refused`(_ text: String) {
        #expect(throws: UsageError.self) { try OptionValue.seconds(text, "--grace", allowsZero: true) }
    }

    @Test func `a choice names the others`() throws {
        let choices = [("a", 1), ("b", 2)]
        #expect(try OptionValue.choice("b", "--x", choices) == 2)
        #expect { try OptionValue.choice("B", "--x", choices) } throws: { error in
            (error as? UsageError)?.description == "--x B: not known; use one of a, b"
        }
        #expect { try OptionValue.choice("c", "--x", choices, unavailable: [("c", "later")]) } throws: {
            error in
            (error as? UsageError)?.description == "--x c: later"
        }
    }
}
