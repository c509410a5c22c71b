package io.faultwire

import io.faultwire.internal.Entered
import io.faultwire.internal.Layers
import io.faultwire.spi.ScopeContext
import io.faultwire.testing.ClientTest
import io.faultwire.testing.at
import io.faultwire.testing.listAt
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotSame
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.time.Instant
import java.util.concurrent.Callable
import java.util.concurrent.CyclicBarrier
import java.util.concurrent.Executors

/** Who sees what is said about coming events. */
class ScopesTest : ClientTest() {
    @Test
    fun `everything that a scope can say arrives`() {
        start { sendDefaultPii = true }
        Faultwire.isolationScope { scope ->
            scope.setTags(mapOf("a" to "1", "b" to "2"))
            scope.removeTag("b")
            scope.setUser(User(id = "7", email = "a@example.org", data = mapOf("plan" to "gold")))
            scope.setSession("s-1")
            scope.setContext("order", mapOf("id" to 7))
            scope.setExtra("list", listOf(1, 2.5, null, true))
            scope.setLevel(Level.WARNING)
            scope.setTransaction("GET /cart")
            scope.setFingerprint(listOf("own"))
            assertTrue(scope.continueTrace("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"))
            assertFalse(scope.continueTrace("nonsense"))
            scope.addBreadcrumb(
                Breadcrumb("query", "sql", Level.DEBUG, "query", mapOf("rows" to 3), Instant.ofEpochSecond(1_700_000_000)),
            )
            Faultwire.captureException(RuntimeException("x"))
        }
        val event = received(1).single()
        assertEquals(mapOf("a" to "1"), event["tags"])
        assertEquals("gold", event.at("user", "plan") ?: event.at("user", "data", "plan"))
        assertEquals("s-1", event.at("contexts", "faultwire", "session"))
        assertEquals(7L, event.at("contexts", "order", "id"))
        assertEquals(listOf(1L, 2.5, null, true), event.at("extra", "list"))
        assertEquals("warning", event["level"])
        assertEquals("GET /cart", event["transaction"])
        assertEquals(listOf("own"), event["fingerprint"])
        assertEquals("0123456789abcdef0123456789abcdef", event.at("contexts", "trace", "trace_id"))
        val crumb = event.at("breadcrumbs", "values", 0)
        assertEquals(listOf("query", "sql", "debug", "query", 3L), listOf("message", "category", "level", "type").map { crumb.at(it) } + crumb.at("data", "rows"))
    }

    @Test
    fun `global below isolation below current, and nothing is left of a block`() {
        start()
        Faultwire.globalScope().setTag("layer", "global")
        Faultwire.globalScope().setTag("everywhere", "yes")
        Faultwire.isolationScope {
            Faultwire.setTag("layer", "isolation")
            Faultwire.withScope { scope ->
                scope.setTag("layer", "current")
                Faultwire.captureMessage("in the block")
            }
            Faultwire.captureMessage("in the unit of work")
        }
        Faultwire.captureMessage("outside")
        val events = received(3)
        assertEquals(listOf("current", "isolation", "global"), events.map { it.at("tags", "layer") })
        assertTrue(events.all { it.at("tags", "everywhere") == "yes" })
    }

    @Test
    fun `units of work on several threads do not see each other`() {
        start()
        val together = CyclicBarrier(4)
        val threads = Executors.newFixedThreadPool(4)
        val work = (1..4).map { number ->
            Callable {
                Faultwire.isolationScope().use {
                    Faultwire.setTag("worker", "$number")
                    together.await()
                    Faultwire.captureMessage("of $number")
                }
            }
        }
        threads.invokeAll(work).forEach { it.get() }
        threads.shutdown()
        val seen = received(4).associate { it.at("logentry", "formatted").toString() to it.at("tags", "worker") }
        assertEquals((1..4).associate { "of $it" to "$it" }, seen)
    }

