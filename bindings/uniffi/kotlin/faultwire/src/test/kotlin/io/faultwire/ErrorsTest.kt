package io.faultwire

import io.faultwire.testing.ClientTest
import io.faultwire.testing.at
import io.faultwire.testing.listAt
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.IOException
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** What becomes of an error: its causes, what was suppressed, and errors that do their worst. */
class ErrorsTest : ClientTest() {
    @Test
    fun `causes and suppressed errors come oldest first, each with what holds it`() {
        start()
        val cause = IOException("disk", IllegalArgumentException("path"))
        val error = IllegalStateException("no import", cause)
        error.addSuppressed(RuntimeException("close failed", Exception("lost")))
        Faultwire.captureException(error)
        val errors = received(1).single().listAt("exception", "values")

        assertEquals(
            listOf("lost", "close failed", "path", "disk", "no import"),
            errors.map { it.at("value") },
        )
        val mechanisms = errors.map { error ->
            listOf("exception_id", "parent_id", "source", "type").map { error.at("mechanism", it) }
        }
        assertEquals(
            listOf(
                listOf(4L, 3L, "cause", "chained"),
                listOf(3L, 0L, "suppressed[0]", "chained"),
                listOf(2L, 1L, "cause", "chained"),
                listOf(1L, 0L, "cause", "chained"),
            ),
            mechanisms.dropLast(1),
        )
        assertTrue(errors.all { it.listAt("stacktrace", "frames").isNotEmpty() })
    }

    @Test
    fun `a cycle of causes ends`() {
        start()
        val first = RuntimeException("first")
        val second = RuntimeException("second", first)
        first.initCause(second)
        second.addSuppressed(first)
        Faultwire.captureException(first)
        assertEquals(
            listOf("second", "first"),
            received(1).single().listAt("exception", "values").map { it.at("value") },
        )
    }

    @Test
    fun `of a chain without end the outermost errors are kept`() {
        start()
        var error = RuntimeException("0")
        repeat(1000) { error = RuntimeException("${it + 1}", error) }
        Faultwire.captureException(error)
        val errors = received(1).single().listAt("exception", "values")
        assertEquals(50, errors.size, "64 cross to the engine, 50 fit the wire")
        assertEquals("1000", errors.last().at("value"))
    }

    @Test
    fun `nested classes and those without a package are named`() {
        start()
        Faultwire.captureException(Nested("x"))
        val error = received(1).single().at("exception", "values", 0)
        assertEquals("ErrorsTest\$Nested", error.at("type"))
        assertEquals("io.faultwire", error.at("module"))
    }

    private class Nested(text: String) : Exception(text)

    @Test
    fun `the same throwable is captured once`() {
        start()
        val error = RuntimeException("again")
        val id = Faultwire.captureException(error)
        assertNotNull(id)
        assertEquals(id, Faultwire.captureException(error))
        assertNotEquals(id, Faultwire.captureException(RuntimeException("again")))
        received(2)
        assertEquals(mapOf("already_captured" to 1L), Faultwire.stats().dropped)
    }

    /** All that an application can overwrite throws. */
    private class Hostile : RuntimeException("unused") {
        override val message: String get() = throw StackOverflowError()
        override val cause: Throwable get() = error("no cause")
        override fun getStackTrace(): Array<StackTraceElement> = throw OutOfMemoryError("not really")
        override fun toString(): String = error("no text")
        override fun hashCode(): Int = error("no hash")
        override fun equals(other: Any?): Boolean = error("equals nothing")
    }

    @Test
    fun `a hostile throwable is captured for what can be read`() {
        start()
        val error = Hostile()
        val id = Faultwire.captureException(error)
        assertEquals(id, Faultwire.captureException(error))
        val event = received(1).single()
        assertEquals("ErrorsTest\$Hostile", event.at("exception", "values", 0, "type"))
        assertEquals(0L, Faultwire.stats().dropped["internal_sdk_error"] ?: 0L)
    }

    /** Its stack is told by the application, which does something else first. */
    private class Telling(val first: () -> Unit) : RuntimeException("telling") {
        @Suppress("UNCHECKED_CAST")
        override fun getStackTrace(): Array<StackTraceElement> {
            first()
            return arrayOf(StackTraceElement("a.B", "c", "B.java", 7), null) as Array<StackTraceElement>
        }
    }

