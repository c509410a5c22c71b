/// Collections of Swift's own, whose first values can be had without looking at all: a cast to `[Any]` copies each.

/// A list, or a set.
protocol Elements {
    /// What stands around them where it is described.
    var brackets: (String, String) { get }
    func first(_ count: Int) -> [Any]
}

extension Elements where Self: Collection {
    var brackets: (String, String) { ("[", "]") }

    func first(_ count: Int) -> [Any] {
        prefix(count).map { $0 as Any }
    }
}

extension Array: Elements {}
extension ArraySlice: Elements { var brackets: (String, String) { ("ArraySlice([", "])") } }
extension ContiguousArray: Elements { var brackets: (String, String) { ("ContiguousArray([", "])") } }
extension Set: Elements { var brackets: (String, String) { ("Set([", "])") } }

/// Values by key.
protocol Members {
    func first(_ count: Int) -> [(key: Any, value: Any)]
}

extension Dictionary: Members {
    func first(_ count: Int) -> [(key: Any, value: Any)] {
        prefix(count).map { ($0.key as Any, $0.value as Any) }
    }
}

/// A value, or none.
protocol Maybe {
    var held: Any? { get }
}

extension Optional: Maybe {
    var held: Any? { map { $0 as Any } }
}
