import Glibc
import SMTPConnection
import SMTPSockets

/// The listeners and connections of one event loop, and its mail from other threads.
@safe
public final class ReadinessLoop: @unchecked Sendable {
    private static let bufferSize = 64 << 10
    /// In milliseconds: how long a late answer waits for a thread that has taken over.
    private static let longestPoll: Int32 = 20
    private static let never = Instant(nanoseconds: .max)

    /// What other threads want of the loop.
    enum Mail: Sendable {
        case answer(LateAnswer, to: ReadinessCarrier)
        case connection(Int32, from: Endpoint, through: LoopDoor)
        case accepting(Bool)
        case drain(until: Instant)
        case halt
    }

    let events: any EventLoop
    /// What all connections read into, one after another.
    let buffer: UnsafeMutableBufferPointer<UInt8>
    let reception = Reception(nonBlocking: true)
    /// The loops that share the connections which come in here.
    var fellows: [ReadinessLoop] = []
    /// Told once, on the loop, when a drain has left nothing.
    var whenDrained: () -> Void = {}

    private var heap = DeadlineHeap<ReadinessCarrier>()
    private var doors: [LoopDoor] = []
    private var watchCount = 0
    private var nextFellow = 0
    private var isAccepting = true
    private var timer = never
    private var restEnd = never
    /// When a drain ends by force; nil without one.
    private var graceEnd: Instant?
    private var isCut = false
    private var isDrained = false
    /// Whether a thread carries on in the stead of the caller's loop.
    private var isTakenOver = false

    private let lock = PosixLock()
    private var mail: [Mail] = []
    private var takesMail = true

    init(_ events: any EventLoop) {
        self.events = events
        unsafe buffer = .allocate(capacity: Self.bufferSize)
    }

    deinit { unsafe buffer.deallocate() }

    // MARK: Called by the event loop

    /// There is mail.
    public func woken() {
        let letters = lock.withLock {
            defer { mail = [] }
            return mail
        }
        for letter in letters {
            switch letter {
            case .answer(let answer, let carrier): carrier.receive(answer)
            case .connection(let descriptor, let peer, let door):
                carry(descriptor, from: peer, through: door)
            case .accepting(let isAccepting):
                self.isAccepting = isAccepting
                letDoorsAccept()
            case .drain(let end): drain(until: end)
            case .halt: events.halt()
            }
        }
    }

    /// The timer has run out.
    public func timePassed() {
        let now = MonotonicClock.now()
        timer = Instant(nanoseconds: .min)
        if restEnd <= now {
            restEnd = Self.never
            letDoorsAccept()
        }
        if let end = graceEnd, end <= now { cutAll() }
        while let carrier = heap.first, carrier.alarm <= now {
            heap.setAlarm(of: carrier, to: Self.never)
            carrier.advance(to: now)
        }
        timer = Self.never
        armTimer()
    }

    // MARK: From any thread

    /// Puts something into the mail. After the end it is dropped.
    func post(_ letter: Mail) {
        lock.withLock {
            guard takesMail else { return }
            mail.append(letter)
            if mail.count == 1 { events.wake() }
        }
    }

    // MARK: Listeners

    /// Begins to accept; false if the system has no room for that.
    func open(_ door: Door) -> Bool {
        let door = LoopDoor(door, self)
        guard door.open() else { return false }
        watchCount += 1
        doors.append(door)
        door.accept(isAccepting && restEnd == Self.never)
        return true
    }

    private func letDoorsAccept() {
        let mayAccept = isAccepting && restEnd == Self.never
        for door in doors { door.accept(mayAccept) }
    }

    /// Lets the system find descriptors again.
    func restFromAccepting() {
        restEnd = MonotonicClock.now().advanced(by: Reception.rest)
        letDoorsAccept()
        armTimer()
    }

    // MARK: Connections

    /// Gives a new connection to the loop whose turn it is.
    func place(_ descriptor: Int32, from peer: Endpoint, through door: LoopDoor) {
        guard fellows.count > 1 else { return carry(descriptor, from: peer, through: door) }
        nextFellow = (nextFellow + 1) % fellows.count
        let fellow = fellows[nextFellow]
        guard fellow !== self else { return carry(descriptor, from: peer, through: door) }
        fellow.post(.connection(descriptor, from: peer, through: door))
    }

    private func carry(_ descriptor: Int32, from peer: Endpoint, through door: LoopDoor) {
        let carrier = ReadinessCarrier(descriptor, peer, door, self)
        guard let watch = events.watch(descriptor, for: carrier) else {
            return door.door.giveUp(descriptor, from: peer)
        }
        watchCount += 1
        heap.insert(carrier)
        carrier.begin(watch)
        guard graceEnd != nil else { return }
        let now = MonotonicClock.now()
        isCut ? carrier.cut(at: now) : carrier.shutDown(at: now)
    }

    func setAlarm(of carrier: ReadinessCarrier, to alarm: Instant) {
        heap.setAlarm(of: carrier, to: alarm)
        if alarm < timer { armTimer() }
    }

    func remove(_ carrier: ReadinessCarrier) { heap.remove(carrier) }

    func watchHasEnded() {
        watchCount -= 1
        tellIfDrained()
    }

    private func armTimer() {
        let next = min(heap.first?.alarm ?? Self.never, restEnd, graceEnd ?? Self.never)
        guard next < timer else { return }
        timer = next
        events.setTimer(next)
    }

    // MARK: The end

    private func drain(until end: Instant) {
        let isFirst = graceEnd == nil
        graceEnd = min(graceEnd ?? end, end)
        let now = MonotonicClock.now()
        if isFirst {
            for door in doors { door.close() }
            doors = []
            for carrier in heap.elements { carrier.shutDown(at: now) }
        }
        // After the last connection that was given to them.
        if fellows.first === self { for fellow in fellows.dropFirst() { fellow.post(.drain(until: end)) } }
        tellIfDrained()
        if end <= now { cutAll() }
        armTimer()
    }

    private func cutAll() {
        graceEnd = Self.never
        isCut = true
        let now = MonotonicClock.now()
        for carrier in heap.elements { carrier.cut(at: now) }
    }

    private func tellIfDrained() {
        guard graceEnd != nil, isTakenOver ? heap.elements.isEmpty : watchCount == 0, !isDrained else {
            return
        }
        isDrained = true
        whenDrained()
    }

    /// Carries connections to the end of a drain on the calling thread, since nobody is in the loop.
    func carryToEnd() {
        isTakenOver = true
        woken()
        tellIfDrained()
        while !isDrained {
            var entries = heap.elements.map(\.pollEntry)
            let left = MonotonicClock.now().duration(to: timer).nanoseconds
            let patience = Int32(clamping: max(left, 0) / 1_000_000 + 1)
            guard unsafe poll(&entries, nfds_t(entries.count), min(patience, Self.longestPoll)) >= 0 else {
                continue
            }
            for (carrier, entry) in zip(heap.elements, entries) where entry.revents != 0 {
                carrier.becomeReady([.input, .output])
            }
            timePassed()
            woken()
            tellIfDrained()
        }
    }

    /// Nobody is in the loop any more, nor will be: what is left goes.
    func end() {
        whenDrained = {}
        let letters = lock.withLock {
            takesMail = false
            defer { mail = [] }
            return mail
        }
        for case .connection(let descriptor, let peer, let door) in letters {
            door.door.giveUp(descriptor, from: peer)
        }
        for door in doors { door.close() }
        cutAll()
        doors = []
        fellows = []
        events.end()
    }
}
