import FaultwireBridge
import Foundation

/// The application's closures, as the engine calls them: what crosses is JSON.

final class BeforeSendHook: BeforeSend {
    private let hook: @Sendable (JSONValue) throws -> JSONValue?

    init(_ hook: @escaping @Sendable (JSONValue) throws -> JSONValue?) {
        self.hook = hook
    }

    func edit(event: String) throws -> String? {
        do { return try hook(JSONValue(parsing: event))?.text } catch { throw HookError.Threw }
    }
}

final class BeforeBreadcrumbHook: BeforeBreadcrumb {
    private let hook: @Sendable (Breadcrumb) throws -> Breadcrumb?

    init(_ hook: @escaping @Sendable (Breadcrumb) throws -> Breadcrumb?) {
        self.hook = hook
    }

    func edit(breadcrumb: String) throws -> String? {
        do { return try hook(Breadcrumb(JSONValue(parsing: breadcrumb)))?.json.text } catch { throw HookError.Threw }
    }
}

final class ErrorSamplerHook: ErrorSampler {
    private let hook: @Sendable (SamplingContext) throws -> Double?

    init(_ hook: @escaping @Sendable (SamplingContext) throws -> Double?) {
        self.hook = hook
    }

    func rate(exceptionType: String?, level: String, logger: String?, transaction: String?) throws -> Double? {
        let level = Level(rawValue: level) ?? .error
        let context = SamplingContext(errorType: exceptionType, level: level, logger: logger, transaction: transaction)
        do { return try hook(context) } catch { throw HookError.Threw }
    }
}
