// Runs one scenario in Swift: `driver SCENARIO.json LIFE`. The form: tests/conformance/scenarios/README.md.

import Faultwire
import Foundation

/// Seconds; waited for counters at most.
let limit = 20.0

final class Player {
    private var scopes: [Scope] = []
    private var turn = 0

    func play(_ steps: [JSONValue]) throws {
        for step in steps {
            let op = step["op"].string ?? ""
            let inner = step["steps"].array
            switch op {
            case "with_scope":
                try Faultwire.withScope { scope in
                    scopes.append(scope)
                    try play(inner)
                    scopes.removeLast()
                }
            case "isolation":
                try Faultwire.withIsolationScope { _ in try play(inner) }
            case "repeat":
                let times = Int(step["times"].int ?? 0)
                turn = 0
                while turn < times {
                    turn += 1
                    try play(inner)
                }
            case "sink":
                // Another mode of the server: the other side sets it, then goes on with this one.
                try tell(op, .null)
                _ = readLine()
            default:
                if try !say(op, step) { try tell(op, try call(op, step)) }
            }
        }
    }

    /// Tells a scope something; false where that is no such step.
    private func say(_ op: String, _ step: JSONValue) throws -> Bool {
        let scope =
            switch step["on"].string {
            case "global": Faultwire.globalScope
            case "scope": scopes[scopes.count - 1]
            default: Faultwire.isolationScope
            }
        let (key, value) = (step["key"].string ?? "", step["value"])
        switch op {
        case "set_tag": scope.setTag(key, value.string)
        case "remove_tag": scope.setTag(key, nil)
        case "set_user": scope.setUser(user(step["user"]))
        case "set_session": scope.setSession(step["id"].string)
        case "set_context": scope.setContext(key, value.isNull ? nil : value.object)
        case "set_extra": scope.setExtra(key, value)
        case "set_level": scope.setLevel(level(step["level"]))
        case "set_transaction": scope.setTransaction(step["name"].string)
        case "set_fingerprint": scope.setFingerprint(step["parts"].array.compactMap(\.string))
        case "add_breadcrumb": scope.addBreadcrumb(breadcrumb(step["breadcrumb"]))
        case "clear_breadcrumbs": scope.clearBreadcrumbs()
        default: return false
        }
        return true
    }

    private func call(_ op: String, _ step: JSONValue) throws -> JSONValue {
        let timeout = step["timeout"].double
        switch op {
        case "init": return try start(step)
        case "capture_exception": return try captureSame(step, 1)[0]
        case "capture_same": return try captureSame(step, Int(step["times"].int ?? 0))
        case "capture_message":
            return text(Faultwire.capture(message: step["message"].string ?? "", level: level(step["level"])))
        case "capture_event": return text(Faultwire.capture(event: step["event"]))
        case "continue_trace": return .bool(Faultwire.continueTrace(step["header"].string ?? ""))
        case "last_event_id": return text(Faultwire.lastEventId)
        case "is_enabled": return .bool(Faultwire.isEnabled)
        case "flush": return .bool(Faultwire.flush(timeout: timeout))
        case "close": return .bool(Faultwire.close(timeout: timeout))
        case "stats": return try stats(until: step["until"].object)
        case "throw": throw try made(chain(step)[...])
        default: throw Unknown(what: "step \(op)")
        }
    }

    private func start(_ step: JSONValue) throws -> JSONValue {
        do {
            try Faultwire.start { options in
                for (name, value) in step["options"].object {
                    try options.set(name, value)
                }
                if let order = Order(step["before_send"]) {
                    options.beforeSend = { try order.edited($0) }
                }
                if let order = Order(step["before_breadcrumb"]) {
                    options.beforeBreadcrumb = { try order.edited($0) }
                }
                let drops = step["sampler_drops"].array.compactMap(\.string)
                if !drops.isEmpty {
                    options.errorSampler = { drops.contains("\($0.level.rawValue) \($0.transaction ?? "")") ? 0 : 1 }
                }
            }
        } catch let error as FaultwireError {
            return ["kind": .string(error.kind.rawValue), "field": .string(snakeCase(error.field))]
        }
        return .null
    }

    private func captureSame(_ step: JSONValue, _ times: Int) throws -> JSONValue {
        let numbered = chain(step).map { told in
            (type: told.type, message: told.message.replacingOccurrences(of: "{n}", with: "\(turn)"))
        }
        let error = try made(numbered[...])
        return .array((0..<times).map { _ in text(Faultwire.capture(error: error)) })
    }
}

func stats(until: [String: JSONValue]) throws -> JSONValue {
    let end = Date(timeIntervalSinceNow: limit)
    while true {
        let stats = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(Faultwire.stats))
        if Date() > end || until.allSatisfy({ stats[$0.key] == $0.value }) { return stats }
        Thread.sleep(forTimeInterval: 0.02)
    }
}

func chain(_ step: JSONValue) -> [(type: String, message: String)] {
    step["chain"].array.map { ($0[0].string ?? "", $0[1].string ?? "") }
}

func user(_ json: JSONValue) -> User? {
    guard !json.isNull else { return nil }
    let known = ["id", "email", "username", "ip_address"]
    return User(
        id: json["id"].string, email: json["email"].string, username: json["username"].string,
        ipAddress: json["ip_address"].string, data: json.object.filter { !known.contains($0.key) })
}

func breadcrumb(_ json: JSONValue) -> Breadcrumb {
    Breadcrumb(
        message: json["message"].string, category: json["category"].string, level: level(json["level"]),
        type: json["type"].string, data: json["data"].object)
}

func level(_ json: JSONValue) -> Level? {
    json.string.flatMap(Level.init)
}

func text(_ text: String?) -> JSONValue {
    text.map(JSONValue.string) ?? .null
}

func snakeCase(_ name: String) -> String {
    String(name.flatMap { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" })
}

func tell(_ op: String, _ result: JSONValue) throws {
    let line = try JSONEncoder().encode(JSONValue.object(["op": .string(op), "result": result]))
    FileHandle.standardOutput.write(line + Data("\n".utf8))
}

let arguments = CommandLine.arguments
let scenario = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: URL(fileURLWithPath: arguments[1])))
guard let life = Int(arguments[2]) else { throw Unknown(what: "life \(arguments[2])") }
try Player().play(scenario["lives"][life]["steps"].array)
