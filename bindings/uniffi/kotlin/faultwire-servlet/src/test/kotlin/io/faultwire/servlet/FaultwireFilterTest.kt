package io.faultwire.servlet

import io.faultwire.Faultwire
import io.faultwire.RequestBodySize
import io.faultwire.testing.Event
import io.faultwire.testing.Sink
import io.faultwire.testing.at
import java.util.logging.LogManager
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test

/** The filter in a real container, with real requests and a real server. */
class FaultwireFilterTest {
    private val sink = Sink()
    private val shop: Shop

    init {
        // What Tomcat logs of what escapes.
        LogManager.getLogManager().reset()
        shop = Shop()
    }

    @BeforeEach
    fun start() = start(RequestBodySize.MEDIUM)

    private fun start(bodies: RequestBodySize) = Faultwire.init {
        dsn = sink.dsn
        spool = false
        maxRequestBodySize = bodies
    }

    private fun events(count: Int): List<Event> {
        assertTrue(Faultwire.flush(10_000), "${Faultwire.stats()}")
        return sink.wait(count).also { assertEquals(count, it.size) }
    }

    private fun Event.mechanism(): Map<*, *> =
        (at("exception", "values", -1, "mechanism") as Map<*, *>).filterKeys { it == "type" || it == "handled" }

    @AfterEach
    fun end() {
        Faultwire.close(0)
        shop.close()
        sink.close()
    }

    @Test
    fun `what escapes is one unhandled event that says which request it was, and goes on to the container`() {
        assertEquals(200, shop.ask("/").statusCode())
        val answer = shop.ask("/orders/7?page=2", null, "X-Customer", "acme", "User-Agent", "test")
        assertEquals(500, answer.statusCode())
        assertTrue("no price of" in answer.body(), "the container shows it")
        val event = events(1).single()
        assertEquals(mapOf("type" to "auto.http.servlet", "handled" to false), event.mechanism())
        assertEquals("/orders/*", event["transaction"])
        assertEquals("GET", event.at("request", "method"))
        assertTrue((event.at("request", "url") as String).endsWith("/orders/7"), "${event["request"]}")
        assertEquals("page=2", event.at("request", "query_string"))
        assertEquals("test", event.at("request", "headers", "User-Agent"))
        assertEquals("acme", event.at("user", "id"))
        assertEquals("7", event.at("tags", "order"))
        assertNull(event.at("request", "data"))
    }

    @Test
    fun `nothing of a request is left for the next one on the same thread`() {
        shop.ask("/orders/7", null, "X-Customer", "acme")
        repeat(20) { shop.ask("/clean") }
        for (event in events(21).filter { it.at("logentry", "formatted") == "clean" }) {
            assertNull(event.at("tags", "order"))
            assertNull(event.at("user"))
            assertTrue((event.at("request", "url") as String).endsWith("/clean"))
        }
    }

    @Test
    fun `a body is what the application read of it`() {
        val json = """{"item": "tea", "note": "ünïcode"}"""
        shop.ask("/checkout", json, "Content-Type", "application/json")
        shop.ask("/text", "some text", "Content-Type", "text/plain; charset=utf-8")
        shop.ask("/login?next=home", "name=ann&next=cart&colour=red&colour=blue", "Content-Type", "application/x-www-form-urlencoded")
        shop.ask("/unread", json, "Content-Type", "application/json")
        shop.ask("/reported", json, "Content-Type", "application/json")
        shop.ask("/checkout", json, "Content-Type", "image/png")
        val bodies = events(6).map { it.at("request", "data") }
        assertTrue("ünïcode" in "${bodies[0]}" && "tea" in "${bodies[0]}", "${bodies[0]}")
        assertEquals("some text", bodies[1])
        assertEquals(mapOf("name" to "ann", "next" to "cart", "colour" to listOf("red", "blue")), bodies[2])
        assertNull(bodies[3])
        assertTrue("tea" in "${bodies[4]}", "known to what the application captures by itself, too")
        assertNull(bodies[5])
        // What a servlet wraps because it may throw little else.
        val checkout = sink.events()[0]
        assertEquals("IllegalArgumentException", checkout.at("exception", "values", -1, "type"))
    }

