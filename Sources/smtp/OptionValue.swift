/// Reads the values of options.
enum OptionValue {
    /// A whole number of at least `minimum`; `why` says what that minimum is.
    static func count(_ text: String, _ option: String, atLeast minimum: Int, _ why: String = "")
        throws(UsageError)
        -> Int
    {
        guard let number = decimal(Array(text.utf8)) else {
            throw UsageError(option, text, "not a whole number; write digits, such as \(max(minimum, 1))")
        }
        guard number >= minimum else {
            throw UsageError(option, text, "too small\(why); give \(minimum) or more")
        }
        return number
    }

    /// The same, where `none` or 0 takes the bound off.
    static func optionalCount(_ text: String, _ option: String) throws(UsageError) -> Int? {
        if text == "none" { return nil }
        let number = try count(text, option, atLeast: 0)
        return number == 0 ? nil : number
    }

    /// Octets, with `k`, `M` or `G` for powers of 1024; nil for `none` and 0.
    static func size(_ text: String, _ option: String) throws(UsageError) -> Int? {
        if text == "none" { return nil }
        var digits = Array(text.utf8)
        var shift = 0
        switch digits.last {
        case UInt8(ascii: "k"), UInt8(ascii: "K"): shift = 10
        case UInt8(ascii: "m"), UInt8(ascii: "M"): shift = 20
        case UInt8(ascii: "g"), UInt8(ascii: "G"): shift = 30
        case _: break
        }
        if shift > 0 { digits.removeLast() }
        guard let number = decimal(digits) else {
            throw UsageError(option, text, "not a size; write digits and k, M or G, such as 25M, or none")
        }
        let (octets, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        guard !overflow else { throw UsageError(option, text, "too large; write none for no limit") }
        return octets == 0 ? nil : octets
    }

    /// Seconds, with a decimal fraction if wanted.
    static func seconds(_ text: String, _ option: String, allowsZero: Bool) throws(UsageError) -> Duration {
        let parts = Array(text.utf8).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = decimal(Array(parts[0])), whole <= 1_000_000_000,
            let fraction = parts.count == 2 ? milliseconds(Array(parts[1])) : 0
        else {
            throw UsageError(option, text, "not a number of seconds; write digits, such as 30 or 0.5")
        }
        let duration = Duration.milliseconds(whole * 1000 + fraction)
        guard allowsZero || duration > .zero else {
            throw UsageError(option, text, "too short; give 1 or more")
        }
        return duration
    }

    /// One of `choices`; `remedies` says what to do about names that are known but not to be had.
    static func choice<Value>(
        _ text: String, _ option: String, _ choices: [(name: String, value: Value)],
        unavailable: [(name: String, remedy: String)] = []
    ) throws(UsageError) -> Value {
        if let choice = choices.first(where: { $0.name == text }) { return choice.value }
        if let known = unavailable.first(where: { $0.name == text }) {
            throw UsageError(option, text, known.remedy)
        }
        let names = choices.map(\.name).joined(separator: ", ")
        throw UsageError(option, text, "not known; use \(choices.count == 1 ? names : "one of \(names)")")
    }

    /// A number of ASCII digits, if they are nothing else and it fits.
    static func decimal(_ digits: [UInt8]) -> Int? {
        guard !digits.isEmpty else { return nil }
        var number = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            let (scaled, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carried) = scaled.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            guard !overflow, !carried else { return nil }
            number = sum
        }
        return number
    }

    private static func milliseconds(_ digits: [UInt8]) -> Int? {
        guard decimal(digits) != nil else { return nil }
        return decimal(Array((digits + [48, 48, 48]).prefix(3)))
    }
}
