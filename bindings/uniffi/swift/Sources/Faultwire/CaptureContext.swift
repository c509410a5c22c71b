import FaultwireBridge

/// What a capture says of itself, for its one event: it goes before what the scopes say. Limits are those of ``Scope``.
public struct CaptureContext: Sendable {
    /// Default: what the scopes say; where they say nothing, `error` for errors and `info` for messages.
    public var level: Level?
    /// As ``Scope/setTag(_:_:)``.
    public var tags: [String: String]
    /// As ``Scope/setExtra(_:_:)``.
    public var extra: [String: JSONValue]
    /// As ``Scope/setContext(_:_:)``, by name.
    public var contexts: [String: [String: JSONValue]]
    /// As ``Scope/setUser(_:)``.
    public var user: User?
    /// Groups the event by these texts; `{{ default }}` stands for the usual grouping.
    public var fingerprint: [String]?
    /// Route or job.
    public var transaction: String?
    /// Name of the logger that was told: `shop.store`.
    public var logger: String?
    /// False when nobody caught it.
    public var handled: Bool
    /// Who captured it; default `generic`.
    public var mechanism: String

    /// What is left out is as the scopes have it.
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
