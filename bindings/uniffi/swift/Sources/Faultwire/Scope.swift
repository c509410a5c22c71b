import FaultwireBridge
import Foundation

/// Who is hit. All but `id` is sent only with the option `sendDefaultPii`.
public struct User: Sendable, Equatable {
    /// The application's own number or name for the user, by which people are counted.
    public var id: String?
    /// Sent with `sendDefaultPii` only.
    public var email: String?
    /// Sent with `sendDefaultPii` only.
    public var username: String?
    /// Sent with `sendDefaultPii` only.
    public var ipAddress: String?
    /// What else is known.
    public var data: [String: JSONValue]

    /// A user of whom so much is known.
    public init(
        id: String? = nil, email: String? = nil, username: String? = nil, ipAddress: String? = nil,
        data: [String: JSONValue] = [:]
    ) {
        self.id = id
        self.email = email
        self.username = username
        self.ipAddress = ipAddress
        self.data = data
    }

    /// By the protocol's names.
    var json: JSONValue {
        // However much else is known, these are there.
        var members = JSONValue.object(data).bounded.object
        members["id"] = id.map { .string(cut($0)) }
        members["email"] = email.map { .string(cut($0)) }
        members["username"] = username.map { .string(cut($0)) }
        members["ip_address"] = ipAddress.map { .string(cut($0)) }
        return .object(members)
    }
}

/// One layer of what is said about coming events: global < isolation < current. Values are copied, within limits. It can
/// be told things from any thread.
public final class Scope: Sendable {
    package let cell: ScopeCell
    let lastEventId = Locked<String?>(nil)

    /// A layer that starts from what `parent` holds now.
    package init(parent: Scope?, current: Bool) {
        cell = ScopeCell(parent: parent?.cell, current: current)
    }

    init(_ cell: ScopeCell) {
        self.cell = cell
    }

    /// Sets a searchable text: key of at most 200 of `[a-zA-Z0-9_.:-]`, value of at most 200 characters; `nil` forgets
    /// the tag of this layer.
    public func setTag(_ key: String, _ value: String?) {
        cell.setTag(key: cut(key), value: value.map { cut($0) })
    }

    /// Sets several tags.
    public func setTags(_ tags: [String: String]) {
        for (key, value) in tags {
            setTag(key, value)
        }
    }

    /// Says who is hit; `nil` forgets.
    public func setUser(_ user: User?) {
        cell.setPart(part: .user, value: user?.json.text)
    }

    /// Names the session of the user, to count how many are hit; `nil` forgets.
    public func setSession(_ id: String?) {
        cell.setPart(part: .session, value: id.map { cut($0) })
    }

    /// Sets a named object, shown with the event, at most 8 kB; `nil` forgets.
    public func setContext(_ key: String, _ value: [String: JSONValue]?) {
        cell.setContext(key: cut(key), value: value.map { JSONValue.object($0).bounded.text })
    }

    /// Sets free detail, at most 16 KiB a value.
    public func setExtra(_ key: String, _ value: JSONValue) {
        cell.setExtra(key: cut(key), value: value.bounded.text)
    }

    /// Sets the level of coming events whose call says none; `nil` forgets.
    public func setLevel(_ level: Level?) {
        cell.setPart(part: .level, value: level?.rawValue)
    }

    /// Names the route or job, at most 200 characters; `nil` forgets.
    public func setTransaction(_ name: String?) {
        cell.setPart(part: .transaction, value: name.map { cut($0) })
    }

    /// Groups coming events by these texts; `{{ default }}` stands for the usual grouping; `nil` forgets.
    public func setFingerprint(_ fingerprint: [String]?) {
        cell.setPart(part: .fingerprint, value: fingerprint.map { JSONValue.array($0.map(JSONValue.string)).bounded.text })
    }

    /// Says what request is worked on, in the form of the protocol: `url`, `method`, `headers`, `query_string`,
    /// `cookies`, `data`; `nil` forgets.
    public func setRequest(_ request: [String: JSONValue]?) {
        cell.setPart(part: .request, value: request.map { JSONValue.object($0).bounded(text: Limit.body).text })
    }

    /// Takes a `traceparent` or `sentry-trace` header into the event's trace; false where it is neither.
    @discardableResult
    public func continueTrace(_ header: String) -> Bool {
        cell.continueTrace(header: cut(header))
    }

    /// Remembers that something happened, for events to come; the oldest goes beyond `maxBreadcrumbs`.
    public func addBreadcrumb(_ breadcrumb: Breadcrumb) {
        // From a hook that is asked about one, it would be asked about this one, without end.
        guard !Inside.isHere else { return }
        let data = breadcrumb.data.isEmpty ? nil : JSONValue.object(breadcrumb.data).bounded.text
        cell.addBreadcrumb(
            message: breadcrumb.message.map { cut($0, Limit.message) }, category: breadcrumb.category.map { cut($0) },
            level: breadcrumb.level?.rawValue, kind: breadcrumb.type.map { cut($0) }, data: data,
            timestamp: breadcrumb.timestamp?.timeIntervalSince1970)
    }

    /// Forgets the breadcrumbs of this layer.
    public func clearBreadcrumbs() {
        cell.clearBreadcrumbs()
    }

    /// Forgets everything that this layer says.
    public func clear() {
        cell.clear()
    }
}
