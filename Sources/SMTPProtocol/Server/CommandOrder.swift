/// Which command is legal when (RFC 5321 §4.1.4): the one table, from which tests and documentation are made.
package enum CommandOrder {
    /// Where a session stands between two commands.
    package enum Stage: Hashable, Sendable, CaseIterable {
        /// The client was refused in the greeting; only QUIT is left (RFC 5321 §3.1).
        case refused
        /// Nothing said yet, or TLS has just made everything said void.
        case start
        /// Introduced; no transaction.
        case idle
        /// MAIL accepted; no recipient yet.
        case mail
        /// At least one recipient accepted.
        case recipients
    }

    /// What the table says.
    package enum Verdict: Hashable, Sendable {
        case allowed
        case onlyQuit
        case helloFirst
        case mailFirst
        case recipientFirst
        case transactionOpen
    }

    /// Whether `verb` may come at `stage`. Whether it exists at all here is another question.
    package static func verdict(_ stage: Stage, _ verb: Verb) -> Verdict {
        switch (stage, verb) {
        case (_, .quit): .allowed
        case (.refused, _): .onlyQuit
        case (_, .helo), (_, .ehlo), (_, .lhlo), (_, .rset), (_, .noop), (_, .help), (_, .vrfy), (_, .expn):
            .allowed
        case (_, .send), (_, .soml), (_, .saml), (_, .turn), (_, .other): .allowed

        case (.start, .mail), (.start, .rcpt), (.start, .data), (.start, .bdat), (.start, .auth): .helloFirst
        case (.idle, .mail), (.idle, .auth): .allowed
        case (.idle, .rcpt), (.idle, .data), (.idle, .bdat): .mailFirst
        case (.mail, .rcpt), (.recipients, .rcpt), (.recipients, .data), (.recipients, .bdat): .allowed
        case (.mail, .data), (.mail, .bdat): .recipientFirst
        case (.mail, .mail), (.recipients, .mail), (.mail, .auth), (.recipients, .auth): .transactionOpen

        case (.start, .startTLS), (.idle, .startTLS): .allowed
        case (.mail, .startTLS), (.recipients, .startTLS): .transactionOpen
        }
    }
}
