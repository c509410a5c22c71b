package io.faultwire

import io.faultwire.testing.ClientTest
import io.faultwire.testing.at
import io.faultwire.testing.listAt
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Test
import java.util.concurrent.ConcurrentLinkedQueue

/** The application's own code in the path of an event. */
class HooksTest : ClientTest() {
    @Test
    fun `beforeSend edits and drops`() {
        start {
            beforeSend { event ->
                when (event.at("logentry", "formatted")) {
                    "drop" -> null
                    "throw" -> error("not today")
                    else -> event.also {
                        it["transaction"] = "edited"
                        it["extra"] = mapOf("password" to "hunter2", "plain" to 1)
                    }
                }
            }
        }
        listOf("drop", "throw", "keep").forEach { Faultwire.captureMessage(it) }
        val event = received(1).single()
        assertEquals("edited", event["transaction"])
        assertEquals(1L, event.at("extra", "plain"))
        assertFalse("hunter2" in sink.raw(), "what a hook adds is sanitized, too")
        assertEquals(mapOf("before_send" to 2L), Faultwire.stats().dropped)
    }

    @Test
    fun `beforeSend gets numbers, texts and lists as they are`() {
        val seen = ConcurrentLinkedQueue<Any?>()
        start {
            beforeSend { event ->
                seen.add(event["extra"])
                event
            }
        }
        val said = mapOf("big" to Long.MAX_VALUE, "real" to 0.5, "text" to "ä\n\"\uD83D\uDE00", "list" to listOf(null, true))
        Faultwire.isolationScope {
            said.forEach { (key, value) -> it.setExtra(key, value) }
            Faultwire.captureMessage("x")
        }
        assertEquals(said, received(1).single()["extra"])
        assertEquals(said, seen.single())
    }

    @Test
    fun `beforeBreadcrumb edits and drops`() {
        start {
            beforeBreadcrumb { crumb ->
                when (crumb["message"]) {
                    "drop" -> null
                    "throw" -> error("not today")
                    else -> crumb.also { it["category"] = "edited" }
                }
            }
        }
        listOf("drop", "throw", "keep").forEach { Faultwire.addBreadcrumb(it) }
        Faultwire.captureMessage("x")
        val crumbs = received(1).single().listAt("breadcrumbs", "values")
        assertEquals(listOf("keep" to "edited"), crumbs.map { it.at("message") to it.at("category") })
    }

    @Test
    fun `the sampler decides, and where it throws the options do`() {
        val asked = ConcurrentLinkedQueue<String?>()
        start {
            errorSampler { context ->
                asked.add("${context.exceptionType} ${context.level} ${context.logger}")
                if (context.level == Level.DEBUG) 0.0 else error("not today")
            }
        }
        assertNull(Faultwire.captureMessage("x", Level.DEBUG))
        Faultwire.captureException(IllegalStateException("x")) { logger = "shop" }
        received(1)
        assertEquals(listOf("null DEBUG null", "java.lang.IllegalStateException ERROR shop"), asked.toList())
        assertEquals(mapOf("sample_rate" to 1L), Faultwire.stats().dropped)
    }

    @Test
    fun `a breadcrumb from a hook is refused, or it would be asked without end`() {
        var asked = 0
        start {
            beforeBreadcrumb { crumb ->
                // What ends it without that.
                if (asked++ < 50) Faultwire.addBreadcrumb("from the hook")
                crumb
            }
        }
        Faultwire.addBreadcrumb("one")
        Faultwire.captureMessage("x")
        assertEquals(listOf("one"), received(1).single().listAt("breadcrumbs", "values").map { it.at("message") })
        assertEquals(1, asked)
    }

    @Test
    fun `captures within hooks are refused`() {
        start {
            beforeSend { event -> event.also { Faultwire.captureMessage("from beforeSend") } }
            beforeBreadcrumb { crumb -> crumb.also { Faultwire.captureException(RuntimeException("from beforeBreadcrumb")) } }
            errorSampler {
                Faultwire.captureMessage("from the sampler")
                1.0
            }
        }
        Faultwire.addBreadcrumb("x")
        Faultwire.captureMessage("the only one")
        assertEquals("the only one", received(1).single().at("logentry", "formatted"))
        assertEquals(mapOf("reentrant" to 3L), Faultwire.stats().dropped)
    }
}
