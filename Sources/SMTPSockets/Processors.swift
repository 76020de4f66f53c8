import CSystem

/// The processors of this machine.
public enum Processors {
    /// How many of them this process may use.
    public static var available: Int { max(Int(smtp_processor_count()), 1) }
}
