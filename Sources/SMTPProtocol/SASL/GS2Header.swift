/// What stands before a message of the GS2 family: whether the channel is bound, and whom to act as (RFC 5801 §4).
struct GS2Header: Equatable {
    /// The client's word on channel binding.
    enum Binding: Equatable {
        /// `n`: it cannot.
        case unsupported
        /// `y`: it could, and believes that the server cannot.
        case unused
        /// `p=`: it does, with this; `nil` if the kind is none that we know.
        case used(ChannelBinding.Kind?)
    }

    let binding: Binding
    /// Whom to act as, prepared; `nil` if nobody is named.
    let authorizationID: String?
    /// Octets in the header, its last comma included.
    let length: Int

    init(binding: Binding, authorizationID: String?) {
        self.binding = binding
        self.authorizationID = authorizationID
        length = 0
    }

    /// Reads the header at the beginning of `message`.
    init(_ message: [UInt8]) throws(SASLFailure) {
        let comma = UInt8(ascii: ",")
        guard let first = message.firstIndex(of: comma),
            let second = message[(first + 1)...].firstIndex(of: comma)
        else { throw .malformed }
        let flag = message[..<first]
        switch flag.first {
        case UInt8(ascii: "n") where flag.count == 1: binding = .unsupported
        case UInt8(ascii: "y") where flag.count == 1: binding = .unused
        case UInt8(ascii: "p") where flag.count > 2 && flag[1] == UInt8(ascii: "="):
            binding = .used(ChannelBinding.Kind(flag[2...]))
        default: throw .malformed
        }
        let name = message[(first + 1)..<second]
        if name.isEmpty {
            authorizationID = nil
        } else {
            guard name.starts(with: Array("a=".utf8)), name.count > 2 else { throw .malformed }
            authorizationID = try Self.decodeName(name.dropFirst(2))
        }
        length = second + 1
    }

    /// As it is sent.
    var octets: [UInt8] {
        get throws(SASLFailure) {
            let flag: [UInt8] =
                switch binding {
                case .unsupported: [UInt8(ascii: "n")]
                case .unused: [UInt8(ascii: "y")]
                case .used(let kind): Array("p=\(kind?.name ?? "")".utf8)
                }
            var name: [UInt8] = []
            if let authorizationID { name = Array("a=".utf8) + (try Self.encodeName(authorizationID)) }
            return flag + [UInt8(ascii: ",")] + name + [UInt8(ascii: ",")]
        }
    }

    /// `=2C` is a comma and `=3D` an equals sign; no other `=` may be (RFC 5802 §5.1).
    static func decodeName(_ text: ArraySlice<UInt8>) throws(SASLFailure) -> String {
        var name: [UInt8] = []
        var rest = text
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "=") else {
                name.append(octet)
                continue
            }
            switch rest.prefix(2) {
            case [UInt8(ascii: "2"), UInt8(ascii: "C")]: name.append(UInt8(ascii: ","))
            case [UInt8(ascii: "3"), UInt8(ascii: "D")]: name.append(UInt8(ascii: "="))
            default: throw .malformed
            }
            rest = rest.dropFirst(2)
        }
        let prepared = try StringPreparation.name(name)
        guard !prepared.isEmpty else { throw .malformed }
        return prepared
    }

    /// The other way.
    static func encodeName(_ name: String) throws(SASLFailure) -> [UInt8] {
        let prepared = try StringPreparation.name(name.utf8)
        guard !prepared.isEmpty else { throw .unpreparable }
        return prepared.utf8.flatMap { octet -> [UInt8] in
            switch octet {
            case UInt8(ascii: ","): Array("=2C".utf8)
            case UInt8(ascii: "="): Array("=3D".utf8)
            default: [octet]
            }
        }
    }
}
