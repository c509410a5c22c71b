import Foundation

/// Something that happened before.
public struct Breadcrumb: Sendable, Equatable {
    /// What happened: at most 8192 characters.
    public var message: String?
    /// A dotted source: `sql.query`.
    public var category: String?
    /// Default `info`.
    public var level: Level?
    /// How a viewer shows it: `http`, `query`, ...
    public var type: String?
    /// Detail: at most 100 members a level, 8 levels, and `maxValueLength` characters a text.
    public var data: [String: JSONValue]
    /// When it happened; default: when it is added.
    public var timestamp: Date?

    /// Nothing is sent or kept by that: see ``Faultwire/addBreadcrumb(_:)``.
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
            timestamp: json["timestamp"].string.flatMap(Self.date))
    }

    /// `2026-11-22T23:36:20.954548Z`: the engine writes times so. A formatter takes far longer.
    private static func date(_ text: String) -> Date? {
        let parts = text.split { "-T:.Z".contains($0) }.compactMap { Int32($0) }
        guard parts.count == 7 else { return nil }
        var day = tm()
        (day.tm_year, day.tm_mon, day.tm_mday) = (parts[0] - 1900, parts[1] - 1, parts[2])
        (day.tm_hour, day.tm_min, day.tm_sec) = (parts[3], parts[4], parts[5])
        return Date(timeIntervalSince1970: Double(timegm(&day)) + Double(parts[6]) / 1e6)
    }

    var json: JSONValue {
        let said: [String: JSONValue?] = [
            "message": message.map { .string(cut($0, Limit.message)) }, "category": category.map { .string(cut($0)) },
            "level": level.map { .string($0.rawValue) }, "type": type.map { .string(cut($0)) },
            "data": data.isEmpty ? nil : JSONValue.object(data).bounded,
            // What is no time would be no breadcrumb.
            "timestamp": timestamp.map(\.timeIntervalSince1970).flatMap { $0.isFinite ? .double($0) : nil },
        ]
        return .object(said.compactMapValues { $0 })
    }
}
