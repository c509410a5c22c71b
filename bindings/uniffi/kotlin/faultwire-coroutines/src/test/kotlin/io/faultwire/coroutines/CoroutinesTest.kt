package io.faultwire.coroutines

import io.faultwire.Faultwire
import io.faultwire.testing.Event
import io.faultwire.testing.Sink
import io.faultwire.testing.at
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.Executors
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Scopes and failures of coroutines, with a real server. */
class CoroutinesTest {
    private val sink = Sink()

    private fun start(folding: Boolean = false) = Faultwire.init {
        dsn = sink.dsn
        spool = false
        stormFolding = folding
        if (folding) stormBurst = 1
    }

    private fun events(count: Int): List<Event> {
        assertTrue(Faultwire.flush(20_000), "${Faultwire.stats()}")
        return sink.wait(count)
    }

    @AfterEach
    fun end() {
        Faultwire.close(0)
        sink.close()
    }

    @Test
    fun `a thousand coroutines on few threads keep their scopes apart`() {
        start()
        val coroutines = 1000
        val threads = ConcurrentHashMap.newKeySet<String>()
        Executors.newFixedThreadPool(4).asCoroutineDispatcher().use { pool ->
            runBlocking(pool) {
                repeat(coroutines) { n ->
                    launch {
                        withFaultwireIsolation {
                            Faultwire.setTag("number", "$n")
                            repeat(5) {
                                withContext(if (it % 2 == 0) Dispatchers.Default else pool) {
                                    yield()
                                    threads.add(Thread.currentThread().name)
                                    Faultwire.setTag("hop$it", "$n")
                                }
                            }
                            // One in ten: what the others said stays out of it all the same.
                            if (n % 10 == 0) Faultwire.captureException(IllegalStateException("of $n"))
                        }
                    }
                }
            }
            assertTrue(threads.size > 2, "they hopped: $threads")
            // Nothing is left on the pool's threads.
            runBlocking(pool) {
                repeat(16) {
                    launch {
                        yield()
                        Faultwire.captureException(UnsupportedOperationException("afterwards"))
                    }
                }
            }
        }
        val (after, of) = events(coroutines / 10 + 16).partition { it.at("exception", "values", 0, "value") == "afterwards" }
        assertEquals(coroutines / 10, of.size)
        for (event in of) {
            val number = (event.at("exception", "values", 0, "value") as String).removePrefix("of ")
            assertEquals(number, event.at("tags", "number"))
            assertEquals(List(5) { number }, List(5) { event.at("tags", "hop$it") })
        }
        assertEquals(16, after.size)
        for (event in after) {
            assertNull(event.at("tags", "number"), "$event")
        }
    }

    @Test
    fun `a block's layer reaches what it launches and ends with it`() {
        start()
        runBlocking {
            withFaultwireIsolation { isolation ->
                withFaultwireScope { scope ->
                    scope.setTag("step", "import")
                    coroutineScope {
                        launch(Dispatchers.Default) {
                            assertSame(isolation, Faultwire.currentIsolationScope())
                            Faultwire.setTag("child", "yes")
                            Faultwire.captureMessage("inside")
                        }
                    }
                }
                Faultwire.captureMessage("outside")
                Faultwire.withScope { scope ->
                    scope.setTag("step", "block")
                    launch(Dispatchers.Default) { Faultwire.captureMessage("launched") }
                }
            }
        }
        val byText = events(3).associateBy { it.at("logentry", "formatted") as String }
        assertEquals("import", byText["inside"].at("tags", "step"))
        assertNull(byText["outside"].at("tags", "step"))
        assertEquals("yes", byText["outside"].at("tags", "child"), "the isolation scope is shared with the child")
        assertEquals("block", byText["launched"].at("tags", "step"))
    }

    @Test
    fun `what ends a coroutine is captured in its scopes, with a handler and without`() {
        start()
        val told = ConcurrentHashMap<String, String>()
        val usual = Thread.getDefaultUncaughtExceptionHandler()
        Thread.setDefaultUncaughtExceptionHandler { _, thrown -> told["thread"] = thrown.message!! }
        try {
            val next = CoroutineExceptionHandler { _, thrown -> told["next"] = thrown.message!! }
            runBlocking {
                withFaultwireIsolation { isolation ->
                    isolation.setTag("job", "nightly")
                    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default + FaultwireContext())
                    scope.launch { error("without") }.join()
                    scope.launch(FaultwireExceptionHandler(next)) { error("with") }.join()
                }
            }
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(usual)
        }
        val byText = events(2).associateBy { it.at("exception", "values", -1, "value") as String }
        for (name in listOf("without", "with")) {
            val event = byText[name]
            assertEquals(mapOf("type" to "auto.coroutine", "handled" to false), mechanism(event), name)
            assertEquals("nightly", event.at("tags", "job"), name)
        }
        assertEquals(mapOf("thread" to "without", "next" to "with"), told)
        assertEquals(2, sink.events().size)
    }

    private fun mechanism(event: Event?): Map<*, *> =
        (event.at("exception", "values", -1, "mechanism") as Map<*, *>).filterKeys { it == "type" || it == "handled" }

    @Test
    fun `recovered stack traces of different faults do not fold into one`() {
        start(folding = true)
        runBlocking {
            val failures = listOf<() -> Nothing>({ tea() }, { coffee() })
            repeat(3) {
                for (fails in failures) {
                    val deferred = CoroutineScope(SupervisorJob() + Dispatchers.Default).async { fails() }
                    try {
                        deferred.await()
                    } catch (thrown: IllegalStateException) {
                        // Or the test is of nothing: a copy with a stack that was put together.
                        assertTrue(thrown.stackTrace.any { "_COROUTINE" in it.className }, thrown.stackTraceToString())
                        Faultwire.captureException(thrown)
                    }
                }
            }
        }
        val texts = events(2).map { it.at("exception", "values", -1, "value") }.toSet()
        assertEquals(setOf("out of tea", "out of coffee"), texts)
        assertEquals(4, Faultwire.stats().folded, "${Faultwire.stats()}")
        assertEquals(2, sink.events().map { it.at("contexts", "faultwire", "fingerprint") ?: it["fingerprint"] }.toSet().size)
    }

    private fun tea(): Nothing = error("out of tea")

    private fun coffee(): Nothing = error("out of coffee")
}
