import Glibc

/// Runs `body` on a new thread that nobody joins. Zero, or the errno that kept it from starting.
package func startThread(stackSize: Int? = nil, _ body: @escaping @Sendable () -> Void) -> Int32 {
    unsafe withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { memory in
        guard let attributes = memory.baseAddress else { return ENOMEM }
        unsafe pthread_attr_init(attributes)
        defer { unsafe pthread_attr_destroy(attributes) }
        unsafe pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
        if let stackSize { unsafe pthread_attr_setstacksize(attributes, stackSize) }
        let box = unsafe Unmanaged.passRetained(ThreadBody(body))
        var thread = pthread_t()
        let failure = unsafe pthread_create(
            &thread, attributes,
            {
                if let box = unsafe $0 {
                    unsafe Unmanaged<ThreadBody>.fromOpaque(box).takeRetainedValue().run()
                }
                return nil
            }, box.toOpaque())
        if failure != 0 { unsafe box.release() }
        return failure
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
