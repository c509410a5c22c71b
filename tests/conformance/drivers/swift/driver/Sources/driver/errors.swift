import Foundation

/// The errors of the scenarios. Classes: of a value nobody knows whether it was captured before.
class Chained: LocalizedError, @unchecked Sendable {
    let message: String
    let cause: (any Error)?

    required init(_ message: String, _ cause: (any Error)?) {
        self.message = message
        self.cause = cause
    }

    var errorDescription: String? { message }
}

final class OrderFailed: Chained, @unchecked Sendable {}
final class StockMissing: Chained, @unchecked Sendable {}
final class DatabaseDown: Chained, @unchecked Sendable {}
final class Expected: Chained, @unchecked Sendable {}

private let types: [String: Chained.Type] = [
    "OrderFailed": OrderFailed.self, "StockMissing": StockMissing.self, "DatabaseDown": DatabaseDown.self,
    "Expected": Expected.self,
]

/// The first of the chain, with the next as its cause.
func made(_ chain: ArraySlice<(type: String, message: String)>) throws -> any Error {
    guard let first = chain.first, let type = types[first.type] else { throw Unknown(what: "error \(chain)") }
    return type.init(first.message, chain.count > 1 ? try made(chain.dropFirst()) : nil)
}

/// Something that this driver does not know.
struct Unknown: Error {
    let what: String
}
