/// The targets: each runs the core on octets that anybody may have chosen, and says what must hold whatever they are.
enum FuzzTarget: String, CaseIterable, Sendable {
    case session, chunking, content, line, command, address, parameter, xtext, base64, sasl

    /// Throws if something did not hold.
    func run(_ octets: [UInt8]) throws(BrokenInvariant) {
        switch self {
        case .session: try fuzzSession(octets)
        case .chunking: try fuzzChunking(octets)
        case .content: try fuzzContent(octets)
        case .line: try fuzzLine(octets)
        case .command: try fuzzCommand(octets)
        case .address: try fuzzAddress(octets)
        case .parameter: try fuzzParameter(octets)
        case .xtext: try fuzzXText(octets)
        case .base64: try fuzzBase64(octets)
        case .sasl: try fuzzSASL(octets)
        }
    }
}

/// Something that must hold did not.
struct BrokenInvariant: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Throws unless `condition` holds.
@inline(__always)
func require(_ condition: Bool, _ invariant: @autoclosure () -> String) throws(BrokenInvariant) {
    guard condition else { throw BrokenInvariant(invariant()) }
}

/// The octets of an input, taken from the front; beyond the end there are zeros.
struct Octets {
    private let octets: [UInt8]
    private var index = 0

    init(_ octets: [UInt8]) { self.octets = octets }

    var isEmpty: Bool { index >= octets.count }

    mutating func next() -> UInt8 {
        guard index < octets.count else { return 0 }
        index += 1
        return octets[index - 1]
    }

    mutating func next(_ count: Int) -> [UInt8] {
        let end = min(octets.count, index + count)
        defer { index = end }
        return Array(octets[index..<end])
    }

    mutating func rest() -> [UInt8] { next(octets.count) }
}

/// How a stream is cut: at given distances, or after each octet.
struct Cuts: CustomStringConvertible {
    private var distances: ArraySlice<UInt8>
    private let isByOctet: Bool
    private var isOver = false

    /// An octet says how many distances follow (0 to 15); with its highest bit, the stream comes octet by octet.
    init(_ input: inout Octets) {
        let octet = input.next()
        isByOctet = octet > 127
        distances = input.next(Int(octet & 15))[...]
    }

    /// Where the piece that begins at `from` ends; `nil` after the last, which ends at `count`.
    mutating func next(_ from: Int, of count: Int) -> Int? {
        if isOver { return nil }
        if isByOctet, from < count { return from + 1 }
        if let distance = distances.popFirst() { return min(count, from + Int(distance)) }
        isOver = true
        return count
    }

    var description: String { isByOctet ? "octet by octet" : "cut after \(Array(distances))" }
}

/// Octets as a person reads them, for messages.
func shown(_ octets: some Collection<UInt8>) -> String {
    octets.prefix(600).reduce(into: "") { text, octet in
        switch octet {
        case 13: text += "\\r"
        case 10: text += "\\n"
        case 32..<127: text.unicodeScalars.append(Unicode.Scalar(octet))
        default: text += "\\x" + (octet < 16 ? "0" : "") + String(octet, radix: 16)
        }
    }
}
