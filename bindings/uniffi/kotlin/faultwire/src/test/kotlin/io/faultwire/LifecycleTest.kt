package io.faultwire

import io.faultwire.spi.Integrations
import io.faultwire.testing.ClientTest
import io.faultwire.testing.listAt
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.time.Duration
import kotlin.concurrent.thread

/** Making and ending the client, while others do the same. */
class LifecycleTest : ClientTest() {
    @Test
    fun `each close holds its own deadline`() {
        start()
        sink.mode("stall")
        Faultwire.captureMessage("stays")
        val other = thread { Faultwire.close(6000) }
        // It has begun, since nothing is captured any more.
        while (Faultwire.captureMessage("x") != null) Thread.onSpinWait()
        val began = System.nanoTime()
        assertFalse(Faultwire.close(50))
        val seconds = (System.nanoTime() - began) / 1e9
        assertTrue(seconds < 4, "$seconds s")
        assertTrue(other.isAlive)
        other.join()
    }

    @Test
    fun `what was integrated before the client was made is named`() {
        Integrations.addIntegration("early")
        start()
        Integrations.addIntegration("late")
        Faultwire.captureMessage("x")
        val named = received(1).single().listAt("sdk", "integrations")
        assertTrue(named.containsAll(listOf("early", "late")), "$named")
    }

    @Test
    fun `what is a part of what was captured is no second event`() {
        start()
        val cause = RuntimeException("cause")
        val id = Faultwire.captureException(IllegalStateException("x", cause))
        Integrations.markCaptured(cause, id)
        assertEquals(id, Faultwire.captureException(cause))
        received(1)
    }

    @Test
    fun `a timeout without end is one`() {
        start()
        Faultwire.captureException(RuntimeException("x"))
        assertTrue(Faultwire.flush(Duration.ofSeconds(Long.MAX_VALUE)))
        assertEquals(1, Faultwire.stats().delivered)
        Faultwire.captureException(RuntimeException("x"))
        assertTrue(Faultwire.flush(Long.MAX_VALUE))
        assertEquals(2, Faultwire.stats().delivered)
        assertTrue(Faultwire.close(Duration.ofSeconds(Long.MIN_VALUE)) || !Faultwire.isEnabled())
    }

    @Test
    fun `what waited for the extractor is on disk before a second client is made`(@TempDir folder: File) {
        fun spooling() = start {
            spool = true
            spoolDir = folder.path
            stormFolding = false
        }
        spooling()
        sink.mode("refuse")
        repeat(500) { Faultwire.captureException(RuntimeException("of the first client")) }
        spooling()
        sink.mode("ok")
        Faultwire.captureMessage("of the second")
        Faultwire.flush(10_000)
        assertEquals(501, sink.wait(501).size)
    }
}
