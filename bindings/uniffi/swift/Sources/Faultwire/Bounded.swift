import Foundation

extension JSONValue {
    /// The same within the limits.
    package var bounded: JSONValue { bounded(text: nil) }

    /// The same; with `text`, of at most so many bytes a text.
    func bounded(text: Int?) -> JSONValue {
        var room = Room(text: text)
        return within(Limit.depth, &room)
    }

    private func within(_ depth: Int, _ room: inout Room) -> JSONValue {
        room.values -= 1
        switch self {
        case .string(let text):
            return .string(room.fit(text))
        case .array(let elements):
            guard depth > 0 else { return "[...]" }
            var kept: [JSONValue] = []
            for element in elements.prefix(Limit.breadth) where room.isLeft {
                kept.append(element.within(depth - 1, &room))
            }
            return .array(kept)
        case .object(let members):
            guard depth > 0 else { return "{...}" }
            var kept: [String: JSONValue] = [:]
            for (key, value) in members.prefix(Limit.breadth) where room.isLeft {
                kept[room.fit(key)] = value.within(depth - 1, &room)
            }
            return .object(kept)
        default:
            return self
        }
    }

    /// What any value says, within the limits: what JSON has not is described.
    init(any value: Any) {
        var room = Room()
        self.init(any: value, Limit.depth, &room)
    }

    private init(any value: Any, _ depth: Int, _ room: inout Room) {
        room.values -= 1
        switch value {
        case let value as JSONValue: self = value.within(depth, &room)
        case let text as String: self = .string(room.fit(text))
        // Before the classes: to see whether it is one, all of it would be made into one.
        case let some as any Elements: self.init(elements: some.first(Limit.breadth), depth, &room)
        case let some as any Members: self.init(members: some.first(Limit.breadth), depth, &room)
        // Only what is one: those of Swift become one where they are asked, and 1 becomes true.
        case let number as NSNumber where Swift.type(of: value) is AnyClass: self = Self.number(number)
        case let truth as Bool: self = .bool(truth)
        case let number as any FixedWidthInteger: self = Int64(exactly: number).map(JSONValue.int) ?? .string("\(number)")
        case let number as Double: self = .double(number)
        case let number as Float: self = .double(Double(number))
        case let url as URL: self = .string(room.fit(url.absoluteString))
        case let date as Date: self = .double(date.timeIntervalSince1970)
        case let data as Data: self = .string("\(data.count) bytes")
        case is NSNull: self = .null
        // Foundation's.
        case let some as [Any]: self.init(elements: some.first(Limit.breadth), depth, &room)
        case let some as [AnyHashable: Any]: self.init(members: some.first(Limit.breadth), depth, &room)
        default: self = .string(room.fit(Description.of(value)))
        }
    }

    private init(elements: [Any], _ depth: Int, _ room: inout Room) {
        guard depth > 0 else { self = "[...]"; return }
        var kept: [JSONValue] = []
        for element in elements where room.isLeft {
            kept.append(JSONValue(any: element, depth - 1, &room))
        }
        self = .array(kept)
    }

    private init(members: [(key: Any, value: Any)], _ depth: Int, _ room: inout Room) {
        guard depth > 0 else { self = "{...}"; return }
        var kept: [String: JSONValue] = [:]
        for (key, value) in members where room.isLeft {
            kept[room.fit(key as? String ?? Description.of(key))] = JSONValue(any: value, depth - 1, &room)
        }
        self = .object(kept)
    }

    private static func number(_ number: NSNumber) -> JSONValue {
        // What it was made of; a truth value is kept as a `char`.
        switch UInt8(bitPattern: number.objCType.pointee) {
        case UInt8(ascii: "c"), UInt8(ascii: "B"):
            (0...1).contains(number.intValue) ? .bool(number.boolValue) : .int(number.int64Value)
        case UInt8(ascii: "d"), UInt8(ascii: "f"): .double(number.doubleValue)
        case UInt8(ascii: "Q"): Int64(exactly: number.uint64Value).map(JSONValue.int) ?? .string(number.stringValue)
        default: .int(number.int64Value)
        }
    }
}

/// What is left to a detail.
private struct Room {
    var values = Limit.values
    var bytes = Limit.detail
    var text: Int?

    var isLeft: Bool { values > 0 && bytes > 0 }

    mutating func fit(_ whole: String) -> String {
        let kept = cut(whole, text)
        bytes -= kept.utf8.count
        return kept
    }
}
