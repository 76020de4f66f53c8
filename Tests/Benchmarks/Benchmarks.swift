/// The marks of the core, with two yardsticks of this machine beside them.
///
/// Without arguments everything is timed. `benchmarks WORK COUNT` does one piece of work so often and prints nothing:
/// what `instructions.sh` counts.
@main
struct Benchmarks {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let name = arguments.first else { return timeEverything() }
        guard let work = Work(rawValue: name), arguments.count == 2, let count = Int(arguments[1]), count > 0
        else {
            print("usage: benchmarks [\(Work.allCases.map(\.rawValue).joined(separator: "|")) COUNT]")
            return
        }
        var bench = Bench(work)
        bench.run(count)
    }
}

/// What is measured; one unit is what its row says.
enum Work: String, CaseIterable {
    case parse, transaction, pipelined, noop, plain, dotted
}

private func timeEverything() {
    print("yardsticks, GB/s     memchr \(Yardstick.memchr())  byte loop \(Yardstick.byteLoop())")
    for work in Work.allCases {
        let best = bestNanoseconds(work)
        switch work {
        case .parse: row("MAIL with two parameters, parsed", best, "ns")
        case .transaction: row("1 KiB transaction, step by step", best, "ns")
        case .pipelined: row("1 KiB transaction, pipelined", best, "ns")
        case .noop: row("NOOP, 100 a read", best / 100, "ns")
        case .plain: row("10 MiB content, 78 columns", Double(Bench.bulk) / best, "GB/s")
        case .dotted: row("10 MiB content, one line in four dotted", Double(Bench.bulk) / best, "GB/s")
        }
    }
    print("\ncontent decoder alone, GB/s")
    ContentBenchmark.run()
}

private func row(_ name: String, _ value: Double, _ unit: String) {
    print(pad(name, 42, left: true), pad(decimal(value), 10), unit)
}

/// The best of several rounds, for one unit.
private func bestNanoseconds(_ work: Work) -> Double {
    var bench = Bench(work)
    let count = bench.unitsInARound
    bench.run(count)
    var best = Double.infinity
    for _ in 0..<15 { best = min(best, nanoseconds { bench.run(count) } / Double(count)) }
    return best
}
