/// How many connections there may be at once.
public struct ConnectionLimits: Hashable, Sendable {
    /// In all.
    public var total = 1000
    /// From one peer: one IPv4 address, or the /64 of one IPv6 address. `nil` for no such limit.
    public var perPeer: Int? = 50
    /// Whether clients on this machine count only towards `total`.
    public var exemptsLoopback = true
    /// The census that all listeners of one controller share.
    package var shared: ConnectionCensus?

    /// A thousand in all, fifty from one peer.
    public init() {}
}
