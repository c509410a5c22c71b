import Foundation

/// What ``Faultwire/start(_:)`` can be told. What is unset takes the engine's default. Times are in seconds.
public struct Options: Sendable {
    /// How much of a request's body is kept.
    public enum RequestBodySize: String, Sendable {
        /// Nothing; 1 KiB; 10 KiB; 100 KiB.
        case never, small, medium, always
    }

    /// How the fingerprint that is made here travels.
    public enum FingerprintMode: String, Sendable {
        /// Beside the event: a backend that does not know it groups by its own rules.
        case context
        /// As the event's own, which every backend groups by.
        case override
    }

    // Which events, and where they go.

    /// `SCHEME://KEY@HOST/PROJECT`. Unset: FAULTWIRE_DSN, then SENTRY_DSN; without any, Faultwire is disabled.
    public var dsn: String?
    /// Version of the application. Environment: FAULTWIRE_RELEASE, then SENTRY_RELEASE.
    public var release: String?
    /// Default `production`. Environment: FAULTWIRE_ENVIRONMENT, then SENTRY_ENVIRONMENT.
    public var environment: String?
    /// Build of the release.
    public var dist: String?
    /// Default: the host's name.
    public var serverName: String?
    /// Share of events kept, 0.0 to 1.0, default 1.0.
    public var sampleRate: Double?
    /// Shares by error type, which go before `sampleRate`: `["Shop.Busy": 0.1]`, or `Busy`; an `NSError` by its domain.
    public var exceptionSampleRates: [String: Double]?
    /// Error types, named as in `exceptionSampleRates`, that are never captured. A class counts for its subclasses.
    public var ignoreErrors: [String]?
    /// Default 100, 0 to 1000; 0 switches them off.
    public var maxBreadcrumbs: Int?
    /// Attach the caller's stack to messages; default false.
    public var attachStacktrace: Bool?

    // What may be sent.

    /// Send e-mail and IP addresses, user names and cookies; default false. Secrets are filtered all the same.
    public var sendDefaultPii: Bool?
    /// Has no effect on Swift's frames, whose variables cannot be read; here so that options can be shared.
    public var includeLocalVariables: Bool?
    /// Has no effect: it is Python's.
    public var runUserRepr: Bool?
    /// Send source lines around each frame where the file is at hand; default true.
    public var includeSourceContext: Bool?
    /// How much of a request's body an integration keeps; default `medium`. What ``Scope/setRequest(_:)`` is told is kept
    /// as it is told.
    public var maxRequestBodySize: RequestBodySize?
    /// Characters kept of a value, default 1024, 16 to 65536.
    public var maxValueLength: Int?
    /// Names whose values are filtered, besides the built-in ones.
    public var sanitizeKeys: [String]?
    /// Kind to regular expression (Rust's dialect); what matches is shown as `[Filtered:kind]`.
    public var sanitizePatterns: [String: String]?

    // Frames and grouping.

    /// Prefixes of modules that are the application's own.
    public var inAppInclude: [String]?
    /// Prefixes of modules that are not; `inAppInclude` goes before it.
    public var inAppExclude: [String]?
    /// Frames to drop: `module`, `module:function` or `platform|module:function`.
    public var frameBlocklist: [String]?
    /// `context` (default) leaves the backend's grouping alone, `override` replaces it.
    public var fingerprintMode: FingerprintMode?
    /// Count repetitions exactly instead of sending each; default true.
    public var stormFolding: Bool?
    /// Full events a place and window before that, default 100.
    public var stormBurst: Int?
    /// Seconds, default 60; at least 1.
    public var stormWindow: TimeInterval?

    // Delivery.

