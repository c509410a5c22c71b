import FaultwireBridge
import Foundation

/// How a process ends. Its crashes are the engine's matter: option `captureCrashes`.
enum Endings {
    private static let installed = Locked(false)

    static func install() {
        let first = installed.with { installed in
            defer { installed = true }
            return !installed
        }
        guard first else { return }
        // Runs when `main` returns and by `exit`, before the libraries end.
        atexit { _ = FaultwireBridge.close(timeoutMs: nil) }
        #if canImport(ObjectiveC)
            ObjectiveCExceptions.install()
        #endif
    }
}

#if canImport(ObjectiveC)
    /// Exceptions of Objective-C that nobody catches end the process; the handler of before runs afterwards.
    private enum ObjectiveCExceptions {
        nonisolated(unsafe) private static var previous: (@convention(c) (NSException) -> Void)?

        static func install() {
            previous = NSGetUncaughtExceptionHandler()
            NSSetUncaughtExceptionHandler { exception in
                ObjectiveCExceptions.capture(exception)
                ObjectiveCExceptions.previous?(exception)
            }
        }

        private static func capture(_ exception: NSException) {
            let name = cut(exception.name.rawValue, Limit.name)
            let raised = Inside.run {
                Raised(
                    typeName: name, module: nil, value: exception.reason.map { cut($0, Limit.message) }, parent: nil,
                    source: nil, data: exception.userInfo.map { JSONValue(any: $0).text })
            }
            let context = CaptureContext(level: .fatal, handled: false, mechanism: "auto.objective_c.uncaught")
            _ = Faultwire.submit([raised], typeIds: [internType(names: [name])], context, Layers.here)
            _ = FaultwireBridge.flush(timeoutMs: nil)
        }
    }
#endif
