public import SMTPProtocol

/// Names, and what is kept of their passwords. Its text form has a line for each key:
///
///     alice:SCRAM-SHA-256$600000:c2FsdA==$…:…
///     bob:{CLEAR}secret
///
/// A name may have a key for each digest. `#` begins a comment; empty lines are passed over.
public struct Accounts: Sendable, Redacted {
    private var keys: [String: [SASLKey]] = [:]

    /// Nobody.
    public init() {}

    /// Those that `text` lists.
    public init(_ text: [UInt8]) throws(AccountsError) {
        var number = 0
        for line in text.split(separator: 10, omittingEmptySubsequences: false) {
            number += 1
            let line = line.last == 13 ? line.dropLast() : line
            guard let first = line.first, first != UInt8(ascii: "#") else { continue }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
                throw AccountsError(line: number, reason: .noColon)
            }
            guard let name = Self.prepared(Array(line[..<colon])) else {
                throw AccountsError(line: number, reason: .badName)
            }
            guard let key = Self.key(Array(line[(colon + 1)...])) else {
                throw AccountsError(line: number, reason: .badKey)
            }
            keys[name, default: []].append(key)
        }
    }

    /// Adds a key; throws if `name` cannot be prepared or has a colon or a line break.
    public mutating func add(_ name: String, _ key: SASLKey) throws(AccountsError) {
        guard let name = Self.prepared(Array(name.utf8)) else {
            throw AccountsError(line: nil, reason: .badName)
        }
        keys[name, default: []].append(key)
    }

    /// How many names there are.
    public var count: Int { keys.count }

    /// The line for `name`, without its end. For a file, not for a log.
    public static func line(_ name: String, _ key: SCRAMKey) throws(AccountsError) -> String {
        guard let name = prepared(Array(name.utf8)) else {
            throw AccountsError(line: nil, reason: .badName)
        }
        return "\(name):\(key.text)"
    }

    /// All that is kept for a name that has been prepared.
    func keys(of name: String) -> [SASLKey] { keys[name] ?? [] }

    /// The iteration count that most keys have.
    var commonIterations: Int? {
        var counts: [Int: Int] = [:]
        for case .scram(let key) in keys.values.joined() { counts[key.iterations, default: 0] += 1 }
        return counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
    }

    private static func prepared(_ name: [UInt8]) -> String? {
        guard !name.contains(UInt8(ascii: ":")), name.first != UInt8(ascii: "#"),
            let prepared = try? StringPreparation.prepare(name), !prepared.isEmpty
        else { return nil }
        return String(decoding: prepared, as: UTF8.self)
    }

    private static func key(_ text: [UInt8]) -> SASLKey? {
        let clear = Array("{CLEAR}".utf8)
        guard text.starts(with: clear) else {
            return String(validating: text, as: UTF8.self).flatMap(SCRAMKey.init).map { .scram($0) }
        }
        guard let password = try? StringPreparation.prepare(Array(text[clear.count...])), !password.isEmpty
        else { return nil }
        return .password(Secret(password))
    }
}

/// What is wrong with a list of accounts; nothing of the list is in it.
public struct AccountsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line, counted from 1; `nil` if it is not about a text.
    public let line: Int?
    /// What is wrong.
    public let reason: Reason

    package init(line: Int?, reason: Reason) {
        self.line = line
        self.reason = reason
    }

    /// The things that can be wrong.
    public enum Reason: Hashable, Sendable {
        /// No colon behind the name.
        case noColon
        /// The name is empty, or holds what a name may not hold.
        case badName
        /// What follows the colon is neither a stored key nor `{CLEAR}` and a password.
        case badKey
    }

    /// What is wrong, where, and what to do.
    public var description: String {
        let place = line.map { "line \($0): " } ?? ""
        switch reason {
        case .noColon: return place + "no ':' behind the name; write NAME:KEY, as `smtp password NAME` does"
        case .badName:
            return place + "this is no name: it is empty, or has a ':' or characters that no name may have"
        case .badKey: return place + "this is no key; make one with `smtp password NAME`"
        }
    }
}
