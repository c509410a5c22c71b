/// Error objects that were captured, with the id of their event, for the same object to come by again: logged, then
/// captured where it is caught. None is kept alive.
enum Seen {
    private struct Mark {
        weak var object: AnyObject?
        let id: String?
    }

    /// More than are on their way through an application at once; beyond, those that are gone are forgotten, and all
    /// where none is.
    private static let limit = 512
    private static let marks = Locked<[ObjectIdentifier: Mark]>([:])

    /// Whether it was, and its id.
    static func find(_ object: AnyObject) -> (Bool, id: String?) {
        marks.with { marks in
            // An object that is gone may have left its address to another one.
            guard let mark = marks[ObjectIdentifier(object)], mark.object === object else { return (false, nil) }
            return (true, mark.id)
        }
    }

    static func remember(_ object: AnyObject, _ id: String?) {
        marks.with { marks in
            if marks.count >= limit {
                marks = marks.filter { $0.value.object != nil }
                if marks.count >= limit { marks.removeAll(keepingCapacity: true) }
            }
            marks[ObjectIdentifier(object)] = Mark(object: object, id: id)
        }
    }

    static func forget() {
        marks.with { $0.removeAll() }
    }
}
