import FaultwireBridge

/// The layers of whoever calls. A task local holds them, so child tasks and `Task { }` share the cells of the task that
/// starts them: a tag that a child sets is seen by its parent.
package struct Layers: Sendable {
    let isolation: Scope
    let current: Scope?

    @TaskLocal static var ofTask: Layers?
    /// Those of what runs in no scope.
    private static let outside = Locked(Layers(isolation: Scope(parent: nil, current: false), current: nil))
    static let global = Scope(globalCell())

    static var here: Layers {
        ofTask ?? outside.with { $0 }
    }

    /// A layer for one block on top of what is here.
    static func nested() -> Layers {
        let here = here
        return Layers(isolation: here.isolation, current: Scope(parent: here.current, current: true))
    }

    /// A layer for a unit of work.
    static func isolated() -> Layers {
        let here = here
        return Layers(
            isolation: Scope(parent: here.isolation, current: false),
            current: here.current.map { Scope(parent: $0, current: true) })
    }

    /// Nothing is said outside of scopes any more: for tests.
    package static func forget() {
        outside.with { $0 = Layers(isolation: Scope(parent: nil, current: false), current: nil) }
        global.clear()
    }
}
