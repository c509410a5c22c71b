package io.faultwire

import io.faultwire.testing.ClientTest
import io.faultwire.testing.at
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import java.io.ByteArrayOutputStream
import java.io.PrintStream
import java.lang.Thread.UncaughtExceptionHandler
import java.time.Duration
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread

/** The default uncaught-exception handler among others. */
class UncaughtTest : ClientTest() {
    private val usual: UncaughtExceptionHandler? = Thread.getDefaultUncaughtExceptionHandler()
    private val told = AtomicInteger()

    /** Of the application, which was there before. */
    private val own = UncaughtExceptionHandler { _, _ -> told.incrementAndGet() }

    @BeforeEach
    fun handle() {
        told.set(0)
        Thread.setDefaultUncaughtExceptionHandler(own)
    }

    @AfterEach
    fun restore() {
        Faultwire.close(0)
        Thread.setDefaultUncaughtExceptionHandler(usual)
    }

    private fun die(text: String): Thread = thread { error(text) }

    private fun seconds(work: () -> Unit): Double {
        val began = System.nanoTime()
        work()
        return (System.nanoTime() - began) / 1e9
    }

    @Test
    fun `of many that fail while the server stalls one waits for it`() {
        start { shutdownTimeout = Duration.ofSeconds(2) }
        sink.mode("stall")
        val taken = seconds {
            val threads = (1..20).map { die("$it") }
            while (threads.count { it.isAlive } > 1) Thread.onSpinWait()
        }
        assertTrue(taken < 1.5, "$taken s")
    }

    @Test
    fun `where no handler follows nobody waits`() {
        Thread.setDefaultUncaughtExceptionHandler(null)
        start { shutdownTimeout = Duration.ofSeconds(2) }
        sink.mode("stall")
        val (err, said) = System.err to ByteArrayOutputStream()
        System.setErr(PrintStream(said, true))
        val taken = seconds { repeat(5) { die("number $it").join() } }
        System.setErr(err)
        assertTrue(taken < 2, "$taken s")
        assertTrue("IllegalStateException: number 4" in said.toString(), "$said")
    }

    @Test
    fun `a handler that replaced ours keeps it out only until the next client`() {
        start()
        val other = UncaughtExceptionHandler { _, _ -> told.addAndGet(100) }
        Thread.setDefaultUncaughtExceptionHandler(other)
        start()
        die("seen again").join()
        assertEquals("seen again", received(1).single().at("exception", "values", 0, "value"))
        assertEquals(100, told.get())
        Faultwire.close(0)
        assertSame(other, Thread.getDefaultUncaughtExceptionHandler())
    }

    @Test
    fun `a handler that calls ours is called once and so is the first`() {
        start()
        val ours = Thread.getDefaultUncaughtExceptionHandler()
        Thread.setDefaultUncaughtExceptionHandler { thread, thrown ->
            told.addAndGet(100)
            ours.uncaughtException(thread, thrown)
        }
        start()
        die("once").join()
        received(1)
        assertEquals(101, told.get())
        assertEquals(emptyMap<String, Long>(), Faultwire.stats().dropped)
    }
}
