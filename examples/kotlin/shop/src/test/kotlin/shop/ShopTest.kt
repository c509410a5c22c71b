package shop

import io.faultwire.testing.Event
import io.faultwire.testing.Sink
import io.faultwire.testing.at
import io.faultwire.testing.listAt
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.util.concurrent.TimeUnit
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The example as its readers start it, with the requests that its comments name. */
class ShopTest {
    private val http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()

    private fun ask(url: String, body: String?, vararg headers: String): Int {
        val request = HttpRequest.newBuilder(URI(url))
        if (headers.isNotEmpty()) request.headers(*headers)
        if (body != null) request.POST(HttpRequest.BodyPublishers.ofString(body))
        return http.send(request.build(), HttpResponse.BodyHandlers.discarding()).statusCode()
    }

    @Test
    fun `each failure is one event, without the secrets in it`() = Sink().use { sink ->
        val java = ProcessHandle.current().info().command().get()
        val shop = ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), "shop.ShopKt")
            .apply { environment() += mapOf("FAULTWIRE_DSN" to sink.dsn, "PORT" to "0") }
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start()
        try {
            val url = shop.inputStream.bufferedReader().readLine()
            assertEquals(200, ask("$url/", null))
            assertEquals(500, ask("$url/orders/7?token=tok_live_5ecret", null, "Authorization", "Bearer s3ss10n-t0ken-abcdef", "X-Customer", "acme"))
            val order = """{"item": "tea", "card": "4111 1111 1111 1111"}"""
            assertEquals(500, ask("$url/checkout", order, "Content-Type", "application/json"))
            assertEquals(500, ask("$url/stock/tea", null, "Cookie", "sessionid=c00kie-5ecret"))
            assertEquals(200, ask("$url/quote/0", null))
            assertEquals(200, ask("$url/newsletter", "{}"))
            assertEquals(500, ask("$url/category/tea", null))
            assertEquals(404, ask("$url/missing", null))
            assertEquals(404, ask("$url/nowhere", null))
        } finally {
            // What was captured is delivered before it ends.
            shop.destroy()
            assertTrue(shop.waitFor(20, TimeUnit.SECONDS))
        }
        val events = sink.wait(6).associateBy { it["transaction"] ?: it.at("threads", "values", 0, "name") }
        assertEquals(setOf<Any?>("/orders/*", "/checkout", "/stock/*", "/quote/*", "newsletter", "/category/*"), events.keys)
        check(events)
        val sent = sink.raw()
        for (secret in listOf("tok_live_5ecret", "s3ss10n-t0ken", "4111 1111", "c00kie-5ecret", "hunter2")) {
            assertFalse(secret in sent, secret)
        }
    }

    private fun check(events: Map<Any?, Event>) {
        val handled = events.mapValues { (_, event) -> event.at("exception", "values", -1, "mechanism", "handled") }
        assertEquals(setOf<Any?>("/stock/*", "/quote/*"), handled.filterValues { it == true }.keys)
        val order = events.getValue("/orders/*")
        assertEquals("acme", order.at("user", "id"))
        assertEquals("order 7 looked up", order.at("breadcrumbs", "values", 0, "message"))
        assertEquals(2, events.getValue("/checkout").listAt("exception", "values").size)
        assertTrue("tea" in "${events.getValue("/checkout").at("request", "data")}")
        assertEquals("quote", events.getValue("/quote/*").at("tags", "feature"))
        val recursion = events.getValue("/category/*").at("exception", "values", -1)
        assertEquals("StackOverflowError", recursion.at("type"))
        assertTrue(recursion.listAt("stacktrace", "frames").size in 1..250)
    }
}
