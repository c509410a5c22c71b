/// Error objects that were captured, with the id of their event, for the same object to come by again: logged, then
/// captured where it is caught. None is kept alive.
enum Seen {
    private struct Mark {
        weak var object: AnyObject?
        let id: String?
    }

    private struct Marks {
        var young: [ObjectIdentifier: Mark] = [:]
        var old: [ObjectIdentifier: Mark] = [:]
    }

    /// More than are on their way through an application at once. After so many again the older ones are forgotten, without
    /// a look at which are still there: who looks holds them, perhaps as the last one, and then what the application does at
    /// their end would run within the lock.
    private static let limit = 512
    private static let marks = Locked(Marks())

    /// Whether it was, and its id.
    static func find(_ object: AnyObject) -> (Bool, id: String?) {
        let key = ObjectIdentifier(object)
        return marks.with { marks in
            // An object that is gone may have left its address to another one.
            guard let mark = marks.young[key] ?? marks.old[key], mark.object === object else { return (false, nil) }
            return (true, mark.id)
        }
    }

    static func remember(_ object: AnyObject, _ id: String?) {
        marks.with { marks in
            if marks.young.count >= limit {
                marks.old = marks.young
                marks.young = [:]
            }
            marks.young[ObjectIdentifier(object)] = Mark(object: object, id: id)
        }
    }

    /// What another client captured is none of the next one's.
    static func forget() {
        marks.with { $0 = Marks() }
    }
}
