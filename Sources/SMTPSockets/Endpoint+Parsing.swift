public import SMTPConnection

/// A text that is no address, and why.
public struct EndpointSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Problem: Hashable, Sendable {
        /// There is no `:PORT` at the end.
        case missingPort
        /// The port is not a number from 0 to 65535.
        case badPort
        /// The host holds what no host name or IPv4 address has.
        case badHost
        /// An IPv6 address stands without brackets.
        case missingBrackets
        /// What stands in brackets is no IPv6 address.
        case badIPv6
        /// `unix:` without a path, or with a NUL in it.
        case badPath
    }

    /// The text as given.
    public let text: String
    /// What is wrong with it.
    public let problem: Problem

    /// A text that is no address.
    public init(text: String, problem: Problem) {
        self.text = text
        self.problem = problem
    }

    /// Names the text, what is wrong and what to write instead.
    public var description: String {
        let reason =
            switch problem {
            case .missingPort: "the port is missing"
            case .badPort: "the port must be a number from 0 to 65535"
            case .badHost: "that is no host name or IPv4 address"
            case .missingBrackets: "an IPv6 address needs brackets"
            case .badIPv6: "only an IPv6 address goes in brackets"
            case .badPath: "the path is missing or holds a NUL"
            }
        let forms = "write HOST:PORT, :PORT for all interfaces, [IPV6]:PORT or unix:PATH"
        return "'\(text)' is not an address: \(reason); \(forms)"
    }
}

extension Endpoint {
    /// Reads `HOST:PORT`, `:PORT` (all interfaces), `[IPV6]:PORT` or `unix:PATH`; looks nothing up.
    public init(parsing text: String) throws(EndpointSyntaxError) {
        func fault(_ problem: EndpointSyntaxError.Problem) -> EndpointSyntaxError {
            EndpointSyntaxError(text: text, problem: problem)
        }
        let octets = Array(text.utf8)
        if octets.starts(with: "unix:".utf8) {
            let path = octets.dropFirst(5)
            guard !path.isEmpty, !path.contains(0) else { throw fault(.badPath) }
            self = .unix(path: String(decoding: path, as: UTF8.self))
            return
        }
        let isBracketed = octets.first == UInt8(ascii: "[")
        let hostEnd = isBracketed ? octets.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } : nil
        if isBracketed, hostEnd == nil { throw fault(.badIPv6) }
        guard let colon = octets[(hostEnd ?? 0)...].lastIndex(of: UInt8(ascii: ":")) else {
            throw fault(.missingPort)
        }
        if let hostEnd, colon != hostEnd { throw fault(.badIPv6) }
        let host = isBracketed ? octets[1..<(colon - 1)] : octets[..<colon]
        let name = String(decoding: host, as: UTF8.self)
        if isBracketed {
            guard host.contains(UInt8(ascii: ":")), NumericHost(name) != nil else { throw fault(.badIPv6) }
        } else {
            guard !host.contains(UInt8(ascii: ":")) else { throw fault(.missingBrackets) }
            guard host.allSatisfy(Self.isHostOctet) else { throw fault(.badHost) }
        }
        guard let port = decimal(octets[(colon + 1)...], limit: Int(UInt16.max)) else {
            throw fault(colon + 1 == octets.count ? .missingPort : .badPort)
        }
        self = .tcp(host: name, port: UInt16(port))
    }

    private static func isHostOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