    @Test
    fun `bodies are bounded, or left alone`() {
        shop.ask("/text", "a".repeat(100_000), "Content-Type", "text/plain")
        Faultwire.flush(10_000)
        start(RequestBodySize.NEVER)
        shop.ask("/text", "short", "Content-Type", "text/plain")
        val (long, none) = events(2).map { it.at("request", "data") }
        assertTrue((long as String).length <= 10_500, "${long.length}")
        assertNull(none)
    }

    @Test
    fun `a form is bounded as any body is`() {
        start(RequestBodySize.SMALL)
        shop.ask("/login", "name=ann&note=${"a".repeat(5000)}", "Content-Type", "application/x-www-form-urlencoded")
        assertEquals(mapOf("name" to "ann", "note" to "…"), events(1).single().at("request", "data"))
    }

    @Test
    fun `an error that cannot be looked at goes on as it is, and the thread is left as it was`() {
        val answer = shop.ask("/evasive")
        assertTrue("as the application threw it" in answer.body(), answer.body())
        assertEquals("as the application threw it", events(1).single().at("exception", "values", -1, "value"))
    }

    @Test
    fun `installed again it is there once`() = Shop(installed = 2).use { twice ->
        twice.ask("/orders/7")
        assertEquals(1, events(1).size)
        assertEquals(emptyMap<String, Long>(), Faultwire.stats().dropped)
    }

    @Test
    fun `secrets of a request do not leave`() {
        shop.ask(
            "/orders/7?token=tok_live_5ecret",
            null,
            "Authorization", "Bearer s3ss10n-t0ken-abcdef",
            "Cookie", "sessionid=c00kie-5ecret; theme=dark",
            "Referer", "https://shop.example/cart?session=r3ferer-5ecret",
            "X-Api-Key", "key_live_5ecret",
        )
        val order = """{"item": "tea", "card": "4111 1111 1111 1111", "password": "hunter2"}"""
        shop.ask("/checkout", order, "Content-Type", "application/json")
        shop.ask("/login", "name=ann&password=hunter2", "Content-Type", "application/x-www-form-urlencoded")
        events(3)
        val sent = sink.raw()
        val secrets = listOf("tok_live_5ecret", "s3ss10n-t0ken", "c00kie-5ecret", "r3ferer-5ecret", "key_live_5ecret", "4111 1111", "hunter2")
        for (secret in secrets) {
            assertFalse(secret in sent, secret)
        }
    }

    @Test
    fun `an error that a framework answers is captured where the answer is a failure`() {
        shop.ask("/resolved/404")
        shop.ask("/resolved/503")
        val event = events(1).single()
        assertEquals(mapOf("type" to "auto.http.servlet", "handled" to true), event.mechanism())
        assertTrue((event.at("request", "url") as String).endsWith("/503"))
    }

    @Test
    fun `asynchronous requests keep their scope`() {
        // Tomcat closes the connection where nobody completes a request; a client would ask again for what is no POST.
        runCatching { shop.ask("/async", "") }
        runCatching { shop.ask("/dispatched", "") }
        val byText = events(2).associateBy { it.at("exception", "values", -1, "value") }
        val later = byText["failed later"]!!
        assertEquals("by the request", later.at("tags", "seen"))
        assertEquals(false, later.mechanism()["handled"])
        assertTrue((later.at("request", "url") as String).endsWith("/async"))
        assertEquals("first", byText["failed in the second dispatch"].at("tags", "dispatch"))
    }

    @Test
    fun `a trace goes on`() {
        shop.ask("/orders/7", null, "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        assertEquals("4bf92f3577b34da6a3ce929d0e0e4736", events(1).single().at("contexts", "trace", "trace_id"))
    }

    @Test
    fun `without a client the application is as it was`() {
        Faultwire.close(0)
        assertEquals(500, shop.ask("/orders/7").statusCode())
        assertEquals("ok", shop.ask("/").body())
        start()
        shop.ask("/clean")
        assertNull(events(1).single().at("tags", "order"), "what was said in a request before is of that request")
    }
}
