package io.faultwire

import io.faultwire.testing.Sink
import io.faultwire.testing.at
import io.faultwire.testing.listAt
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** From `init` to a real server. */
class FirstEventTest {
    private val sink = Sink()

    @AfterEach
    fun end() {
        Faultwire.close(0)
        sink.close()
    }

    @Test
    fun `an exception arrives with its type, message, frames and release`() {
        Faultwire.init {
            dsn = sink.dsn
            release = "shop@1.4.2"
            spool = false
        }
        val id = Faultwire.captureException(IllegalStateException("out of stock"))
        assertTrue(Faultwire.flush(5000), "flush: ${Faultwire.stats()}")
        val event = sink.wait(1).single()

        assertEquals(id, event["event_id"])
        assertEquals(id, Faultwire.lastEventId())
        assertEquals("java", event["platform"])
        assertEquals("shop@1.4.2", event["release"])
        val error = event.at("exception", "values", 0)
        assertEquals("IllegalStateException", error.at("type"))
        assertEquals("java.lang", error.at("module"))
        assertEquals("out of stock", error.at("value"))
        val frame = error.at("stacktrace", "frames", -1)
        assertEquals("io.faultwire.FirstEventTest", frame.at("module"))
        assertEquals("FirstEventTest.kt", frame.at("filename") ?: frame.at("abs_path"), "$frame")
        assertNotNull(frame.at("lineno"))
        assertEquals(1, Faultwire.stats().delivered)
    }

    @Test
    fun `a message, an event and what was said before arrive`() {
        Faultwire.init {
            dsn = sink.dsn
            spool = false
        }
        Faultwire.isolationScope().use {
            Faultwire.setTag("shop", "north")
            Faultwire.addBreadcrumb("opened the cart", "ui")
            Faultwire.captureMessage("hello", Level.WARNING)
            Faultwire.captureEvent(mapOf("message" to "by hand", "level" to "info"))
        }
        assertTrue(Faultwire.flush(5000))
        val (message, event) = sink.wait(2)
        assertEquals("hello", message.at("logentry", "formatted") ?: message["message"])
        assertEquals("warning", message["level"])
        assertEquals("north", message.at("tags", "shop"))
        assertEquals(listOf("opened the cart"), message.listAt("breadcrumbs", "values").map { it.at("message") })
        assertEquals("north", event.at("tags", "shop"))
        assertEquals("info", event["level"])
    }

    @Test
    fun `without a DSN nothing is captured`() {
        Faultwire.init { spool = false }
        assertFalse(Faultwire.isEnabled())
        assertNull(Faultwire.captureException(RuntimeException()))
        assertTrue(Faultwire.flush())
        assertTrue(Faultwire.close())
    }
}
