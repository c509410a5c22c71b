// A shop in servlets that fails in several ways; each failure is one event. The same shop as
// `examples/python/fastapi_app.py` and `examples/node/express_app.js`, with the same faults.
//
//     mvn package
//     FAULTWIRE_DSN=http://KEY@HOST/1 PORT=8080 java -cp 'target/classes:target/lib/*' shop.ShopKt
//
//     curl 'localhost:8080/orders/7?token=tok_secret' -H 'Authorization: Bearer abc' -H 'X-Customer: acme'
//     curl localhost:8080/checkout -d '{"item": "tea", "card": "4111 1111 1111 1111"}' -H 'Content-Type: application/json'
package shop

import io.faultwire.Faultwire
import io.faultwire.User
import io.faultwire.servlet.FaultwireFilter
import jakarta.servlet.http.HttpServlet
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse
import java.nio.file.Files
import kotlin.concurrent.thread
import org.apache.catalina.startup.Tomcat
import org.slf4j.LoggerFactory

private val log = LoggerFactory.getLogger("shop")

/** What it says of the user is on this request's events, and on no other's. */
private fun customer(request: HttpServletRequest): String {
    val name = request.getHeader("X-Customer") ?: "guest"
    Faultwire.setUser(User(id = name))
    return name
}

private fun home(request: HttpServletRequest, response: HttpServletResponse) {
    if (request.requestURI == "/") response.writer.print("""{"status": "ok"}""") else response.sendError(404)
}

/** An unhandled error, with secrets in the query, the headers and its own message. */
private fun order(request: HttpServletRequest, response: HttpServletResponse) {
    val number = request.pathInfo.drop(1).toInt()
    val who = customer(request)
    log.info("order {} looked up", number)
    val connection = "postgres://shop:hunter2-$who@db.internal/orders"
    response.writer.print(price(number, connection))
}

private fun price(number: Int, connection: String): Double =
    mapOf(1 to 9.5, 2 to 12.0)[number] ?: throw NoSuchElementException("no order $number at $connection")

/** A chained error: what failed below is the cause of what is reported. */
private fun checkout(request: HttpServletRequest, response: HttpServletResponse) {
    val who = customer(request)
    val order = request.reader.readText()
    Faultwire.setContext("checkout", mapOf("characters" to order.length))
    try {
        response.writer.print(charge(order))
    } catch (error: IllegalArgumentException) {
        throw IllegalStateException("checkout of $who failed", error)
    }
}

private fun charge(order: String): String {
    require("\"price\"" in order) { "an order without a price" }
    return order
}

/** Logged with its stack and then thrown on: one event, not two. */
private fun stock(request: HttpServletRequest, response: HttpServletResponse) {
    val item = request.pathInfo.drop(1)
    try {
        response.writer.print(System.getenv("STOCK_${item.uppercase()}").orEmpty().toInt())
    } catch (error: NumberFormatException) {
        log.error("no stock known of {}", item, error)
        throw error
    }
}

/** A handled error: the client gets an answer, and we get to know. */
private fun quote(request: HttpServletRequest, response: HttpServletResponse) {
    val eventId = try {
        response.writer.print(100 / request.pathInfo.drop(1).toInt())
        return
    } catch (error: ArithmeticException) {
        Faultwire.captureException(error) { tags = mapOf("feature" to "quote") }
    }
    response.writer.print("""{"price": null, "report": "$eventId"}""")
}

/** A failure after the answer was sent, on a thread that nobody waits for. */
private fun newsletter(request: HttpServletRequest, response: HttpServletResponse) {
    thread(name = "newsletter") { send(listOf("ann@example.com", "")) }
    response.writer.print("""{"status": "queued"}""")
}

private fun send(addresses: List<String>) {
    for (address in addresses) {
        require("@" in address) { "an address without @" }
    }
}

/** A recursion without an end: a thousand frames arrive as a few. */
private fun category(request: HttpServletRequest, response: HttpServletResponse) {
    response.writer.print(listed(request.pathInfo.drop(1)))
}

private fun listed(name: String): List<String> = listed(name) + name

/** No failure of ours: answers below 500 are not captured. */
private fun missing(request: HttpServletRequest, response: HttpServletResponse) = response.sendError(404, "no such page")

private class Page(private val handle: (HttpServletRequest, HttpServletResponse) -> Unit) : HttpServlet() {
    override fun service(request: HttpServletRequest, response: HttpServletResponse) = handle(request, response)
}

fun main() {
    Faultwire.init {
        release = "shop@1.4.2"
        environment = "demo"
        inAppInclude = listOf("shop")
    }
    val pages = mapOf(
        "/" to ::home,
        "/orders/*" to ::order,
        "/checkout" to ::checkout,
        "/stock/*" to ::stock,
        "/quote/*" to ::quote,
        "/newsletter" to ::newsletter,
        "/category/*" to ::category,
        "/missing" to ::missing,
    )
    val folder = Files.createTempDirectory("shop").toFile().apply { deleteOnExit() }
    val tomcat = Tomcat()
    tomcat.setBaseDir(folder.path)
    tomcat.setPort(System.getenv("PORT")?.toInt() ?: 0)
    tomcat.connector.setProperty("address", "127.0.0.1")
    val context = tomcat.addContext("", null)
    // That is all: every request is covered.
    context.addServletContainerInitializer({ _, servlets -> FaultwireFilter.install(servlets) }, null)
    for ((path, handle) in pages) {
        Tomcat.addServlet(context, path, Page(handle)).addMapping(path)
    }
    tomcat.start()
    println("http://127.0.0.1:${tomcat.connector.localPort}")
    tomcat.server.await()
}
