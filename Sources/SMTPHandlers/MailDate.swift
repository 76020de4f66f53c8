/// A point in time as mail writes it (RFC 5322 §3.3, with the four-digit year that RFC 5321 §4.4 asks for).
public struct MailDate: Hashable, Sendable, CustomStringConvertible {
    /// Seconds since the beginning of 1970 in UTC, leap seconds not counted.
    public let secondsSince1970: Int64

    /// The years 1900 to 9999 can be written; what lies outside is moved to the nearest of them.
    public init(secondsSince1970: Int64) {
        self.secondsSince1970 = min(max(secondsSince1970, -2_208_988_800), 253_402_300_799)
    }

    /// Such as `Fri, 13 Feb 2009 23:31:30 +0000`.
    public var description: String {
        let secondsInDay: Int64 = 86_400
        let time = (secondsSince1970 % secondsInDay + secondsInDay) % secondsInDay
        let day = (secondsSince1970 - time) / secondsInDay
        let date = Self.civil(day)
        // 1 January 1970 was a Thursday.
        let weekday = Self.weekdays[Int(((day + 4) % 7 + 7) % 7)]
        let clock = [time / 3600, time / 60 % 60, time % 60].map(Self.twoDigits).joined(separator: ":")
        return "\(weekday), \(date.day) \(Self.months[date.month - 1]) \(date.year) \(clock) +0000"
    }

    /// The date `day` days after 1 January 1970, by the Gregorian rules.
    ///
    /// Years are counted from 1 March, so that the leap day is a year's last.
    private static func civil(_ day: Int64) -> (year: Int, month: Int, day: Int) {
        let (daysIn400Years, daysIn100, daysIn4) = (146_097, 36_524, 1_461)
        // From 1 March of the year 0 to 1 January 1970.
        var rest = Int(day) + 719_468
        var year = rest / daysIn400Years * 400
        rest %= daysIn400Years
        // The last century of four, and the last year of four, is a day longer: hence `min`.
        let centuries = min(rest / daysIn100, 3)
        rest -= centuries * daysIn100
        let leapCycles = rest / daysIn4
        rest -= leapCycles * daysIn4
        let years = min(rest / 365, 3)
        rest -= years * 365
        year += centuries * 100 + leapCycles * 4 + years
        // 153 days in every five months from March on.
        let month = (rest * 5 + 2) / 153
        let dayOfMonth = rest - (month * 153 + 2) / 5 + 1
        return month < 10 ? (year, month + 3, dayOfMonth) : (year + 1, month - 9, dayOfMonth)
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
