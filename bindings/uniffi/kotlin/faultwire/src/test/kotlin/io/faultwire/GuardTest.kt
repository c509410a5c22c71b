package io.faultwire

import io.faultwire.bridge.Admittance
import io.faultwire.bridge.BridgeException
import io.faultwire.bridge.Circumstances
import io.faultwire.bridge.How
import io.faultwire.bridge.Part
import io.faultwire.bridge.ScopeCell
import io.faultwire.bridge.armPanic
import io.faultwire.internal.Native
import io.faultwire.spi.Integrations
import io.faultwire.testing.ClientTest
import io.faultwire.testing.Sink
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import io.faultwire.bridge.abandonClient as bridgeAbandonClient
import io.faultwire.bridge.admit as bridgeAdmit
import io.faultwire.bridge.captureEvent as bridgeCaptureEvent
import io.faultwire.bridge.debug as bridgeDebug
import io.faultwire.bridge.explainException as bridgeExplain
import io.faultwire.bridge.globalCell as bridgeGlobalCell
import io.faultwire.bridge.hasSampler as bridgeHasSampler
import io.faultwire.bridge.internType as bridgeInternType
import io.faultwire.bridge.refuse as bridgeRefuse
import io.faultwire.bridge.sample as bridgeSample
import io.faultwire.bridge.takenEnvelopes as bridgeTakenEnvelopes
import io.faultwire.bridge.vector as bridgeVector

/** A bug in any export of the bridge stays in it: each is armed in turn, and called as an application comes to it. */
class GuardTest : ClientTest() {
    private val captured: () -> Unit = { Faultwire.captureException(RuntimeException("x")) }
    private val scoped: () -> Unit = {
        Faultwire.isolationScope().use {
            Faultwire.setTag("a", "b")
            Faultwire.setContext("a", mapOf("b" to 1))
            Faultwire.setExtra("a", 1)
            Faultwire.setLevel(Level.INFO)
            Faultwire.continueTrace("x")
            Faultwire.addBreadcrumb("x")
            Faultwire.clearBreadcrumbs()
        }
    }
    private val cell: () -> Unit = {
        ScopeCell(null, false).use {
            it.setTag("a", "b")
            it.setContext("a", "{}")
            it.setExtra("a", "1")
            it.setPart(Part.LEVEL, "info")
            it.continueTrace("x")
            it.addBreadcrumb("x", null, null, null, null, null)
            it.clearBreadcrumbs()
            it.clear()
        }
    }

    private fun admitted(use: (Admittance.Kept) -> Unit): () -> Unit = {
        (bridgeAdmit(1.0, listOf(), false, null, null, null) as? Admittance.Kept)?.let { kept ->
            // What is not submitted is given back at once, or the next client waits for it.
            kept.capture.use { use(kept) }
        }
    }

