import FaultwireBridge
import Foundation

/// What is known of an error's type, once.
struct ErrorType: Sendable {
    /// By which the engine knows it; 0 where it is not told.
    let id: Int64
    /// Without its module, or the domain of an `NSError`.
    let name: String
    let module: String?
    /// As an application names it in options.
    let qualified: String
    let names: [String]
    /// Instances are objects, of which it is known whether they were captured.
    let isObject: Bool
    /// `NSError`, or a class under it.
    let isNSError: Bool
    /// One of Foundation's own, of which the domain says more than the class.
    let isFoundation: Bool
    /// It conforms to these, which is slow to ask each time.
    let isCustom: Bool
    let isLocalized: Bool
    /// It says itself how it is described.
    let isDescribed: Bool

    func tell() {
        _ = internType(names: names)
    }
}

extension ErrorType {
    /// Types of which something is remembered, as many as the engine does. Programs have fewer, unless they make generic
    /// ones without end, or domains.
    private static let limit = 2048
    private static let known = Locked<[ObjectIdentifier: ErrorType]>([:])
    private static let domains = Locked<[String: ErrorType]>([:])

    static func of(_ error: any Error) -> ErrorType {
        let type = Swift.type(of: error) as Any.Type
        let key = ObjectIdentifier(type)
        let found = known.with { $0[key] } ?? learn(type, key)
        guard found.isFoundation else { return found }
        let domain = cut(error._domain, Limit.name)
        if let known = domains.with({ $0[domain] }) { return known }
        let names = [domain] + found.names
        let learnt = ErrorType(
            id: internType(names: names), name: domain, module: nil, qualified: domain, names: names,
            isObject: true, isNSError: true, isFoundation: true, isCustom: found.isCustom, isLocalized: found.isLocalized,
            isDescribed: found.isDescribed)
        return domains.with { table in
            if table.count >= limit { table.removeAll() }
            table[domain] = learnt
            return learnt
        }
    }

    private static func learn(_ type: Any.Type, _ key: ObjectIdentifier) -> ErrorType {
        var names: [String] = []
        var ancestor: AnyClass? = type as? AnyClass
        let isObject = ancestor != nil
        let own = split(type)
        names += [own.qualified, own.name]
        while let parent = ancestor.flatMap(_getSuperclass), names.count < Limit.errors {
            let inherited = split(parent)
            names += [inherited.qualified, inherited.name]
            ancestor = parent
        }
        let isNSError = type is NSError.Type
        // `__C` is where classes of Objective-C are.
        let isFoundations = own.module == nil || own.module == "__C" || own.module?.hasPrefix("Foundation") == true
        let learnt = ErrorType(
            id: internType(names: names), name: own.name, module: own.module, qualified: own.qualified, names: names,
            isObject: isObject, isNSError: isNSError, isFoundation: isNSError && isFoundations,
            isCustom: type is any CustomNSError.Type, isLocalized: type is any LocalizedError.Type,
            isDescribed: Description.isOwn(type))
        return known.with { table in
            if table.count >= limit { table.removeAll() }
            table[key] = learnt
            return learnt
        }
    }

    /// `Shop.Cart.Full` is `Cart.Full` of `Shop`.
    private static func split(_ type: Any.Type) -> (module: String?, name: String, qualified: String) {
        let text = name(type, qualified: true)
        guard let dot = text.firstIndex(of: "."), dot < (text.firstIndex(of: "<") ?? text.endIndex) else {
            return (nil, text, text)
        }
        return (String(text[..<dot]), String(text[text.index(after: dot)...]), text)
    }

    /// A type's name. The compiler names places that have no name, as of private types, by an address,
    /// `(unknown context at $5593c)`, which says nothing.
    static func name(_ type: Any.Type, qualified: Bool) -> String {
        var text = cut(qualified ? String(reflecting: type) : String(describing: type), Limit.name)
        while let start = text.range(of: "(unknown context at "), let end = text[start.upperBound...].range(of: ").") {
            text.removeSubrange(start.lowerBound..<end.upperBound)
        }
        return text
    }
}
