import FaultwireBridge
import Foundation

/// The application's closures, as the engine calls them: what crosses is JSON. What they throw is not looked at.

final class BeforeSendHook: BeforeSend {
    private let hook: @Sendable (JSONValue) throws -> JSONValue?

    init(_ hook: @escaping @Sendable (JSONValue) throws -> JSONValue?) {
        self.hook = hook
    }

    func edit(event: String) throws -> String? {
        try asked { try hook(JSONValue(parsing: event))?.text }
    }
}

final class BeforeBreadcrumbHook: BeforeBreadcrumb {
    private let hook: @Sendable (Breadcrumb) throws -> Breadcrumb?

    init(_ hook: @escaping @Sendable (Breadcrumb) throws -> Breadcrumb?) {
        self.hook = hook
    }

    func edit(breadcrumb: String) throws -> String? {
        try asked { try hook(Breadcrumb(JSONValue(parsing: breadcrumb)))?.json.text }
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
        return try asked { try hook(context) }
    }
}

private func asked<Answer>(_ hook: () throws -> Answer) throws -> Answer {
    do { return try Inside.run(hook) } catch { throw HookError.Threw }
}
