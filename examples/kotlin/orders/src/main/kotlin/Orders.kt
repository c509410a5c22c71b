// The same program in every language: an order that cannot be placed, and a queue that is long.
//
//     FAULTWIRE_DSN=http://KEY@HOST/1 java -cp 'examples/kotlin/orders/target/orders.jar:examples/kotlin/orders/target/lib/*' shop.OrdersKt
package shop

import io.faultwire.Faultwire
import io.faultwire.Level
import io.faultwire.User

/** As drivers do, it says in its text where it wanted to connect, password and all. */
class StockError(message: String) : Exception(message)

/** What the shop makes of it. */
class OrderFailed(order: Int, cause: Throwable) : Exception("order $order could not be placed", cause)

fun reserveStock() {
    throw StockError("no connection to postgres://shop:s3cret-Passw0rd@db.internal:5432/stock")
}

fun placeOrder(order: Int) {
    Faultwire.addBreadcrumb("placing order $order")
    try {
        reserveStock()
    } catch (error: StockError) {
        throw OrderFailed(order, error)
    }
}

fun main() {
    Faultwire.init {
        release = "shop@1.2.3"
        environment = "demo"
    }
    Faultwire.globalScope().setTag("service", "shop")

    // One request: what is said in here is on its events only.
    Faultwire.isolationScope {
        Faultwire.setUser(User(id = "42"))
        Faultwire.setTransaction("POST /orders")
        try {
            placeOrder(1001)
        } catch (error: OrderFailed) {
            Faultwire.captureException(error)
        }
    }

    Faultwire.withScope { scope ->
        scope.setTag("queue", "mail")
        Faultwire.captureMessage("the mail queue is long", Level.WARNING)
    }
}
