package io.faultwire

import io.faultwire.testing.Program
import io.faultwire.testing.Sink
import io.faultwire.testing.at
import io.faultwire.testing.listAt
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File

/** A JVM that dies of a signal, and the next one, which tells of it. */
class CrashTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `the next start reports what the JVM wrote of its end, once, and leaves it where it is`() = Sink().use { sink ->
        val spool = File(folder, "spool").apply { mkdir() }
        val options = listOf("-XX:ErrorFile=$folder/hs_err_pid%p.log", "-XX:-CreateCoredumpOnCrash", "-Dapi.password=hunter2hunter2")
        fun run(what: String) =
            Program("shop.Crashing", listOf(sink.dsn, spool.path, what), options, log = folder)

        val crashed = run("crash")
        // The signal itself would end it with a core dump.
        assertEquals(1, crashed.exitCode, crashed.stderr)
        val log = folder.listFiles().orEmpty().single { it.name.startsWith("hs_err_pid") }
        assertTrue("hunter2hunter2" in log.readText(), "the JVM's own log has the command line")

        repeat(2) { assertEquals(0, run("report").exitCode) }
        val event = sink.events().single()
        assertEquals("fatal", event["level"])
        assertEquals("java", event["platform"])
        assertEquals("shop@1.4.2", event["release"])
        assertEquals("north", event.at("tags", "shop"))
        val error = event.at("exception", "values", -1)
        assertEquals("SIGSEGV", error.at("type"))
        assertEquals("signalhandler", error.at("mechanism", "type"))
        assertEquals(false, error.at("mechanism", "handled"))
        assertEquals("checkout", event.at("threads", "values", 0, "name"))
        val functions = error.listAt("stacktrace", "frames").map { it.at("function") }
        assertTrue("order" in functions, "$functions")
        assertTrue(log.exists())
        assertFalse("hunter2" in sink.raw())
    }
}
