import Glibc

/// Memory to receive into. Its pages cost nothing until something was received in them.
@safe
package final class ReadBuffer {
    private static let pageSize = 4096
    private let memory: UnsafeMutableRawBufferPointer
    private var isUsed = false

    /// For so many octets at a time, a multiple of 4096.
    package init(capacity: Int) {
        precondition(capacity > 0 && capacity % Self.pageSize == 0, "a buffer has whole pages")
        unsafe memory = .allocate(byteCount: capacity, alignment: Self.pageSize)
    }

    deinit { unsafe memory.deallocate() }

    /// Receives what there is. A socket that blocks may wait for it, up to its receive timeout.
    package func receive(from descriptor: Int32, mayWait: Bool = false) -> Descriptor.Outcome {
        isUsed = true
        return unsafe Descriptor.receive(descriptor, into: memory, mayWait: mayWait)
    }

    /// Lends the first octets of what was received last.
    package func withFirst<Result>(_ count: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        unsafe body(UnsafeRawBufferPointer(memory).bindMemory(to: UInt8.self).span.extracting(..<count))
    }

    /// Gives the pages back until something is received again.
    package func clear() {
        guard isUsed else { return }
        isUsed = false
        unsafe madvise(memory.baseAddress, memory.count, MADV_DONTNEED)
    }
}
