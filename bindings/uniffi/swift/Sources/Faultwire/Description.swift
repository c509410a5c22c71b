/// What a value says that does not say it by itself: as `String(describing:)` has it, but only of its first values and
/// levels. All of an error that holds a million rows takes seconds, and of one that came from a thousand others more stack
/// than a thread has.
struct Description {
    /// Values, and levels, that are shown.
    private static let values = 1000
    private static let depth = 16

    private var text = ""
    private var left = Self.values

    static func of(_ value: Any) -> String {
        if isOwn(type(of: value)) { return String(describing: value) }
        var description = Description()
        description.add(value, depth, nested: false)
        return description.text
    }

    /// Whether the application, or Swift itself, says how such a value is described.
    static func isOwn(_ type: Any.Type) -> Bool {
        !(type is any Elements.Type || type is any Members.Type || type is any Maybe.Type)
            && (type is any CustomStringConvertible.Type || type is any CustomDebugStringConvertible.Type
                || type is any TextOutputStreamable.Type)
    }

    private var isFull: Bool { left <= 0 || text.utf8.count > Limit.message }

    private mutating func add(_ value: Any, _ depth: Int, nested: Bool = true) {
        left -= 1
        let type = Swift.type(of: value)
        // Most often; what follows is slow.
        if type == String.self, let value = value as? String {
            text += cut(value, Limit.message).debugDescription
        } else if type == Int.self, let value = value as? Int {
            text += String(value)
        } else if depth == 0 {
            text += "..."
        } else if let value = value as? any Maybe {
            add(value, depth)
        } else if let value = value as? any Elements {
            let (opening, end) = value.brackets
            add(value.first(left + 1).lazy.map { (nil, $0) }, depth, from: opening, to: end)
        } else if let value = value as? any Members {
            add(value, depth)
        } else if Self.isOwn(type) {
            text += cut(String(reflecting: value), Limit.message)
        } else {
            add(Mirror(reflecting: value), of: value, depth, nested)
        }
    }

    private mutating func add(_ value: any Maybe, _ depth: Int) {
        guard let held = value.held else { text += "nil"; return }
        text += "Optional("
        add(held, depth - 1)
        text += ")"
    }

    private mutating func add(_ members: any Members, _ depth: Int) {
        let members = members.first(left + 1)
        text += members.isEmpty ? "[:" : "["
        for (at, (key, value)) in members.enumerated() {
            if at > 0 { text += ", " }
            guard !isFull else { text += "..."; break }
            add(key, depth - 1)
            text += ": "
            add(value, depth - 1)
        }
        text += "]"
    }

    private mutating func add(_ mirror: Mirror, of value: Any, _ depth: Int, _ nested: Bool) {
        let children = mirror.children.lazy.map { ($0.label, $0.value) }
        switch mirror.displayStyle {
        case .tuple:
            add(children, depth, from: "(", to: ")")
        case .struct:
            add(children, depth, from: ErrorType.name(mirror.subjectType, qualified: nested) + "(", to: ")")
        case .enum where !mirror.children.isEmpty:
            if nested { text += ErrorType.name(mirror.subjectType, qualified: true) + "." }
            for (label, value) in children {
                text += label ?? ""
                // Several values of a case, or one with a name, stand in a tuple.
                let isTuple = Mirror(reflecting: value).displayStyle == .tuple
                if isTuple { add(value, depth) } else { add([(nil, value)], depth, from: "(", to: ")") }
            }
        default:
            // A name, no more: nothing of a class is shown.
            text += nested ? String(reflecting: value) : String(describing: value)
        }
    }

    private mutating func add(_ some: some Sequence<(String?, Any)>, _ depth: Int, from opening: String, to end: String) {
        text += opening
        var separator = ""
        for (label, value) in some {
            text += separator
            separator = ", "
            guard !isFull else { text += "..."; break }
            if let label, !label.hasPrefix(".") { text += label + ": " }
            add(value, depth - 1)
        }
        text += end
    }
}
