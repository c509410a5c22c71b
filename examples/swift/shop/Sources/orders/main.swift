/// The same program in every language: an order that cannot be placed, and a queue that is long.
///
///     FAULTWIRE_DSN=http://KEY@HOST/1 scripts/swift.sh examples/swift/shop/.build/debug/orders

import Faultwire

/// As drivers do, it says in its text where it wanted to connect, password and all.
struct StockError: Error, CustomStringConvertible {
    let description: String
}

/// What the shop makes of it.
struct OrderFailed: Error, CustomStringConvertible {
    let order: Int
    let cause: any Error

    var description: String { "order \(order) could not be placed" }
}

func reserveStock(_ order: Int) throws {
    throw StockError(description: "no connection to postgres://shop:s3cret-Passw0rd@db.internal:5432/stock")
}

func placeOrder(_ order: Int) throws {
    Faultwire.addBreadcrumb(message: "placing order \(order)")
    do {
        try reserveStock(order)
    } catch {
        throw OrderFailed(order: order, cause: error)
    }
}

try Faultwire.start { options in
    options.release = "shop@1.2.3"
    options.environment = "demo"
}
Faultwire.globalScope.setTag("service", "shop")

// One request: what is said in here is on its events only.
Faultwire.withIsolationScope { _ in
    Faultwire.setUser(User(id: "42"))
    Faultwire.setTransaction("POST /orders")
    do {
        try placeOrder(1001)
    } catch {
        Faultwire.capture(error: error)
    }
}

Faultwire.withScope { scope in
    scope.setTag("queue", "mail")
    Faultwire.capture(message: "the mail queue is long", level: .warning)
}
