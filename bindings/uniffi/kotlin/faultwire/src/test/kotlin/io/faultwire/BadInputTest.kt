package io.faultwire

import io.faultwire.internal.JsonReader
import io.faultwire.internal.JsonWriter
import io.faultwire.internal.Limits
import io.faultwire.testing.ClientTest
import io.faultwire.testing.at
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.math.BigInteger
import java.nio.file.Path
import java.time.Duration

/** Options that are wrong name themselves; values that are hostile cost themselves, not the event. */
class BadInputTest : ClientTest() {
    @Test
    fun `a wrong option is an error that names it`() {
        val wrong = mapOf<String, FaultwireOptions.() -> Unit>(
            "sampleRate" to { sampleRate = 1.5 },
            "maxBreadcrumbs" to { maxBreadcrumbs = -1 },
            "stormWindow" to { stormWindow = Duration.ofSeconds(-1) },
            "shutdownTimeout" to { shutdownTimeout = Duration.ofDays(9) },
            "exceptionSampleRates.A" to { exceptionSampleRates = mapOf("A" to 2.0) },
            "nonsense" to { set("nonsense", 1) },
            "debug" to { set("debug", "yes") },
            "maxValueLength" to { set("max_value_length", "long") },
            "ignoreErrors" to { set("ignoreErrors", 7) },
            "sanitizePatterns" to { sanitizePatterns = mapOf("broken" to "(") },
        )
        for ((field, configure) in wrong) {
            val error = assertThrows(InvalidOptionException::class.java, { start(configure) }, field)
            assertTrue(error.field.startsWith(field.substringBefore('.')), "$field: $error")
            assertTrue(error.message!!.startsWith(error.field), error.message)
            assertFalse(Faultwire.isEnabled())
        }
    }

    @Test
    fun `a wrong DSN is an error of its own, and all are of one kind`() {
        val error: FaultwireException =
            assertThrows(InvalidDsnException::class.java) { Faultwire.init { dsn = "ftp://nowhere" } }
        assertTrue(error.field.startsWith("dsn"), error.field)
        start()
        val payload = assertThrows(InvalidPayloadException::class.java) { Faultwire.explain(mapOf("level" to listOf(1))) }
        assertTrue(payload.field.isNotEmpty(), payload.message)
    }

    @Test
    fun `every option of the table is there, with its type`() {
        val table = io.faultwire.testing.Sink.repository.resolve("docs/options.md").readText()
        val names = Regex("^## `(\\w+)`$", RegexOption.MULTILINE).findAll(table).map { camelCase(it.groupValues[1]) }.toSet()
        assertTrue(names.size > 30, "$names")
        val setters = FaultwireOptions::class.java.methods.map { it.name }.filter { it.startsWith("set") }.toSet()
        assertEquals(emptyList<String>(), names.filter { "set" + it.replaceFirstChar(Char::uppercase) !in setters })
    }

    @Test
    fun `all options together are understood`() {
        start {
            environment = "test"
            dist = "7"
            serverName = "here"
            sampleRate = 1.0
            exceptionSampleRates = mapOf("Rare" to 0.1)
            ignoreErrors = listOf("Ignored")
            maxBreadcrumbs = 5
            attachStacktrace = false
            includeLocalVariables = true
            runUserRepr = false
            includeSourceContext = true
            inAppInclude = listOf("io.faultwire")
            inAppExclude = listOf("org")
            frameBlocklist = listOf("org.junit")
            debug = false
            caCerts = null
            shutdownTimeout = Duration.ofMillis(1500)
            flushOnSigterm = false
            maxRequestBodySize = RequestBodySize.SMALL
            maxValueLength = 512
            sanitizeKeys = listOf("shoe_size")
            sanitizePatterns = mapOf("badge" to "B-\\d+")
            fingerprintMode = FingerprintMode.OVERRIDE
            stormFolding = true
            stormBurst = 5
            stormWindow = Duration.ofSeconds(5)
            maxQueueEvents = 100
            maxQueueBytes = 1 shl 20
            maxOutboxBytes = 1 shl 20
            spoolMaxBytes = 1 shl 20
            spoolMaxAge = Duration.ofDays(1)
            spoolSync = false
            captureCrashes = false
        }
        Faultwire.isolationScope {
            it.setExtra("shoe_size", "44")
            Faultwire.captureException(RuntimeException("badge B-1234"))
        }
        val event = received(1).single()
        assertEquals("test", event["environment"])
        assertEquals("here", event["server_name"])
        assertEquals("[Filtered]", event.at("extra", "shoe_size"))
        assertEquals("badge [Filtered:badge]", event.at("exception", "values", 0, "value"))
    }

