import Faultwire

extension Options {
    /// Sets an option by core's name.
    mutating func set(_ name: String, _ value: JSONValue) throws {
        switch name {
        case "dsn": dsn = value.string
        case "release": release = value.string
        case "environment": environment = value.string
        case "dist": dist = value.string
        case "sample_rate": sampleRate = value.double
        case "exception_sample_rates": exceptionSampleRates = value.object.compactMapValues(\.double)
        case "ignore_errors": ignoreErrors = value.array.compactMap(\.string)
        case "max_breadcrumbs": maxBreadcrumbs = value.int.map(Int.init)
        case "max_value_length": maxValueLength = value.int.map(Int.init)
        case "send_default_pii": sendDefaultPii = value.bool
        case "sanitize_keys": sanitizeKeys = value.array.compactMap(\.string)
        case "sanitize_patterns": sanitizePatterns = value.object.compactMapValues(\.string)
        case "fingerprint_mode": fingerprintMode = value.string.flatMap(FingerprintMode.init)
        case "storm_folding": stormFolding = value.bool
        case "storm_burst": stormBurst = value.int.map(Int.init)
        case "spool": spool = value.bool
        case "shutdown_timeout": shutdownTimeout = value.double
        default: throw Unknown(what: "option \(name)")
        }
    }
}

/// What a hook does: `{"merge": {...}}`, `{"drop": true}` or `{"throw": true}`.
struct Order: Sendable {
    let json: JSONValue

    init?(_ json: JSONValue) {
        guard !json.isNull else { return nil }
        self.json = json
    }

    func edited(_ told: JSONValue) throws -> JSONValue? {
        if json["throw"] == true { throw DatabaseDown("within a hook", nil) }
        if json["drop"] == true { return nil }
        var told = told
        for (key, value) in json["merge"].object {
            if case .object(let members) = told[key], case .object(let new) = value {
                told[key] = .object(members.merging(new) { _, new in new })
            } else {
                told[key] = value
            }
        }
        return told
    }

    func edited(_ told: Breadcrumb) throws -> Breadcrumb? {
        guard let data = try edited(.object(["data": .object(told.data)])) else { return nil }
        var told = told
        told.data = data["data"].object
        return told
    }
}