    /** What calls each export, by the name that it is guarded under. */
    private val calls: Map<String, () -> Unit> = mapOf(
        // Of JNI.
        "jvm.newCell" to scoped,
        "jvm.globalCell" to { Native.globalCell() },
        "jvm.freeCell" to { Native.freeCell(Native.newCell(0, false)) },
        "jvm.setTag" to scoped,
        "jvm.setContext" to scoped,
        "jvm.setExtra" to scoped,
        "jvm.setPart" to scoped,
        "jvm.continueTrace" to scoped,
        "jvm.addBreadcrumb" to scoped,
        "jvm.clear" to scoped,
        "jvm.internType" to { Native.internType(arrayOf("x")) },
        "jvm.refuse" to { RuntimeException("x").let { repeat(2) { _ -> Faultwire.captureException(it) } } },
        "jvm.sample" to captured,
        "jvm.admit" to captured,
        "jvm.abandon" to { Native.abandon(0, false) },
        "jvm.internCode" to { Faultwire.captureException(RuntimeException("x").apply { stackTrace = arrayOf(StackTraceElement("a.${System.nanoTime()}", "b", "c", 1)) }) },
        "jvm.forgetCode" to { Native.forgetCode() },
        "jvm.submitException" to captured,
        "jvm.submitMessage" to { Faultwire.captureMessage("x") },
        "jvm.explain" to { Faultwire.explain(RuntimeException("x")) },
        "jvm.captureEvent" to { Faultwire.captureEvent(mapOf("message" to "x")) },
        "jvm.backtrace" to captured,
        "jvm.elements" to captured,
        // Of UniFFI.
        "init" to { runCatching { start() }.onFailure { assertTrue(it is FaultwireException) } },
        "is_enabled" to { start() },
        "settings" to { start() },
        "add_integration" to { Integrations.addIntegration("x") },
        "debug" to { bridgeDebug("x") },
        "flush" to { Faultwire.flush(1) },
        "close" to { Faultwire.close(1) },
        "abandon_client" to { bridgeAbandonClient() },
        "stats" to { Faultwire.stats() },
        "taken_envelopes" to { bridgeTakenEnvelopes() },
        "refuse" to { bridgeRefuse("ignored") },
        "sample" to { bridgeSample(0, null, "error", null, null, null, null) },
        "has_sampler" to { bridgeHasSampler() },
        "admit" to admitted { },
        "intern_type" to { bridgeInternType(listOf("x")) },
        "capture_event" to { bridgeCaptureEvent("{}", null, null) },
        "explain_event" to { runCatching { Faultwire.explain(mapOf("message" to "x")) }.onFailure { assertTrue(it is FaultwireException) } },
        "explain_exception" to { bridgeExplain(listOf()) },
        "submit_exception" to admitted { it.capture.submitException(listOf(), How("", true), Circumstances("", null, null, null)) },
        "submit_message" to admitted { it.capture.submitMessage("x", null, null, Circumstances("", null, null, null)) },
        "vector" to { runCatching { bridgeVector("dsn", "{}") }.onFailure { assertTrue(it is BridgeException) } },
        "global_cell" to { bridgeGlobalCell().use { } },
        "scope_new" to cell,
        "scope_set_tag" to cell,
        "scope_set_context" to cell,
        "scope_set_extra" to cell,
        "scope_set_part" to cell,
        "scope_continue_trace" to cell,
        "scope_add_breadcrumb" to cell,
        "scope_clear_breadcrumbs" to cell,
        "scope_clear" to cell,
        // In the engine, on the way from an export.
        "submit" to captured,
    )

    @TestFactory
    fun exports(): List<DynamicTest> = calls.map { (name, call) ->
        DynamicTest.dynamicTest(name) {
            start { stormFolding = name != "submit" }
            Native.forgetCode()
            armPanic(name)
            try {
                call()
                if (name in LATER) Faultwire.flush(2000)
            } finally {
                assertFalse(armPanic(""), "$name was not reached")
            }
            // And all goes on, without what the export did before.
            Faultwire.close(2000)
            sink.reset()
            start()
            Faultwire.captureMessage("after $name")
            received(1)
            end()
        }
    }

    @Test
    fun `every export is called here`() {
        val sources = Sink.repository.resolve("bindings/uniffi/src").walk().filter { it.extension == "rs" }.joinToString("") { it.readText() }
        val guarded = Regex("""guard\("(\w+)"""").findAll(sources).map { it.groupValues[1] }.toList() +
            Regex("""Java_\w+ = "(\w+)"""").findAll(sources).map { "jvm." + it.groupValues[1] }
        // An armed name is that of one export.
        assertEquals(guarded.size, guarded.toSet().size, "$guarded")
        assertTrue(guarded.size > 40, "$guarded")
        assertEquals(emptySet<String>(), guarded.toSet() - calls.keys)
    }

    private companion object {
        /** Where the extractor's thread or the worker comes, after the call. */
        val LATER = setOf("jvm.submitException", "jvm.internCode", "submit")
    }
}
