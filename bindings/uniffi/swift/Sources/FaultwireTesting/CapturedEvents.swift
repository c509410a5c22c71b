/// For an application's tests: a client that keeps its events instead of sending them.
///
///     let captured = try CapturedEvents()
///     defer { captured.stop() }
///     runTheCode()
///     #expect(captured.events[0]["exception"]["values"][0]["type"] == "PaymentError")
///
/// There is one client in a process, so tests that do this must not run at the same time (`.serialized`).

import Faultwire
import FaultwireBridge
import Foundation

/// What was captured. Each look waits until the engine has finished what came before it.
public final class CapturedEvents: Sendable {
    /// One request: its header, and its items as header and payload.
    public struct Envelope: Sendable {
        /// Of the request.
        public let header: JSONValue
        /// Events and whatever goes with them; a payload is JSON.
        public let items: [(header: JSONValue, payload: String)]
    }

    /// Goes nowhere. The name is reserved for such uses.
    private static let dsn = "https://key@faultwire.invalid/1"
    /// Seconds that a look waits.
    private static let patience = 10.0

    private let taken = Locked<[Envelope]>([])
    private let before = Faultwire.isEnabled ? Faultwire.current.with { $0 } : nil

    /// Has events kept from now on, with these options, starting with empty scopes.
    ///
    /// - Throws: what ``Faultwire/start(_:)`` throws.
    public init(_ configure: (_ options: inout Options) -> Void = { _ in }) throws {
        var options = Options()
        options.dsn = Self.dsn
        options.spool = false
        configure(&options)
        try Faultwire.begin(options, captureTransport: true)
        Layers.forget()
    }

    /// All envelopes, oldest first.
    public var envelopes: [Envelope] {
        Faultwire.flush(timeout: Self.patience)
        let new = JSONValue(parsing: takenEnvelopes()).array.map { envelope in
            Envelope(header: envelope[0], items: envelope[1].array.map { ($0[0], $0[1].string ?? "") })
        }
        return taken.with { taken in
            taken += new
            return taken
        }
    }

    /// All events as they would be sent, oldest first.
    public var events: [JSONValue] {
        envelopes.flatMap(\.items).filter { $0.header["type"] == "event" }.map { JSONValue(parsing: $0.payload) }
    }

    /// Forgets what was captured so far.
    public func clear() {
        _ = envelopes
        taken.with { $0.removeAll() }
    }

    /// Puts back the client that was there before, with empty scopes.
    public func stop() {
        abandonClient()
        Layers.forget()
        if let before { try? Faultwire.start(before) }
    }
}
