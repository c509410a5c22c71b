/// What became of all that this process captured: `captured` is the sum of the other numbers and of those `dropped`.
public struct Stats: Sendable, Equatable, Codable {
    /// What became of the events that earlier processes left on disk.
    public struct Recovered: Sendable, Equatable, Codable {
        /// How many there were.
        public internal(set) var found = 0
        /// Taken by the server.
        public internal(set) var delivered = 0
        /// Lost, by reason.
        public internal(set) var dropped: [String: Int] = [:]
    }

    /// Calls of `capture` while there was a client.
    public internal(set) var captured = 0
    /// Taken by the server.
    public internal(set) var delivered = 0
    /// On disk, for this process or the next to send.
    public internal(set) var spooled = 0
    /// On their way through this process.
    public internal(set) var pending = 0
    /// Counted as one more of a storming place.
    public internal(set) var folded = 0
    /// Lost, by reason: `sample_rate`, `queue_overflow`, ...
    public internal(set) var dropped: [String: Int] = [:]
    /// What became of those of earlier processes, which count nowhere above.
    public internal(set) var recovered = Recovered()
    /// Where events wait: `disk`, or `memory` with the reason.
    public internal(set) var outbox = ""
}
