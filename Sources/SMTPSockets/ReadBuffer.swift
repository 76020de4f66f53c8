/// Memory to receive into. Its pages cost nothing until something was received in them.
@safe
package final class ReadBuffer {
    private let memory: UnsafeMutableBufferPointer<UInt8>

    /// For so many octets at a time.
    package init(capacity: Int) { unsafe memory = .allocate(capacity: capacity) }

    deinit { unsafe memory.deallocate() }

    /// Receives what there is. A socket that blocks may wait for it, up to its receive timeout.
    package func receive(from descriptor: Int32, mayWait: Bool = false) -> Descriptor.Outcome {
        unsafe Descriptor.receive(descriptor, into: UnsafeMutableRawBufferPointer(memory), mayWait: mayWait)
    }

    /// Lends the first octets of what was received last.
    package func withFirst<Result>(_ count: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        unsafe body(UnsafeBufferPointer(memory).span.extracting(..<count))
    }
}
