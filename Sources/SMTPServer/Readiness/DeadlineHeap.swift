import SMTPConnection

/// The connections of a loop, the one whose alarm rings first in front.
///
/// An alarm may ring too early: a deadline that moves away leaves it where it is, since most deadlines are never
/// reached. So a connection costs the heap something when it comes and when it goes, and little in between.
struct DeadlineHeap<Element: Alarmed> {
    private(set) var elements: [Element] = []

    var first: Element? { elements.first }

    mutating func insert(_ element: Element) {
        element.place = elements.count
        elements.append(element)
        rise(element)
    }

    mutating func remove(_ element: Element) {
        let last = elements.removeLast()
        guard last !== element else { return }
        put(last, at: element.place)
        rise(last)
        sink(last)
    }

    mutating func setAlarm(of element: Element, to alarm: Instant) {
        element.alarm = alarm
        rise(element)
        sink(element)
    }

    private mutating func put(_ element: Element, at place: Int) {
        elements[place] = element
        element.place = place
    }

    private mutating func rise(_ element: Element) {
        while element.place > 0 {
            let parent = elements[(element.place - 1) / 2]
            guard element.alarm < parent.alarm else { return }
            swap(element, parent)
        }
    }

    private mutating func sink(_ element: Element) {
        while true {
            let left = 2 * element.place + 1
            guard left < elements.count else { return }
            var child = elements[left]
            if left + 1 < elements.count, elements[left + 1].alarm < child.alarm {
                child = elements[left + 1]
            }
            guard child.alarm < element.alarm else { return }
            swap(element, child)
        }
    }

    private mutating func swap(_ a: Element, _ b: Element) {
        let place = a.place
        put(a, at: b.place)
        put(b, at: place)
    }
}

/// What a heap of alarms holds; both are the heap's to change.
protocol Alarmed: AnyObject {
    /// Where it is in the heap.
    var place: Int { get set }
    /// When its alarm rings.
    var alarm: Instant { get set }
}
