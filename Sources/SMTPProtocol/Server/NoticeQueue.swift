/// Notices on their way out, in order; its storage is kept.
struct NoticeQueue: Sendable {
    private var notices: [Notice] = []
    private var taken = 0

    mutating func append(_ notice: Notice) { notices.append(notice) }

    @inline(__always)
    mutating func next() -> Notice? { notices.isEmpty ? nil : takeFirst() }

    private mutating func takeFirst() -> Notice {
        let notice = notices[taken]
        taken += 1
        if taken == notices.count {
            notices.removeAll(keepingCapacity: true)
            taken = 0
        }
        return notice
    }
}
