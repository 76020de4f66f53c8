import Glibc

/// The target that `FUZZ_TARGET` names.
private let target: FuzzTarget = {
    guard let name = unsafe getenv("FUZZ_TARGET"),
        let target = unsafe FuzzTarget(rawValue: String(cString: name))
    else { preconditionFailure("FUZZ_TARGET is one of \(FuzzTarget.allCases)") }
    return target
}()

/// What libFuzzer calls for each input. A broken invariant is a crash.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    do throws(BrokenInvariant) {
        try target.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
        print("\(target.rawValue): \(error)")
        fflush(nil)
        preconditionFailure("a broken invariant")
    }
    return 0
}
