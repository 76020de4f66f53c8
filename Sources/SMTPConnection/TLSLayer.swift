import SMTPProtocol

/// TLS between the transport and the session: an engine, what it has decrypted, what it has to send.
struct TLSLayer {
    let engine: any TLSEngine
    /// Records that have not been sent.
    var records: [UInt8] = []
    /// What has been decrypted, and how much of it the session has taken.
    var plaintext: [UInt8] = []
    var position = 0
    /// Whether the end of what we send has been announced.
    var hasSaidGoodbye = false

    init(_ engine: any TLSEngine) { self.engine = engine }

    /// Decrypts what has arrived, once the session has taken everything decrypted before.
    mutating func receive(_ input: Span<UInt8>, _ position: inout Int) throws(TLSError) {
        guard self.position == plaintext.count, position < input.count else { return }
        plaintext.removeAll(keepingCapacity: plaintext.capacity <= 1 << 15)
        self.position = 0
        let records = input.extracting(position..<input.count)
        position = input.count
        try engine.receive(records, plaintext: &plaintext, output: &self.records)
    }

    /// Hands the plaintext out without a copy.
    mutating func lendPlaintext() -> [UInt8] {
        let lent = plaintext
        plaintext = []
        return lent
    }

    /// Takes it back, with the position up to which it was read.
    mutating func takeBack(_ lent: [UInt8], taken: Int) {
        plaintext = lent
        position = taken
    }

    /// Encrypts what the session has to say.
    mutating func seal(_ replies: inout ReplyWriter) throws(TLSError) {
        guard engine.security != nil, !replies.octets.isEmpty else { return }
        try engine.send(replies.octets.span, output: &records)
        replies.octets.removeAll(keepingCapacity: replies.octets.capacity <= 1024)
    }

    /// Forgets the records once they have been sent.
    mutating func clearRecords() { records.removeAll(keepingCapacity: records.capacity <= 1024) }

    /// Announces the end, once.
    mutating func sayGoodbye() {
        guard !hasSaidGoodbye else { return }
        hasSaidGoodbye = true
        if engine.security != nil { engine.close(output: &records) }
    }
}
