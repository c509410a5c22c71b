/// How bad it is.
public enum Level: String, Sendable, Codable, CaseIterable {
    case fatal, error, warning, info, debug
}
