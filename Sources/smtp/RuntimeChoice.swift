import SMTPDispatch
import SMTPLibUV
import SMTPServer
import SMTPThreads

/// What carries the connections, by its name on the command line.
struct RuntimeChoice: Sendable {
    /// As it is written.
    let name: String
    /// Whether it has loops, whose number can be chosen.
    let hasLoops: Bool
    /// Makes one; nil for as many loops as there are processors.
    let make: @Sendable (_ loops: Int?) -> any Runtime

    /// All there are; the first is the default.
    static let all = [
        RuntimeChoice(name: "libuv", hasLoops: true) { LibUVRuntime(loops: $0) },
        RuntimeChoice(name: "dispatch", hasLoops: true) { DispatchRuntime(loops: $0) },
        RuntimeChoice(name: "threads", hasLoops: false) { _ in ThreadRuntime() },
    ]

    /// For shell completion and messages.
    static let names = all.map(\.name)
}
