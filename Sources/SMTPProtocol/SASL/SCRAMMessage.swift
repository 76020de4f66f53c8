/// The messages of SCRAM, read and written by both sides (RFC 5802 §7).
enum SCRAMMessage {
    /// One `attribute=value` after another, separated by commas.
    typealias Attributes = [ArraySlice<UInt8>]

    /// Cut at the commas; each must be a letter, `=` and at least one octet that is no NUL.
    static func attributes(_ text: ArraySlice<UInt8>) throws(SASLFailure) -> Attributes {
        let attributes = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        for attribute in attributes {
            guard attribute.count >= 3, let letter = attribute.first, letter.lowercasedASCII &- 97 < 26,
                attribute[attribute.startIndex + 1] == UInt8(ascii: "="), !attribute.contains(0),
                UTF8Check.isValid(attribute.span)
            else { throw .malformed }
        }
        return attributes
    }

    /// The value of `attribute` if its letter is `letter`.
    static func value(_ attribute: ArraySlice<UInt8>?, of letter: Unicode.Scalar) throws(SASLFailure)
        -> ArraySlice<UInt8>
    {
        guard let attribute, attribute.first == UInt8(ascii: letter) else { throw .malformed }
        return attribute.dropFirst(2)
    }

    /// Printable ASCII without the comma.
    static func nonce(_ attribute: ArraySlice<UInt8>?) throws(SASLFailure) -> [UInt8] {
        let nonce = try value(attribute, of: "r")
        guard nonce.allSatisfy({ $0 > 32 && $0 < 127 }) else { throw .malformed }
        return Array(nonce)
    }

    static func base64(_ attribute: ArraySlice<UInt8>?, of letter: Unicode.Scalar) throws(SASLFailure)
        -> [UInt8]
    {
        let text = try value(attribute, of: letter)
        guard let octets = try? Base64.decode(Array(text)) else { throw .malformed }
        return octets
    }

    static func decimal(_ text: [UInt8]) -> Int? {
        CommandParser.decimal(text.span, ByteRange(0, text.count))
    }

    /// `letter=` and the octets in base64.
    static func attribute(_ letter: Character, base64 octets: [UInt8]) -> [UInt8] {
        Array("\(letter)=".utf8) + Base64.encode(octets)
    }

    /// Printable octets that nobody can foretell: 18 of them, in 24 letters without a comma.
    static func freshNonce(_ crypto: any SASLCrypto) -> [UInt8] { Base64.encode(crypto.randomOctets(18)) }

    static func joined(_ parts: [UInt8]...) -> [UInt8] { Array(parts.joined(separator: [UInt8(ascii: ",")])) }

    static func exclusiveOr(_ one: [UInt8], _ other: [UInt8]) -> [UInt8] { zip(one, other).map { $0 ^ $1 } }
}

/// The client's first message without its header: `n=name,r=nonce` (RFC 5802 §7 client-first-message-bare).
struct SCRAMClientFirst {
    let header: GS2Header
    let headerOctets: [UInt8]
    let bare: [UInt8]
    let name: String
    let nonce: [UInt8]

    init(_ message: [UInt8]) throws(SASLFailure) {
        header = try GS2Header(message)
        headerOctets = Array(message[..<header.length])
        bare = Array(message[header.length...])
        // An extension that must be understood comes first, as `m=`: there is none (RFC 5802 §5.1), so it is not `n=`.
        let attributes = try SCRAMMessage.attributes(bare[...])
        name = try GS2Header.decodeName(try SCRAMMessage.value(attributes.first, of: "n"))
        nonce = try SCRAMMessage.nonce(attributes.dropFirst().first)
    }
}

/// The server's first message: `r=nonce,s=salt,i=iterations` (RFC 5802 §7 server-first-message).
struct SCRAMServerFirst {
    let nonce: [UInt8]
    let salt: [UInt8]
    let iterations: Int

    init(_ message: [UInt8]) throws(SASLFailure) {
        let attributes = try SCRAMMessage.attributes(message[...])
        nonce = try SCRAMMessage.nonce(attributes.first)
        salt = try SCRAMMessage.base64(attributes.dropFirst().first, of: "s")
        let count = try SCRAMMessage.value(attributes.dropFirst(2).first, of: "i")
        guard count.first != UInt8(ascii: "0"),
            let iterations = SCRAMMessage.decimal(Array(count))
        else { throw .malformed }
        self.iterations = iterations
    }
}

/// The client's last message: `c=binding,r=nonce,p=proof` (RFC 5802 §7 client-final-message).
struct SCRAMClientFinal {
    let binding: [UInt8]
    let nonce: [UInt8]
    let proof: [UInt8]
    let withoutProof: [UInt8]

    init(_ message: [UInt8]) throws(SASLFailure) {
        let attributes = try SCRAMMessage.attributes(message[...])
        guard attributes.count >= 3, let last = attributes.last else { throw .malformed }
        binding = try SCRAMMessage.base64(attributes.first, of: "c")
        nonce = try SCRAMMessage.nonce(attributes[1])
        proof = try SCRAMMessage.base64(last, of: "p")
        withoutProof = Array(message[..<(last.startIndex - 1)])
    }
}
