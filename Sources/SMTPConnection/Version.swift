/// The version of the whole package.
public enum SMTPVersion {
    /// As `smtp --version` prints it.
    public static let current = "0.1.0"
}