    /// URL; default: the environment's.
    public var httpProxy: String?
    /// URL; default: the environment's.
    public var httpsProxy: String?
    /// Path of a PEM file of authorities to trust besides the system's.
    public var caCerts: String?
    /// Seconds that leaving the process may wait, default 2.
    public var shutdownTimeout: TimeInterval?
    /// Send what is on its way before SIGTERM ends the process, unless the application handles it; default false.
    public var flushOnSigterm: Bool?
    /// Captures that may wait for the worker, default 4096; more are lost, as `queue_overflow`.
    public var maxQueueEvents: Int?
    /// Their bytes, about, default 32 MiB.
    public var maxQueueBytes: Int?
    /// Bytes of finished events that may wait in memory, default 32 MiB; the oldest are lost, as `cache_overflow`.
    public var maxOutboxBytes: Int?
    /// Keep events on disk until they are delivered, so that they outlive the process; default true.
    public var spool: Bool?
    /// Where; default `$XDG_STATE_HOME/faultwire` or the platform's like.
    public var spoolDir: String?
    /// Bytes, default 64 MiB, of all processes together; the oldest events are lost, as `cache_overflow`.
    public var spoolMaxBytes: Int?
    /// Seconds after which an event is not sent any more, default 3 days, at most 7.
    public var spoolMaxAge: TimeInterval?
    /// Have the disk confirm each event; default false.
    public var spoolSync: Bool?
    /// Record crashes, as by `fatalError` or a failed `!`, beside the spool, to be reported by the next start; default false.
    public var captureCrashes: Bool?
    /// Say on stderr what goes on, never the content of an event; default false.
    public var debug: Bool?

    // The application's code. What it throws is not looked at.

    /// Looks at a finished, sanitized event on Faultwire's worker thread: gives what is sent; `nil`, or a throw, drops it.
    public var beforeSend: (@Sendable (_ event: JSONValue) throws -> JSONValue?)?
    /// Looks at a breadcrumb on the thread that adds it: gives what is kept; `nil`, or a throw, drops it.
    public var beforeBreadcrumb: (@Sendable (_ breadcrumb: Breadcrumb) throws -> Breadcrumb?)?
    /// Says the share of such captures that is kept, 0.0 to 1.0, on the thread that captures, before anything else is
    /// looked at. `nil`, or a throw, leaves it to the other options.
    public var errorSampler: (@Sendable (_ capture: SamplingContext) throws -> Double?)?

    /// Nothing is set.
    public init() {}
}

/// What an ``Options/errorSampler`` is asked about.
public struct SamplingContext: Sendable {
    /// Type of the error, as `Shop.PaymentError`, or the domain of an `NSError`; `nil` for messages.
    public let errorType: String?
    /// As the event would have it.
    public let level: Level
    /// As ``CaptureContext/logger``.
    public let logger: String?
    /// Route or job of the innermost scope that names one.
    public let transaction: String?
}

extension Options {
    /// Our names, and the engine's.
    package static let names: [(ours: String, engine: String)] = [
        ("dsn", "dsn"),
        ("release", "release"),
        ("environment", "environment"),
        ("dist", "dist"),
        ("serverName", "server_name"),
        ("sampleRate", "sample_rate"),
        ("exceptionSampleRates", "exception_sample_rates"),
        ("ignoreErrors", "ignore_errors"),
        ("maxBreadcrumbs", "max_breadcrumbs"),
        ("attachStacktrace", "attach_stacktrace"),
        ("sendDefaultPii", "send_default_pii"),
        ("includeLocalVariables", "include_local_variables"),
        ("runUserRepr", "run_user_repr"),
        ("includeSourceContext", "include_source_context"),
        ("maxRequestBodySize", "max_request_body_size"),
        ("maxValueLength", "max_value_length"),
        ("sanitizeKeys", "sanitize_keys"),
        ("sanitizePatterns", "sanitize_patterns"),
        ("inAppInclude", "in_app_include"),
        ("inAppExclude", "in_app_exclude"),
        ("frameBlocklist", "frame_blocklist"),
        ("fingerprintMode", "fingerprint_mode"),
        ("stormFolding", "storm_folding"),
        ("stormBurst", "storm_burst"),
        ("stormWindow", "storm_window"),
        ("httpProxy", "http_proxy"),
        ("httpsProxy", "https_proxy"),
        ("caCerts", "ca_certs"),
        ("shutdownTimeout", "shutdown_timeout"),
        ("flushOnSigterm", "flush_on_sigterm"),
        ("maxQueueEvents", "max_queue_events"),
        ("maxQueueBytes", "max_queue_bytes"),
        ("maxOutboxBytes", "max_outbox_bytes"),
        ("spool", "spool"),
        ("spoolDir", "spool_dir"),
        ("spoolMaxBytes", "spool_max_bytes"),
        ("spoolMaxAge", "spool_max_age"),
        ("spoolSync", "spool_sync"),
        ("captureCrashes", "capture_crashes"),
        ("debug", "debug"),
    ]