    @Test
    fun `an error whose own stack waits for a thread that dies holds up nobody`() {
        val usual = Thread.getDefaultUncaughtExceptionHandler()
        Thread.setDefaultUncaughtExceptionHandler { _, _ -> }
        try {
            start { shutdownTimeout = Duration.ofMillis(100) }
            val other = thread(start = false) { error("dies") }
            val isDead = CompletableFuture<Boolean>()
            val telling = Telling {
                if (other.state == Thread.State.NEW) {
                    other.start()
                    other.join(5000)
                    isDead.complete(!other.isAlive)
                }
            }
            Faultwire.captureException(telling)
            assertTrue(isDead.get(10, TimeUnit.SECONDS), "one waits for the other")
            val events = received(2).associateBy { it.at("exception", "values", 0, "value") }
            assertEquals(listOf("c"), events["telling"].listAt("exception", "values", 0, "stacktrace", "frames").map { it.at("function") })
            assertNotNull(events["dies"])
        } finally {
            Faultwire.close(0)
            Thread.setDefaultUncaughtExceptionHandler(usual)
        }
    }

    @Test
    fun `what only the application can tell is asked on its own thread`() {
        start()
        var asked: Thread? = null
        Faultwire.captureException(Telling { asked = Thread.currentThread() })
        received(1)
        assertSame(Thread.currentThread(), asked)
    }

    /** An error that never had a stack. */
    private class Stackless(text: String) : RuntimeException(text, null, false, false)

    @Test
    fun `an error without a stack is captured and never folds`() {
        start { stormBurst = 1 }
        repeat(3) { Faultwire.captureException(Stackless("nowhere")) }
        assertEquals(3, received(3).size)
    }

    @Test
    fun `a broken stack is captured`() {
        start()
        val error = RuntimeException("made up")
        error.stackTrace = arrayOf(StackTraceElement("Made", "up", null, -2), StackTraceElement("a.B", "c", "B.java", 7))
        Faultwire.captureException(error)
        val frames = received(1).single().listAt("exception", "values", 0, "stacktrace", "frames")
        assertEquals(listOf("c", "up"), frames.map { it.at("function") })
        assertEquals(7L, frames[0].at("lineno"))
    }

    @Test
    fun `what a call says goes over all scopes`() {
        start()
        Faultwire.setTag("step", "scope")
        Faultwire.captureException(RuntimeException("x")) {
            level = Level.FATAL
            logger = "shop"
            transaction = "GET /cart"
            tags = mapOf("step" to "call")
            extra = mapOf("count" to 3)
            contexts = mapOf("order" to mapOf("id" to 7))
            fingerprint = listOf("mine")
            user = User(id = "7")
        }
        val event = received(1).single()
        assertEquals("fatal", event["level"])
        assertEquals("shop", event["logger"])
        assertEquals("GET /cart", event["transaction"])
        assertEquals("call", event.at("tags", "step"))
        assertEquals(3L, event.at("extra", "count"))
        assertEquals(7L, event.at("contexts", "order", "id"))
        assertEquals(listOf("mine"), event["fingerprint"])
        assertEquals("7", event.at("user", "id"))
    }

    @Test
    fun `a message carries the stack of the call where that is asked for`() {
        start { attachStacktrace = true }
        Faultwire.captureMessage("where am I")
        val event = received(1).single()
        val frames = event.listAt("stacktrace", "frames").ifEmpty { event.listAt("threads", "values", 0, "stacktrace", "frames") }
        assertEquals("io.faultwire.ErrorsTest", frames.lastOrNull().at("module"), "$event")
        assertNull(event["exception"])
    }

    @Test
    fun `ignored classes and their subclasses are not captured`() {
        start { ignoreErrors = listOf("IOException", "io.faultwire.ErrorsTest\$Nested", "java.lang.IllegalStateException") }
        assertNull(Faultwire.captureException(java.io.FileNotFoundException("x")))
        assertNull(Faultwire.captureException(java.util.concurrent.CancellationException("x")))
        assertNull(Faultwire.captureException(Nested("x")))
        assertNotNull(Faultwire.captureException(RuntimeException("x")))
        received(1)
        assertEquals(mapOf("ignored" to 3L), Faultwire.stats().dropped)
    }

    @Test
    fun `an error can be explained before it is sent`() {
        start()
        val explained = Faultwire.explain(IllegalStateException("x", IOException("y")))
        assertTrue(explained.toString().contains("IllegalStateException"), "$explained")
        assertTrue(Faultwire.explain(mapOf("message" to "x")).isNotEmpty())
        assertEquals(0, Faultwire.stats().captured)
    }
}
