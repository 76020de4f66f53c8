/// Protocol names as ALPN has them: each with its length before it (RFC 7301).
@safe final class ProtocolList: @unchecked Sendable {
    let octets: [UInt8]
    /// The same at an address that stays: OpenSSL keeps a pointer to what was chosen.
    private let kept: UnsafeMutableBufferPointer<UInt8>

    init(_ names: [String]) throws(TLSSetupError) {
        var octets: [UInt8] = []
        for name in names {
            guard let length = UInt8(exactly: name.utf8.count), length > 0 else {
                throw .applicationProtocol(name)
            }
            octets.append(length)
            octets += name.utf8
        }
        self.octets = octets
        unsafe kept = .allocate(capacity: octets.count)
        _ = unsafe kept.initialize(from: octets)
    }

    deinit { unsafe kept.deallocate() }

    /// Where the first of our names stands that is among those offered.
    func choose(_ offered: UnsafeBufferPointer<UInt8>) -> UnsafePointer<UInt8>? {
        let theirs = unsafe Self.names(offered)
        var position = 0
        while position < octets.count {
            let end = position + 1 + Int(octets[position])
            let name = Array(octets[(position + 1)..<end])
            if theirs.contains(name), let start = unsafe kept.baseAddress {
                return unsafe UnsafePointer(start + position)
            }
            position = end
        }
        return nil
    }

    private static func names(_ list: UnsafeBufferPointer<UInt8>) -> [[UInt8]] {
        var rest = unsafe Array(list)[...]
        var names: [[UInt8]] = []
        while let length = rest.popFirst(), rest.count >= Int(length) {
            names.append(Array(rest.prefix(Int(length))))
            rest = rest.dropFirst(Int(length))
        }
        return names
    }
}
