package io.faultwire.spring

import io.faultwire.Faultwire
import io.faultwire.testing.Event
import io.faultwire.testing.Sink
import io.faultwire.testing.at
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance

/** A real application on loopback, with nothing but the artifact on its class path and properties. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FaultwireAutoConfigurationTest {
    private val sink = Sink()
    private val http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
    private val shop = Shop.start(
        "faultwire.dsn=${sink.dsn}",
        "faultwire.release=shop@1.4.2",
        "faultwire.environment=test",
        "faultwire.spool=false",
        "faultwire.storm-folding=false",
        "faultwire.in-app-include=io.faultwire.spring",
        "faultwire.shutdown-timeout=5s",
        "faultwire.max-request-body-size=small",
    )

    private fun ask(path: String, body: String? = null, vararg headers: String): HttpResponse<String> {
        val request = HttpRequest.newBuilder(URI("http://127.0.0.1:${shop.webServer.port}$path"))
        if (headers.isNotEmpty()) request.headers(*headers)
        if (body != null) request.POST(HttpRequest.BodyPublishers.ofString(body))
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString())
    }

    /** The one event there is. */
    private fun event(): Event {
        sink.wait(1)
        assertTrue(Faultwire.flush(10_000), "${Faultwire.stats()}")
        return sink.events().single()
    }

    private fun Event.mechanism(): Map<*, *> =
        (at("exception", "values", -1, "mechanism") as Map<*, *>).filterKeys { it == "type" || it == "handled" }

    @BeforeEach
    fun forget() {
        Faultwire.flush(10_000)
        sink.reset()
    }

    @AfterAll
    fun end() {
        shop.close()
        assertFalse(Faultwire.isEnabled(), "the context ended the client")
        sink.close()
    }

    @Test
    fun `what escapes is one unhandled event, with route, request, options and hook`() {
        assertEquals(200, ask("/").statusCode())
        assertEquals(500, ask("/orders/7?token=tok_live_5ecret", null, "Authorization", "Bearer s3ss10n-t0ken-abcdef").statusCode())
        val event = event()
        assertEquals(mapOf("type" to "auto.http.spring", "handled" to false), event.mechanism())
        assertEquals("IllegalStateException", event.at("exception", "values", -1, "type"))
        assertEquals("/orders/{number}", event["transaction"])
        assertTrue((event.at("request", "url") as String).endsWith("/orders/7"))
        assertEquals("shop@1.4.2", event["release"])
        assertEquals("test", event["environment"])
        assertEquals("seen", event["dist"])
        assertFalse("5ecret" in sink.raw() || "s3ss10n" in sink.raw())
    }

    @Test
    fun `what a handler answers is an event where the answer is a failure`() {
        assertEquals(404, ask("/item/tea").statusCode())
        assertEquals(404, ask("/nowhere").statusCode())
        assertEquals(403, ask("/status/403").statusCode())
        assertEquals(400, ask("/orders/seven").statusCode())
        assertEquals(503, ask("/checkout", """{"item": "tea", "card": "4111 1111 1111 1111"}""", "Content-Type", "application/json").statusCode())
        val event = event()
        assertEquals(mapOf("type" to "auto.http.spring", "handled" to true), event.mechanism())
        assertEquals("OutOfStock", event.at("exception", "values", -1, "type"))
        assertTrue("tea" in "${event.at("request", "data")}", "${event["request"]}")
        assertFalse("4111 1111" in sink.raw())
    }

    @Test
    fun `a failure that Spring itself answers is an event`() {
        assertEquals(502, ask("/status/502").statusCode())
        assertEquals("ResponseStatusException", event().at("exception", "values", -1, "type"))
    }

    @Test
    fun `a failure on another thread of the request is an event of the request`() {
        assertEquals(500, ask("/later").statusCode())
        val event = event()
        assertEquals("failed on another thread", event.at("exception", "values", -1, "value"))
        assertEquals("/later", event["transaction"])
    }

    @Test
    fun `what is logged and then thrown is one event`() {
        assertEquals(500, ask("/logged").statusCode())
        val event = event()
        assertEquals(mapOf("type" to "auto.logback", "handled" to true), event.mechanism())
        assertEquals("shop.Mailer", event["logger"])
        assertEquals("cannot write to ann", event.at("extra", "log_message"))
    }

    @Test
    fun `what the container logs of an error's cause is no second event`() {
        fun again() = Faultwire.stats().dropped["already_captured"] ?: 0
        val before = again()
        assertEquals(500, ask("/caused").statusCode())
        assertEquals("no page", event().at("exception", "values", -1, "value"))
        assertEquals(before + 1, again(), "or the container logs nothing")
    }

    @Test
    fun `a failure of an asynchronous method is an event`() {
        assertEquals(200, ask("/newsletter").statusCode())
        val event = event()
        assertEquals("an address without @: nobody", event.at("exception", "values", -1, "value"))
        assertNull(event["request"], "nothing carries the request to where it runs")
    }
}
