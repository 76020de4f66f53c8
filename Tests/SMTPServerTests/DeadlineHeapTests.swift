import SMTPConnection
import Testing

@testable import SMTPServer

/// The heap of alarms against a sorted array.
@Suite struct DeadlineHeapTests {
    private final class Item: Alarmed {
        var place = 0
        var alarm: Instant
        init(_ alarm: Int64) { self.alarm = Instant(nanoseconds: alarm) }
    }

    @Test(arguments: 1...20) func `the first alarm is always in front`(seed: UInt64) {
        var state = seed
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var heap = DeadlineHeap<Item>()
        var model: [Item] = []
        for _ in 0..<2000 {
            switch random(4) {
            case 0, 1:
                let item = Item(Int64(random(50)))
                heap.insert(item)
                model.append(item)
            case 2 where !model.isEmpty:
                heap.setAlarm(of: model[random(model.count)], to: Instant(nanoseconds: Int64(random(50))))
            default:
                guard !model.isEmpty else { continue }
                heap.remove(model.remove(at: random(model.count)))
            }
            #expect(heap.elements.count == model.count)
            #expect(heap.first?.alarm == model.map(\.alarm).min())
            #expect(heap.elements.indices.allSatisfy { heap.elements[$0].place == $0 })
        }
    }
}
