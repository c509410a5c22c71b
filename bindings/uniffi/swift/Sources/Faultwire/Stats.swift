/// What became of all that this process captured: `captured` is the sum of the other numbers and of those `dropped`.
public struct Stats: Sendable, Equatable, Codable {
    /// What became of the events that earlier processes left on disk.
    public struct Recovered: Sendable, Equatable, Codable {
        public internal(set) var found = 0
        public internal(set) var delivered = 0
        public internal(set) var dropped: [String: Int] = [:]
    }

    public internal(set) var captured = 0
    public internal(set) var delivered = 0
    public internal(set) var spooled = 0
    public internal(set) var pending = 0
    public internal(set) var folded = 0
    /// By reason.
    public internal(set) var dropped: [String: Int] = [:]
    public internal(set) var recovered = Recovered()
    /// Where events wait: `disk`, or `memory` with the reason.
    public internal(set) var outbox = ""
}
