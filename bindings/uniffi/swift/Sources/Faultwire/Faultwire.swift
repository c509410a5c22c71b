import FaultwireBridge
import Foundation

/// Faultwire: what goes wrong in an application, told to those who can mend it.
///
///     try Faultwire.start { options in
///         options.dsn = "https://key@errors.example.com/1"
///         options.release = "shop@1.4.2"
///     }
///     do {
///         try order.place()
///     } catch {
///         Faultwire.capture(error: error)
///     }
///
/// Here: the client of the process. `Faultwire+Capture`: captures; `Faultwire+Scopes`: what is said about them.
/// But for ``start(_:)`` and ``explain(event:)`` nothing here throws, and no capture blocks.
public enum Faultwire {
    /// Makes the client of the process. Call it once, as early as possible; a second call replaces the client, and events
    /// of the first one are still sent.
    ///
    /// - Throws: ``FaultwireError``, naming the option.
    public static func start(_ configure: (_ options: inout Options) throws -> Void) throws {
        var options = Options()
        try configure(&options)
        try start(options)
    }

    /// The same with options that are made already.
    public static func start(_ options: Options) throws {
        try begin(options, captureTransport: false)
    }

    /// Whether captures go anywhere: after `start` with a DSN, before `close`.
    public static var isEnabled: Bool {
        FaultwireBridge.isEnabled()
    }

    /// Waits until all that was captured before is delivered or counted as lost; false when the time was not enough.
    /// `timeout` is in seconds, by default `shutdownTimeout`; within a hook nothing is waited for.
    @discardableResult
    public static func flush(timeout: TimeInterval? = nil) -> Bool {
        FaultwireBridge.flush(timeoutMs: milliseconds(timeout))
    }

    /// The same without a thread that waits.
    @discardableResult
    public static func flush(timeout: TimeInterval? = nil) async -> Bool {
        await aside { FaultwireBridge.flush(timeoutMs: milliseconds(timeout)) }
    }

    /// Flushes, then ends: later captures do nothing. A process that ends by `exit` or from its main function does this
    /// by itself.
    @discardableResult
    public static func close(timeout: TimeInterval? = nil) -> Bool {
        FaultwireBridge.close(timeoutMs: milliseconds(timeout))
    }

    /// The same without a thread that waits.
    @discardableResult
    public static func close(timeout: TimeInterval? = nil) async -> Bool {
        await aside { FaultwireBridge.close(timeoutMs: milliseconds(timeout)) }
    }

    /// Counters of everything that this process captured.
    public static var stats: Stats {
        (try? JSONDecoder().decode(Stats.self, from: Data(FaultwireBridge.stats().utf8))) ?? Stats()
    }

    /// The version of the engine.
    public static var version: String {
        FaultwireBridge.version()
    }
}

extension Faultwire {
    /// What `start` does. `captureTransport`: envelopes are kept instead of sent.
    package static func begin(_ options: Options, captureTransport: Bool) throws {
        let hooks = (
            options.beforeSend.map(BeforeSendHook.init), options.beforeBreadcrumb.map(BeforeBreadcrumbHook.init),
            options.errorSampler.map(ErrorSamplerHook.init)
        )
        do {
            try FaultwireBridge.`init`(
                options: options.json.text, runtime: Runtime(host: .swift, name: "Swift", version: compiler),
                beforeSend: hooks.0, beforeBreadcrumb: hooks.1, errorSampler: hooks.2,
                captureTransport: captureTransport)
        } catch let error as BridgeError {
            throw FaultwireError(error)
        }
        if !captureTransport {
            // Those of before are let go of outside of the lock: with them goes what their closures hold.
            var said: Options? = options
            current.with { swap(&$0, &said) }
        }
        Limit.learn(options)
        Seen.forget()
        Endings.install()
    }

    /// What the application said last, for its tests to put back.
    package static let current = Locked<Options?>(nil)

    /// The version of the language that this is compiled by.
    private static var compiler: String {
        #if compiler(>=6.3)
            "6.3"
        #elseif compiler(>=6.2)
            "6.2"
        #elseif compiler(>=6.1)
            "6.1"
        #else
            "6.0"
        #endif
    }

    private static func milliseconds(_ seconds: TimeInterval?) -> Int64? {
        // A hook would wait for what waits for it.
        guard !Inside.isHere else { return 0 }
        // A day is the most that the engine takes; what is no number waits for nothing.
        return seconds.map { Int64(min(max($0.isNaN ? 0 : $0, 0), 86400) * 1000) }
    }

    /// Waits on a thread that is none of the tasks'.
    private static func aside(_ wait: @escaping @Sendable () -> Bool) async -> Bool {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: wait()) }
        }
    }
}
