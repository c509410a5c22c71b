import FaultwireBridge
import Foundation

/// An error and what it came from, breadth first, the one that was raised at the head. What they say is looked at only
/// for an event: their types tell one place from another.
package struct ErrorChain {
    private struct Link {
        let error: any Error
        let type: ErrorType
        let parent: Int32?
        let source: String?
        let userInfo: [String: Any]
    }

    private var links: [Link] = []
    private var waiting: [(error: any Error, parent: Int32?, source: String?)] = []
    private var objects: Set<ObjectIdentifier> = []

    package init(_ error: any Error) {
        self.init(error, ErrorType.of(error))
    }

    init(_ error: any Error, _ type: ErrorType) {
        waiting = [(error, nil, nil)]
        var next = 0
        while next < waiting.count {
            let (error, parent, source) = waiting[next]
            add(error, next == 0 ? type : ErrorType.of(error), parent, source)
            next += 1
        }
    }

    var typeIds: [Int64] { links.map(\.type.id) }

    /// As the engine takes them.
    package var raised: [Raised] {
        links.map { link in
            let text = Self.text(of: link.error, link.type, link.userInfo)
            return Raised(
                typeName: link.type.name, module: link.type.module, value: cut(text, Limit.message), parent: link.parent,
                source: link.source, data: Self.data(of: link.error, link.type, link.userInfo))
        }
    }

    private mutating func add(_ error: any Error, _ type: ErrorType, _ parent: Int32?, _ source: String?) {
        let at = Int32(links.count)
        let userInfo = Self.userInfo(of: error, type)
        links.append(Link(error: error, type: type, parent: parent, source: source, userInfo: userInfo))
        if type.isObject {
            objects.insert(ObjectIdentifier(error as AnyObject))
        }
        if !userInfo.isEmpty {
            if let underlying = userInfo[NSUnderlyingErrorKey] as? any Error {
                enqueue(underlying, at, "underlyingError")
            }
            for (index, underlying) in Self.several(userInfo[Self.multipleKey]).enumerated() {
                enqueue(underlying, at, "underlyingErrors[\(index)]")
            }
        }
        if !type.isNSError {
            held(by: Mirror(reflecting: error), at)
        }
    }

    /// `NSMultipleUnderlyingErrorsKey`, which older systems have not.
    private static let multipleKey = "NSMultipleUnderlyingErrorsKey"

    /// The first errors of a list: a cast to a list of errors would look at all.
    private static func several(_ list: Any?) -> [any Error] {
        let first = (list as? any Elements)?.first(Limit.errors) ?? (list as? [Any])?.prefix(Limit.errors).map { $0 }
        return (first ?? []).compactMap { $0 as? any Error }
    }

    /// Puts an error at the end; not one that stands in the chain already, which would have no end.
    private mutating func enqueue(_ error: any Error, _ parent: Int32, _ source: String) {
        guard waiting.count < Limit.errors else { return }
        if Swift.type(of: error) is AnyClass {
            let object = ObjectIdentifier(error as AnyObject)
            guard objects.insert(object).inserted else { return }
        }
        waiting.append((error, parent, source))
    }

    /// Errors of Swift hold what they came from in their own members: `case unreadable(file: String, cause: any Error)`.
    private mutating func held(by mirror: Mirror, _ parent: Int32, _ prefix: String = "", _ depth: Int = 2) {
        var mirror: Mirror? = mirror
        while let level = mirror {
            for (label, value) in level.children.prefix(Limit.errors) {
                let name = prefix + (label.flatMap { $0.hasPrefix(".") ? nil : $0 } ?? "cause")
                switch value {
                // Most often; what follows is slow.
                case is String, is Int: continue
                case let error as any Error: enqueue(error, parent, name)
                case let several as any Elements:
                    for (index, element) in several.first(Limit.errors).enumerated() {
                        guard let error = element as? any Error else { break }
                        enqueue(error, parent, "\(name)[\(index)]")
                    }
                default:
                    // Several values of a case stand in a tuple.
                    let inner = depth > 1 ? Mirror(reflecting: value) : nil
                    if let inner, inner.displayStyle == .tuple { held(by: inner, parent, name + ".", depth - 1) }
                }
            }
            mirror = level.superclassMirror
        }
    }

    // What an error says.

    private static func userInfo(of error: any Error, _ type: ErrorType) -> [String: Any] {
        if type.isNSError { return (error as NSError).userInfo }
        return type.isCustom ? (error as? any CustomNSError)?.errorUserInfo ?? [:] : [:]
    }

    private static func text(of error: any Error, _ type: ErrorType, _ userInfo: [String: Any]) -> String {
        if type.isLocalized, let text = (error as? any LocalizedError)?.errorDescription { return text }
        if !userInfo.isEmpty, let text = userInfo[NSLocalizedDescriptionKey] as? String { return text }
        if type.isNSError { return (error as NSError).localizedDescription }
        return type.isDescribed ? String(describing: error) : Description.of(error)
    }

    /// Domain, code and what else an `NSError` knows, of those that say any of it themselves.
    private static func data(of error: any Error, _ type: ErrorType, _ userInfo: [String: Any]) -> String? {
        let localized = type.isLocalized ? localized(error) : nil
        guard type.isNSError || type.isCustom else {
            return localized.map { JSONValue.object($0).text }
        }
        var data: [String: JSONValue] = localized ?? [:]
        let custom = type.isCustom ? error as? any CustomNSError : nil
        data["domain"] = .string(cut(custom.map { Swift.type(of: $0).errorDomain } ?? error._domain))
        data["code"] = .int(Int64(custom?.errorCode ?? error._code))
        var rest: [String: Any] = [:]
        for (key, value) in userInfo.prefix(Limit.breadth) where !shownElsewhere.contains(key) {
            rest[key] = value
        }
        if !rest.isEmpty { data["user_info"] = JSONValue(any: rest) }
        return JSONValue.object(data).text
    }

    private static let shownElsewhere: Set<String> = [NSUnderlyingErrorKey, multipleKey, NSLocalizedDescriptionKey]

    private static func localized(_ error: any Error) -> [String: JSONValue]? {
        guard let error = error as? any LocalizedError else { return nil }
        var data: [String: JSONValue] = [:]
        data["failure_reason"] = error.failureReason.map { .string(cut($0)) }
        data["recovery_suggestion"] = error.recoverySuggestion.map { .string(cut($0)) }
        return data.isEmpty ? nil : data
    }
}
