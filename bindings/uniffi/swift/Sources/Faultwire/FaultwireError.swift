import FaultwireBridge

/// What Faultwire itself fails with: only ``Faultwire/start(_:)`` and ``Faultwire/explain(event:)`` do.
public struct FaultwireError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of mistake it was.
    public enum Kind: String, Sendable, CaseIterable {
        /// An option is out of range.
        case invalidOption = "invalid_option"
        /// A DSN does not parse.
        case invalidDsn = "invalid_dsn"
        /// An event does not parse.
        case invalidPayload = "invalid_payload"
        /// The engine could not do its work.
        case `internal` = "internal"
    }

    /// What kind of mistake it was.
    public let kind: Kind
    /// The option or field at fault, as the application writes it; empty when the whole input is.
    public let field: String
    /// What was expected of it. It never shows a secret.
    public let reason: String

    /// `field: reason`.
    public var description: String {
        field.isEmpty ? reason : "\(field): \(reason)"
    }
}

extension FaultwireError {
    /// The error that the engine means. It says the names of its options; the application knows ours.
    package init(_ error: BridgeError) {
        let (kind, field, reason): (Kind, String, String) =
            switch error {
            case .InvalidOption(let field, let reason): (.invalidOption, field, reason)
            case .InvalidDsn(let field, let reason): (.invalidDsn, field, reason)
            case .InvalidPayload(let field, let reason): (.invalidPayload, field, reason)
            case .Internal(let field, let reason): (.internal, field, reason)
            }
        self.init(kind: kind, field: Options.ourNames(field), reason: Options.ourNames(reason))
    }
}
