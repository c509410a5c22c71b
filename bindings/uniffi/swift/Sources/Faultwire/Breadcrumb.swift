import Foundation

/// Something that happened before.
public struct Breadcrumb: Sendable, Equatable {
    public var message: String?
    /// A dotted source: `sql.query`.
    public var category: String?
    /// Default `info`.
    public var level: Level?
    /// How a viewer shows it: `http`, `query`, ...
    public var type: String?
    public var data: [String: JSONValue]
    /// When it happened; default: when it is added.
    public var timestamp: Date?

    public init(
        message: String? = nil, category: String? = nil, level: Level? = nil, type: String? = nil,
        data: [String: JSONValue] = [:], timestamp: Date? = nil
    ) {
        self.message = message
        self.category = category
        self.level = level
        self.type = type
        self.data = data
        self.timestamp = timestamp
    }
}

/// By the protocol's names.
extension Breadcrumb {
    init(_ json: JSONValue) {
        self.init(
            message: json["message"].string, category: json["category"].string,
            level: json["level"].string.flatMap(Level.init), type: json["type"].string, data: json["data"].object,
            timestamp: json["timestamp"].double.map(Date.init(timeIntervalSince1970:)))
    }

    var json: JSONValue {
        let said: [String: JSONValue?] = [
            "message": message.map { .string(cut($0, Limit.message)) }, "category": category.map { .string(cut($0)) },
            "level": level.map { .string($0.rawValue) }, "type": type.map { .string(cut($0)) },
            "data": data.isEmpty ? nil : JSONValue.object(data).bounded,
            "timestamp": timestamp.map { .double($0.timeIntervalSince1970) },
        ]
        return .object(said.compactMapValues { $0 })
    }
}