    /// The engine's names in a text, as they are here.
    static func ourNames(_ text: String) -> String {
        guard text.contains("_") else { return text }
        // The longest first: some names begin others.
        return names.filter { $0.engine.contains("_") }.sorted { $0.engine.count > $1.engine.count }.reduce(text) {
            $0.replacingOccurrences(of: $1.engine, with: $1.ours)
        }
    }

    /// As the engine takes them.
    package var json: JSONValue {
        let said: [String: JSONValue?] = [
            "dsn": dsn.map(JSONValue.string),
            "release": release.map(JSONValue.string),
            "environment": environment.map(JSONValue.string),
            "dist": dist.map(JSONValue.string),
            "server_name": serverName.map(JSONValue.string),
            "sample_rate": sampleRate.map(JSONValue.double),
            "exception_sample_rates": exceptionSampleRates.map { .object($0.mapValues(JSONValue.double)) },
            "ignore_errors": ignoreErrors.map { .array($0.map(JSONValue.string)) },
            "max_breadcrumbs": maxBreadcrumbs.map { .int(Int64($0)) },
            "attach_stacktrace": attachStacktrace.map(JSONValue.bool),
            "send_default_pii": sendDefaultPii.map(JSONValue.bool),
            "include_local_variables": includeLocalVariables.map(JSONValue.bool),
            "run_user_repr": runUserRepr.map(JSONValue.bool),
            "include_source_context": includeSourceContext.map(JSONValue.bool),
            "max_request_body_size": maxRequestBodySize.map { .string($0.rawValue) },
            "max_value_length": maxValueLength.map { .int(Int64($0)) },
            "sanitize_keys": sanitizeKeys.map { .array($0.map(JSONValue.string)) },
            "sanitize_patterns": sanitizePatterns.map { .object($0.mapValues(JSONValue.string)) },
            "in_app_include": inAppInclude.map { .array($0.map(JSONValue.string)) },
            "in_app_exclude": inAppExclude.map { .array($0.map(JSONValue.string)) },
            "frame_blocklist": frameBlocklist.map { .array($0.map(JSONValue.string)) },
            "fingerprint_mode": fingerprintMode.map { .string($0.rawValue) },
            "storm_folding": stormFolding.map(JSONValue.bool),
            "storm_burst": stormBurst.map { .int(Int64($0)) },
            "storm_window": stormWindow.map(JSONValue.double),
            "http_proxy": httpProxy.map(JSONValue.string),
            "https_proxy": httpsProxy.map(JSONValue.string),
            "ca_certs": caCerts.map(JSONValue.string),
            "shutdown_timeout": shutdownTimeout.map(JSONValue.double),
            "flush_on_sigterm": flushOnSigterm.map(JSONValue.bool),
            "max_queue_events": maxQueueEvents.map { .int(Int64($0)) },
            "max_queue_bytes": maxQueueBytes.map { .int(Int64($0)) },
            "max_outbox_bytes": maxOutboxBytes.map { .int(Int64($0)) },
            "spool": spool.map(JSONValue.bool),
            "spool_dir": spoolDir.map(JSONValue.string),
            "spool_max_bytes": spoolMaxBytes.map { .int(Int64($0)) },
            "spool_max_age": spoolMaxAge.map(JSONValue.double),
            "spool_sync": spoolSync.map(JSONValue.bool),
            "capture_crashes": captureCrashes.map(JSONValue.bool),
            "debug": debug.map(JSONValue.bool),
        ]
        return .object(said.compactMapValues { $0 })
    }
}
