import FaultwireBridge

/// What a capture says of itself.
public struct CaptureContext: Sendable {
    public var level: Level?
    public var tags: [String: String]
    public var extra: [String: JSONValue]
    public var contexts: [String: [String: JSONValue]]
    public var user: User?
    /// Groups the event by these texts; `{{ default }}` stands for the usual grouping.
    public var fingerprint: [String]?
    public var transaction: String?
    public var logger: String?
    /// False when nobody caught it.
    public var handled: Bool
    /// Who captured it; default `generic`.
    public var mechanism: String

    public init(
        level: Level? = nil, tags: [String: String] = [:], extra: [String: JSONValue] = [:],
        contexts: [String: [String: JSONValue]] = [:], user: User? = nil, fingerprint: [String]? = nil,
        transaction: String? = nil, logger: String? = nil, handled: Bool = true, mechanism: String = ""
    ) {
        self.level = level
        self.tags = tags
        self.extra = extra
        self.contexts = contexts
        self.user = user
        self.fingerprint = fingerprint
        self.transaction = transaction
        self.logger = logger
        self.handled = handled
        self.mechanism = mechanism
    }

    static let none = CaptureContext()

    var how: How { How(mechanism: cut(mechanism), handled: handled) }

    /// The layer over all others, in JSON; nothing where nothing is said.
    var layer: String? {
        var said: [String: JSONValue] = [:]
        if !tags.isEmpty { said["tags"] = JSONValue.object(tags.mapValues(JSONValue.string)).bounded }
        if !extra.isEmpty { said["extra"] = JSONValue.object(extra).bounded }
        if !contexts.isEmpty { said["contexts"] = JSONValue.object(contexts.mapValues(JSONValue.object)).bounded }
        if let user { said["user"] = user.json }
        if let fingerprint { said["fingerprint"] = JSONValue.array(fingerprint.map(JSONValue.string)).bounded }
        if let transaction { said["transaction"] = .string(cut(transaction)) }
        // The level decides what folds with what, and so is part of the layer, too.
        if let level { said["level"] = .string(level.rawValue) }
        return said.isEmpty ? nil : JSONValue.object(said).text
    }
}