    private class Throwing {
        override fun toString(): String = throw StackOverflowError()
    }

    private class Endless : Map<String, Any?> by emptyMap() {
        override val entries: Set<Map.Entry<String, Any?>>
            get() = throw ConcurrentModificationException()
    }

    private class Unreadable : AbstractMap<String, Any?>() {
        override val size: Int get() = 1
        override val entries: Set<Map.Entry<String, Any?>>
            get() = throw ConcurrentModificationException()
    }

    @Test
    fun `hostile values cost themselves, not the event`() {
        start()
        val cycle = HashMap<String, Any?>().also { it["self"] = it }
        var deep: Any? = "end"
        repeat(1000) { deep = listOf(deep) }
        val values = mapOf(
            "cycle" to cycle,
            "deep" to deep,
            "wide" to (1..100_000).toList(),
            "throwing" to Throwing(),
            "map" to Endless(),
            "endless" to generateSequence(1) { it + 1 }.asIterable(),
            "numbers" to listOf(Double.NaN, Float.POSITIVE_INFINITY, BigInteger.TEN.pow(400), Long.MIN_VALUE),
            "surrogate" to "a\uD800b",
            "keys" to mapOf(null to 1, Throwing() to 2),
            "path" to Path.of("/var/lib/shop"),
            "arrays" to arrayOf<Any?>(intArrayOf(1), charArrayOf('x'), byteArrayOf(1, 2), arrayOf("y")),
        )
        Faultwire.isolationScope { scope ->
            values.forEach { (key, value) -> scope.setExtra(key, value) }
            scope.setTag("surrogate\uDC00", "\uD800")
            scope.setContext("cycle", cycle)
            scope.setUser(User(data = cycle))
            Faultwire.captureException(RuntimeException("lone \uDFFF surrogate"))
            Faultwire.captureEvent(mapOf("extra" to values))
            Faultwire.captureMessage("x".repeat(1 shl 20))
        }
        // Without a stack to look at, what was captured later may be first.
        val event = received(3).single { "exception" in it }
        assertEquals("a\uFFFDb", event.at("extra", "surrogate"))
        assertEquals("NaN", event.at("extra", "numbers", 0))
        assertEquals("lone \uFFFD surrogate", event.at("exception", "values", 0, "value"))
        assertTrue(event.at("extra", "throwing").toString().contains("Throwing"))
        assertEquals("/var/lib/shop", event.at("extra", "path"))
        assertEquals(0L, Faultwire.stats().dropped["internal_sdk_error"] ?: 0L)
    }

    @Test
    fun `of a text that is one long word behind a blank as much is kept as of any other`() {
        start()
        val text = "said [" + "{\"a\":\"b\"},".repeat(3000)
        Faultwire.captureException(RuntimeException(text))
        val kept = received(1).single().at("exception", "values", 0, "value").toString()
        assertTrue(kept.length > 8000 && text.startsWith(kept.dropLast(1)), "${kept.length}")
    }

    @Test
    fun `a user whose data cannot be read is a user`() {
        start()
        assertNotNull(Faultwire.captureException(RuntimeException("x")) { user = User(id = "7", data = Unreadable()) })
        assertEquals("7", received(1).single().at("user", "id"))
    }

    @Test
    fun `an event that is none is counted`() {
        start()
        assertNull(Faultwire.captureEvent(mapOf("level" to listOf(1))))
        assertEquals(mapOf("invalid" to 1L), Faultwire.stats().dropped)
    }

    @Test
    fun `what is written is read again`() {
        val value = mapOf(
            "text" to "\"\\\u0001\n\t\r\b\u000C/ä\uD83D\uDE00",
            "numbers" to listOf(0L, -1L, 1.5, -2.5e-7, 1e300, Long.MAX_VALUE),
            "empty" to listOf(emptyMap<String, Any>(), emptyList<Any>(), ""),
            "words" to listOf(true, false, null),
        )
        assertEquals(value, JsonReader.read(JsonWriter.write(value, Limits.WHOLE)))
        for (broken in listOf("", "{", "[1,", "{\"a\"}", "[1]x", "\"", "\"\\u12", "\"\\x\"", "nul", "[1 2]", "[".repeat(10_000))) {
            assertThrows(IllegalArgumentException::class.java, { JsonReader.read(broken) }, broken.take(20))
        }
    }
}
