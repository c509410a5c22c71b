import Foundation

extension Faultwire {
    /// The layer under all others, of the whole process.
    public static var globalScope: Scope { Layers.global }

    /// The layer of the request or job at hand, to which ``setTag(_:_:)`` and the others write. Outside of any
    /// ``withIsolationScope(_:)-swift.type.method`` there is one for the process.
    public static var isolationScope: Scope { Layers.here.isolation }

    /// Id (32 hex digits) of the last event captured in this isolation scope.
    public static var lastEventId: String? { Layers.here.isolation.lastEventId.with { $0 } }

    /// A layer for one block. What `scope` is told counts for events captured by the block and by the tasks it starts.
    ///
    /// A task local holds it. Systems of before Swift 6 end a program that binds one within the body of a task group and
    /// adds a task there: open the scope around the group, or within the task.
    public static func withScope<Result>(_ block: (_ scope: Scope) throws -> Result) rethrows -> Result {
        let layers = Layers.nested()
        return try Layers.$ofTask.withValue(layers) { try block(layers.current ?? layers.isolation) }
    }

    /// The same for a block that waits.
    public static func withScope<Result>(
        isolation: isolated (any Actor)? = #isolation, _ block: (_ scope: Scope) async throws -> Result
    ) async rethrows -> Result {
        let layers = Layers.nested()
        return try await Layers.$ofTask.withValue(layers) { try await block(layers.current ?? layers.isolation) }
    }

    /// A layer of its own for one unit of work: a request, a job. ``setTag(_:_:)`` and the others write to it from
    /// anywhere inside, and nothing of it is left afterwards. It starts from what was there.
    public static func withIsolationScope<Result>(_ block: (_ scope: Scope) throws -> Result) rethrows -> Result {
        let layers = Layers.isolated()
        return try Layers.$ofTask.withValue(layers) { try block(layers.isolation) }
    }

    /// The same for a block that waits.
    public static func withIsolationScope<Result>(
        isolation: isolated (any Actor)? = #isolation, _ block: (_ scope: Scope) async throws -> Result
    ) async rethrows -> Result {
        let layers = Layers.isolated()
        return try await Layers.$ofTask.withValue(layers) { try await block(layers.isolation) }
    }

    /// ``Scope/setTag(_:_:)`` of the isolation scope.
    public static func setTag(_ key: String, _ value: String?) { isolationScope.setTag(key, value) }
    /// ``Scope/setTags(_:)`` of the isolation scope.
    public static func setTags(_ tags: [String: String]) { isolationScope.setTags(tags) }
    /// ``Scope/setUser(_:)`` of the isolation scope.
    public static func setUser(_ user: User?) { isolationScope.setUser(user) }
    /// ``Scope/setSession(_:)`` of the isolation scope.
    public static func setSession(_ id: String?) { isolationScope.setSession(id) }
    /// ``Scope/setContext(_:_:)`` of the isolation scope.
    public static func setContext(_ key: String, _ value: [String: JSONValue]?) { isolationScope.setContext(key, value) }
    /// ``Scope/setExtra(_:_:)`` of the isolation scope.
    public static func setExtra(_ key: String, _ value: JSONValue) { isolationScope.setExtra(key, value) }
    /// ``Scope/setLevel(_:)`` of the isolation scope.
    public static func setLevel(_ level: Level?) { isolationScope.setLevel(level) }
    /// ``Scope/setTransaction(_:)`` of the isolation scope.
    public static func setTransaction(_ name: String?) { isolationScope.setTransaction(name) }
    /// ``Scope/setFingerprint(_:)`` of the isolation scope.
    public static func setFingerprint(_ fingerprint: [String]?) { isolationScope.setFingerprint(fingerprint) }
    /// ``Scope/setRequest(_:)`` of the isolation scope.
    public static func setRequest(_ request: [String: JSONValue]?) { isolationScope.setRequest(request) }
    /// ``Scope/continueTrace(_:)`` of the isolation scope.
    @discardableResult
    public static func continueTrace(_ header: String) -> Bool { isolationScope.continueTrace(header) }
    /// ``Scope/addBreadcrumb(_:)`` of the isolation scope.
    public static func addBreadcrumb(_ breadcrumb: Breadcrumb) { isolationScope.addBreadcrumb(breadcrumb) }
    /// The same from its parts.
    public static func addBreadcrumb(
        message: String, category: String? = nil, level: Level? = nil, data: [String: JSONValue] = [:]
    ) {
        addBreadcrumb(Breadcrumb(message: message, category: category, level: level, data: data))
    }
    /// ``Scope/clearBreadcrumbs()`` of the isolation scope.
    public static func clearBreadcrumbs() { isolationScope.clearBreadcrumbs() }
}
