import Foundation

/// Limits of what crosses to the engine. It sanitizes first and cuts after, so these lie above its own: what it cuts to
/// has a look-ahead in which a secret ends.
enum Limit {
    /// Bytes of a message or of what an error says: the engine keeps 8192 characters.
    static let message = 16384
    /// Bytes of a text within a detail: `maxValueLength` is 1024 characters unless the application says otherwise.
    static let text = 16384
    /// The same where it does: characters of up to four bytes, and the engine's look-ahead.
    static let longText = Locked(text)

    static func learn(_ options: Options) {
        longText.with { $0 = max(text, 4 * ((options.maxValueLength ?? 0) + 4096)) }
    }
    /// Levels, and members a level, of a detail: as in the engine.
    static let depth = 8
    static let breadth = 100
    /// Values of a detail in all, which bounds the time that looking at it takes.
    static let values = 2000
    /// Errors of one event: the one that was raised, and what it came from.
    static let errors = 64
}

/// A text, cut at a limit of bytes; a character that is cut is replaced.
func cut(_ text: String, _ limit: Int? = nil) -> String {
    guard text.utf8.count > limit ?? Limit.text else { return text }
    return String(decoding: text.utf8.prefix(limit ?? Limit.longText.with { $0 }), as: UTF8.self)
}

extension JSONValue {
    /// The same within the limits.
    package var bounded: JSONValue {
        var left = Limit.values
        return within(Limit.depth, &left)
    }

    private func within(_ depth: Int, _ left: inout Int) -> JSONValue {
        left -= 1
        switch self {
        case .string(let text):
            return .string(cut(text))
        case .array(let elements):
            guard depth > 0 else { return "[...]" }
            var kept: [JSONValue] = []
            for element in elements.prefix(Limit.breadth) where left > 0 {
                kept.append(element.within(depth - 1, &left))
            }
            return .array(kept)
        case .object(let members):
            guard depth > 0 else { return "{...}" }
            var kept: [String: JSONValue] = [:]
            for (key, value) in members.prefix(Limit.breadth) where left > 0 {
                kept[cut(key)] = value.within(depth - 1, &left)
            }
            return .object(kept)
        default:
            return self
        }
    }

    /// What any value says, within the limits: what JSON has not is described.
    init(any value: Any) {
        var left = Limit.values
        self.init(any: value, Limit.depth, &left)
    }

    private init(any value: Any, _ depth: Int, _ left: inout Int) {
        left -= 1
        switch value {
        case let value as JSONValue: self = value.within(depth, &left)
        case let text as String: self = .string(cut(text))
        // Only what is one: those of Swift become one where they are asked, and 1 becomes true.
        case let number as NSNumber where Swift.type(of: value) is AnyClass: self = Self.number(number)
        case let truth as Bool: self = .bool(truth)
        case let number as any BinaryInteger: self = Int64(exactly: number).map(JSONValue.int) ?? .string("\(number)")
        case let number as Double: self = .double(number)
        case let number as Float: self = .double(Double(number))
        case let url as URL: self = .string(cut(url.absoluteString))
        case let date as Date: self = .double(date.timeIntervalSince1970)
        case let data as Data: self = .string("\(data.count) bytes")
        case is NSNull: self = .null
        case let elements as [Any]:
            guard depth > 0 else { self = "[...]"; return }
            var kept: [JSONValue] = []
            for element in elements.prefix(Limit.breadth) where left > 0 {
                kept.append(JSONValue(any: element, depth - 1, &left))
            }
            self = .array(kept)
        case let members as [AnyHashable: Any]:
            guard depth > 0 else { self = "{...}"; return }
            var kept: [String: JSONValue] = [:]
            for (key, value) in members.prefix(Limit.breadth) where left > 0 {
                kept[cut("\(key.base)")] = JSONValue(any: value, depth - 1, &left)
            }
            self = .object(kept)
        default: self = .string(cut(String(describing: value)))
        }
    }

    private static func number(_ number: NSNumber) -> JSONValue {
        // What it was made of; a truth value is kept as a `char`.
        switch UInt8(bitPattern: number.objCType.pointee) {
        case UInt8(ascii: "c"), UInt8(ascii: "B"):
            (0...1).contains(number.intValue) ? .bool(number.boolValue) : .int(number.int64Value)
        case UInt8(ascii: "d"), UInt8(ascii: "f"): .double(number.doubleValue)
        default: .int(number.int64Value)
        }
    }
}
