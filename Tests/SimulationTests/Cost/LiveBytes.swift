import Foundation
import Glibc

/// What the whole process has allocated and not freed, in octets, as the allocator tells it; `nil` where it does not.
func liveBytes() -> Int? {
    typealias Info = @convention(c) (CInt, UnsafeMutablePointer<FILE>) -> CInt
    guard let symbol = unsafe dlsym(nil, "malloc_info") else { return nil }
    let info = unsafe unsafeBitCast(symbol, to: Info.self)
    var text: UnsafeMutablePointer<CChar>?
    var count = 0
    guard let stream = unsafe open_memstream(&text, &count) else { return nil }
    let result = unsafe info(0, stream)
    unsafe fclose(stream)
    defer { unsafe free(text) }
    guard result == 0, let text = unsafe text else { return nil }
    // After the last heap come the totals of all: what is free, what is mapped, what there is.
    let report = unsafe String(cString: text)
    guard let heapEnd = report.range(of: "</heap>", options: .backwards) else { return nil }
    func size(_ tag: String) -> Int {
        guard let found = report.range(of: tag, range: heapEnd.upperBound..<report.endIndex),
            let start = report.range(of: "size=\"", range: found.upperBound..<report.endIndex)
        else { return 0 }
        return Int(report[start.upperBound...].prefix { $0 != "\"" }) ?? 0
    }
    return size("<system type=\"current\"") + size("<total type=\"mmap\"") - size("<total type=\"fast\"")
        - size("<total type=\"rest\"")
}