    @Test
    fun `a context goes with the work to another thread`() {
        start()
        val thread = Executors.newSingleThreadExecutor()
        Faultwire.isolationScope {
            Faultwire.setTag("request", "7")
            val context = ScopeContext.current()
            thread.submit {
                context.enter().use {
                    Faultwire.captureMessage("elsewhere")
                    Faultwire.setTag("told", "there")
                }
                Faultwire.captureMessage("after")
            }.get()
            Faultwire.captureMessage("here")
        }
        thread.shutdown()
        val events = received(3).associateBy { it.at("logentry", "formatted") }
        assertEquals("7", events["elsewhere"].at("tags", "request"))
        assertNull(events["after"].at("tags", "request"))
        assertEquals("there", events["here"].at("tags", "told"))
    }

    @Test
    fun `what the parent says later does not reach a unit of work that had begun`() {
        start()
        Faultwire.setTag("before", "1")
        Faultwire.isolationScope().use {
            val inside = ScopeContext.current()
            val outside = Executors.newSingleThreadExecutor()
            outside.submit { Faultwire.setTag("later", "2") }.get()
            outside.shutdown()
            inside.enter().use { Faultwire.captureMessage("x") }
        }
        assertEquals(mapOf("before" to "1"), received(1).single()["tags"])
    }

    @Test
    fun `a layer that is closed again, or on another thread, changes nothing`() {
        val pool = Executors.newSingleThreadExecutor()
        val first = Faultwire.isolationScope()
        first.close()
        val context = ScopeContext.afresh().enter()
        context.close()
        Faultwire.isolationScope().use { second ->
            first.close()
            context.close()
            assertSame(second.scope, Faultwire.currentIsolationScope())
            pool.submit {
                Faultwire.isolationScope().use { theirs ->
                    second.close()
                    context.close()
                    assertSame(theirs.scope, Faultwire.currentIsolationScope())
                }
            }.get()
            assertSame(second.scope, Faultwire.currentIsolationScope())
        }
        pool.shutdown()
        assertNull(Layers.hereOrNone())
    }

    @Test
    fun `a layer that is closed takes those that were opened within`() {
        val outer = Faultwire.isolationScope()
        val inner = Faultwire.newScope()
        val innermost = Faultwire.isolationScope()
        inner.close()
        assertSame(outer.scope, Faultwire.currentIsolationScope())
        assertNull(Layers.here().current)
        outer.close()
        assertNull(Layers.hereOrNone())
        innermost.close()
        inner.close()
        assertNull(Layers.hereOrNone(), "what ended with another does not come back")
        Faultwire.isolationScope().use { next ->
            innermost.close()
            assertSame(next.scope, Faultwire.currentIsolationScope())
        }
        assertNull(Layers.hereOrNone())
    }

    @Test
    fun `what is closed while another context is in force does not come back with it`() {
        val outer = Faultwire.isolationScope()
        val inner = Faultwire.isolationScope()
        val kept = ScopeContext.afresh().swap()
        inner.close()
        assertNotSame(outer.scope, Faultwire.currentIsolationScope(), "the other context stays")
        kept.restore()
        assertSame(outer.scope, Faultwire.currentIsolationScope())
        val again = ScopeContext.afresh().swap()
        outer.close()
        again.restore()
        assertNull(Layers.hereOrNone())
    }

    @Test
    fun `a context that was kept is put in force again, and again`() {
        val context = Faultwire.isolationScope().use { ScopeContext.current() }
        repeat(2) { context.restore() }
        assertSame(context.isolationScope, Faultwire.currentIsolationScope())
        ScopeContext.afresh().swap()
        context.restore()
        assertSame(context.isolationScope, Faultwire.currentIsolationScope())
        Entered.restore(null)
    }

    @Test
    fun `breadcrumbs are bounded and can be switched off`() {
        start { maxBreadcrumbs = 3 }
        repeat(10) { Faultwire.addBreadcrumb("$it") }
        Faultwire.captureMessage("x")
        assertEquals(listOf("7", "8", "9"), received(1).single().listAt("breadcrumbs", "values").map { it.at("message") })
    }
}
