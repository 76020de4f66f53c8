public import SMTPProtocol
import SMTPSockets

extension Client {
    /// Sends a message without blocking a thread that tasks share. Cancelling the task breaks it off at once: the
    /// outcomes are still returned, and say how far it went.
    public func send(
        _ content: [UInt8], from sender: String, to recipients: [String]
    ) async throws(ClientError) -> [RecipientOutcome] {
        var paths: [Envelope.Recipient] = []
        for text in recipients { paths.append(.init(try Self.forwardPath(text))) }
        return try await send(content, Envelope(from: Self.reversePath(sender), to: paths))
    }

    /// Sends a message with an envelope that has parameters; as above.
    public func send(
        _ content: [UInt8], _ envelope: Envelope
    ) async throws(ClientError) -> [RecipientOutcome] {
        let result = await withTaskCancellationHandler {
            await onThread { Result { () throws(ClientError) in try self.send(content, envelope) } }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    /// Says QUIT, if there is a connection.
    public func close() async { await onThread { self.close() } }
}

/// Runs `body` on a thread of its own.
private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        let failure = startThread { continuation.resume(returning: body()) }
        // No thread is to be had: better to block than to lose the message.
        if failure != 0 { continuation.resume(returning: body()) }
    }
}
