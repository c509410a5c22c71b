package io.faultwire

import io.faultwire.testing.Program
import io.faultwire.testing.Sink
import io.faultwire.testing.at
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File

/** How JVMs end, each a process of its own: with Faultwire as without. */
class ProcessTest {
    @TempDir
    lateinit var folder: File

    private fun failing(dsn: String, where: String, handler: String = "none") =
        Program("io.faultwire.programs.Failing", listOf(dsn, where, handler), log = folder)

    @Test
    fun `what ends the main thread is captured, and the process ends as ever`() = Sink().use { sink ->
        val ever = failing("none", "main")
        val now = failing(sink.dsn, "main")
        assertEquals(ever.stderr, now.stderr)
        assertTrue(ever.stderr.startsWith("Exception in thread \"main\" java.lang.IllegalStateException"), ever.stderr)
        assertEquals(1 to 1, ever.exitCode to now.exitCode)

        val event = sink.wait(1).single()
        assertEquals("fatal", event["level"])
        val error = event.at("exception", "values", -1)
        assertEquals("nobody caught it", error.at("value"))
        assertEquals("auto.uncaught", error.at("mechanism", "type"))
        assertEquals(false, error.at("mechanism", "handled"))
        assertEquals("cause", event.at("exception", "values", 0, "value"))
    }

    @Test
    fun `what ends another thread is captured, and the handler before is called`() = Sink().use { sink ->
        val ever = failing("none", "thread", "own")
        val now = failing(sink.dsn, "thread", "own")
        assertEquals("own handler: nobody caught it in worker\n", ever.stderr)
        assertEquals(ever.stderr, now.stderr)
        assertEquals(0 to 0, ever.exitCode to now.exitCode)
        val event = sink.wait(1).single()
        assertEquals("worker", event.at("threads", "values", 0, "name"), "$event")
    }

    @Test
    fun `what is on its way at the end of the process arrives`() = Sink().use { sink ->
        assertEquals(3, failing(sink.dsn, "exit").exitCode)
        val program = failing(sink.dsn, "return")
        assertEquals(0 to "", program.exitCode to program.stderr)
        assertEquals(2, sink.wait(2).size)
    }

    @Test
    fun `with the server down or stalled a process ends in bounded time, as ever`() = Sink().use { sink ->
        sink.mode("stall")
        for (dsn in listOf("http://key@127.0.0.1:9/1", sink.dsn)) {
            for (where in listOf("main", "return")) {
                val program = failing(dsn, where)
                assertEquals(if (where == "main") 1 else 0, program.exitCode)
                // A second for the handler, a second for the shutdown hook, and the JVM itself on a loaded machine.
                assertTrue(program.milliseconds < 10_000, "$dsn $where: ${program.milliseconds} ms")
            }
        }
    }

    @Test
    fun `without a library for the platform one line says so and the program goes on`() {
        val wrong = Program("io.faultwire.programs.Quiet", options = listOf("-Dos.name=Plan 9", "-Dos.arch=mips"), log = folder)
        assertEquals("went on\n", wrong.stdout, wrong.stderr)
        assertEquals(
            "faultwire: nothing is captured, the native library did not load on plan_9-mips (the jar has none for it)\n",
            wrong.stderr,
        )
        assertEquals(0, wrong.exitCode)
    }

    @Test
    fun `a broken library is said in one line and the program goes on`() {
        val broken = File(folder, "libbroken.so").apply { writeText("no library") }
        val program = Program("io.faultwire.programs.Quiet", options = listOf("-Dfaultwire.library=$broken"), log = folder)
        assertEquals("went on\n", program.stdout, program.stderr)
        // The JVM itself has its say about such a library, too.
        assertEquals(1, program.stderr.lines().count { it.startsWith("faultwire: ") }, program.stderr)
        assertTrue("did not load on ${io.faultwire.internal.Library.platform} (java.lang.UnsatisfiedLinkError" in program.stderr)
        assertEquals(0, program.exitCode)
    }
}
