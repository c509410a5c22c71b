import FaultwireBridge
import Foundation

/// The order is that of the gate: cheapest test first, and no more looked at than it needs.
extension Faultwire {
    /// Captures an error with what it came from and the caller's stack. Never blocks.
    ///
    /// Gives the id of the new event; for one more occurrence of a storming place the id of the last full event; for an
    /// error object that was captured before its first id; otherwise `nil`.
    @discardableResult
    @inline(never)
    public static func capture(error: any Error, context: CaptureContext? = nil) -> String? {
        own { inCapture(error, context ?? .none) }
    }

    /// Captures a message. Never blocks. Without a `level` it is what the scopes say, and ``Level/info`` where they say
    /// none. `template` is the message before its values were put in, to group by.
    @discardableResult
    @inline(never)
    public static func capture(
        message: String, level: Level? = nil, template: String? = nil, params: [JSONValue] = [],
        context: CaptureContext? = nil
    ) -> String? {
        own {
            var context = context ?? .none
            context.level = context.level ?? level
            return submit(message, template, params, context)
        }
    }

    /// Captures an event in the protocol's own form. Never blocks. What is not an event, or more than 16 MiB of one, is
    /// counted as `invalid`.
    @discardableResult
    public static func capture(event: JSONValue) -> String? {
        own {
            // To write it down takes as long as it is large.
            guard isEnabled else { return nil }
            let layers = Layers.here
            let id = captureEvent(event: event.text, isolation: layers.isolation.cell, current: layers.current?.cell)
            return remembered(id, layers)
        }
    }

    /// The fingerprint of an error that would be captured here, and the record of what was hashed. Nothing is sent.
    @inline(never)
    public static func explain(error: any Error) -> JSONValue {
        let raised = Inside.run { ErrorChain(error, ErrorType.of(error)).raised }
        return JSONValue(parsing: explainException(raised: raised))
    }

    /// The same for an event in the protocol's form.
    ///
    /// - Throws: ``FaultwireError`` when it is none.
    public static func explain(event: JSONValue) throws -> JSONValue {
        do {
            return JSONValue(parsing: try explainEvent(event: event.text))
        } catch let error as BridgeError {
            throw FaultwireError(error)
        }
    }
}

extension Faultwire {
    /// Type id of what has no type.
    private static let noType: Int64 = 0
    /// The engine's answer where a rate would be: tell the type, then ask again.
    private static let unknownType = -2.0

    /// A capture. One within another is refused.
    private static func own(_ capture: () -> String?) -> String? {
        guard !Inside.isHere else {
            refuse(reason: "reentrant")
            return nil
        }
        return capture()
    }

    private static func inCapture(_ error: any Error, _ context: CaptureContext) -> String? {
        let type = ErrorType.of(error)
        let object = type.isObject ? error as AnyObject : nil
        if let object, case (true, let id) = Seen.find(object) {
            refuse(reason: "already_captured")
            return FaultwireBridge.isEnabled() ? id : nil
        }
        let layers = Layers.here
        var rate = rate(type.id, type.qualified, .error, context, layers)
        if rate == unknownType {
            type.tell()
            rate = self.rate(type.id, type.qualified, .error, context, layers)
        }
        guard rate >= 0 else { return nil }
        let chain = Inside.run { ErrorChain(error, type) }
        let id = submit(typeIds: chain.typeIds, rate, context, layers) { capture, circumstances in
            let raised = Inside.run { chain.raised }
            return capture.submitException(raised: raised, how: context.how, circumstances: circumstances)
        }
        if let object { Seen.remember(object, id) }
        return id
    }

    private static func submit(
        _ message: String, _ template: String?, _ params: [JSONValue], _ context: CaptureContext
    ) -> String? {
        let layers = Layers.here
        let rate = rate(noType, nil, .info, context, layers)
        guard rate >= 0 else { return nil }
        let withStack = settings()?.attachStacktrace == true
        return submit(typeIds: [], rate, context, layers, withStack: withStack) { capture, circumstances in
            capture.submitMessage(
                message: cut(message, Limit.message), template: template.map { cut($0, Limit.message) },
                params: params.isEmpty ? nil : JSONValue.array(params).bounded.text, circumstances: circumstances)
        }
    }

    /// For what is extracted already.
    static func submit(_ raised: [Raised], typeIds: [Int64], _ context: CaptureContext, _ layers: Layers) -> String? {
        let rate = rate(noType, raised.first?.typeName, .error, context, layers)
        guard rate >= 0 else { return nil }
        return submit(typeIds: typeIds, rate, context, layers) { capture, circumstances in
            capture.submitException(raised: raised, how: context.how, circumstances: circumstances)
        }
    }

    /// The first half of the gate. Nobody but the application's sampler looks at more than the type.
    private static func rate(
        _ typeId: Int64, _ type: String?, _ usual: Level, _ context: CaptureContext, _ layers: Layers
    ) -> Double {
        guard hasSampler() else {
            return sample(
                typeId: typeId, typeName: nil, level: "", logger: nil, isolation: nil, current: nil, call: nil)
        }
        return sample(
            typeId: typeId, typeName: type, level: usual.rawValue, logger: context.logger,
            isolation: layers.isolation.cell, current: layers.current?.cell, call: context.layer)
    }

    /// Through the second half of the gate, where the caller's stack is taken.
    private static func submit(
        typeIds: [Int64], _ rate: Double, _ context: CaptureContext, _ layers: Layers, withStack: Bool = true,
        _ submit: (Admitted, Circumstances) -> Bool
    ) -> String? {
        let admittance = admit(
            rate: rate, typeIds: typeIds, withStack: withStack, isolation: layers.isolation.cell,
            current: layers.current?.cell, call: context.layer)
        switch admittance {
        case .refused: return nil
        case .folded(let id): return remembered(id, layers)
        case .kept(let id, let capture):
            let circumstances = Circumstances(
                level: context.level?.rawValue ?? "", logger: context.logger.map { cut($0) }, threadId: ThisThread.id,
                threadName: ThisThread.name)
            return submit(capture, circumstances) ? remembered(id, layers) : nil
        }
    }

    private static func remembered(_ id: String?, _ layers: Layers) -> String? {
        if let id { layers.isolation.lastEventId.with { $0 = id } }
        return id
    }
}
