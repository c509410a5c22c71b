/// How bad it is.
public enum Level: String, Sendable, Codable, CaseIterable {
    /// The process ends, or should.
    case fatal
    /// Something failed. What errors are unless somebody says otherwise.
    case error
    /// Something is odd, but nothing failed yet.
    case warning
    /// For the record. What messages are unless somebody says otherwise.
    case info
    /// For those who write the application.
    case debug
}
