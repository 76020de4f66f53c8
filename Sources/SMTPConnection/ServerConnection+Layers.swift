import SMTPProtocol

/// What lies between the transport and the session.
extension ServerConnection {
    /// The session's next step, over TLS if it is on.
    mutating func step(_ input: Span<UInt8>, _ position: inout Int) -> ServerSession.Step {
        guard tls != nil else { return session.next(input, &position) }
        do {
            try tls?.receive(input, &position)
        } catch {
            session.end(.layerFailed)
        }
        guard let security = tls?.engine.security else {
            if hasPeerEnded { session.end(.layerFailed) }
            guard session.phase == .closed else { return .wait(.input) }
            var none = 0
            return session.next(Span(), &none)
        }
        if session.security == nil, session.phase != .closed {
            deadlines[.handshake] = nil
            session.secured(by: security)
        }
        if tls?.engine.peerHasClosed == true { session.receiveEnd() }
        // The plaintext is lent to the session while it reads, and comes back for `withContent`.
        let plaintext = tls?.lendPlaintext() ?? []
        var taken = tls?.position ?? 0
        let step = session.next(plaintext.span, &taken)
        tls?.takeBack(plaintext, taken: taken)
        return step
    }

    mutating func sealReplies() {
        guard tls != nil else { return }
        do {
            try tls?.seal(&session.replies)
        } catch {
            session.end(.layerFailed)
            session.replies.octets.removeAll()
        }
    }

    mutating func startTLS(_ context: any TLSContext) {
        tls = TLSLayer(context.makeServer())
        deadlines[.handshake] = now.advanced(nanoseconds: terms.configuration.timeouts.$handshake)
        deadlines[.command] = nil
    }

    mutating func beginHandshake() {
        switch terms.configuration.tls {
        case .offered(let context), .required(let context): startTLS(context)
        case .none, .implicit: session.end(.layerFailed)
        }
    }
}
