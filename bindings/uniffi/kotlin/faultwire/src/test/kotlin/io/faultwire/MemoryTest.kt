package io.faultwire

import io.faultwire.bridge.FfiConverterTypeBeforeSend
import io.faultwire.bridge.FfiConverterTypeErrorSampler
import io.faultwire.bridge.abandonClient
import io.faultwire.internal.Cells
import io.faultwire.internal.Extractor
import io.faultwire.internal.Seen
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.File

/** Memory stays flat, with the server down, too. */
class MemoryTest {
    @AfterEach
    fun end() {
        Faultwire.close(0)
        // The next would wait for thousands of captures that this one still works through.
        abandonClient()
    }

    private fun heap(): Long {
        repeat(3) { System.gc() }
        return Runtime.getRuntime().run { totalMemory() - freeMemory() }
    }

    /** Bytes of the process in memory; null where the system does not say. */
    private fun resident(): Long? = File("/proc/self/status").takeIf(File::exists)?.readLines()
        ?.first { it.startsWith("VmRSS:") }?.filter(Char::isDigit)?.toLong()?.times(1024)

    private fun eventually(what: String, isSo: () -> Boolean) {
        val end = System.nanoTime() + 10_000_000_000
        while (!isSo()) {
            check(System.nanoTime() < end) { what }
            System.gc()
            Thread.yield()
        }
    }

    /** Each in a unit of work that says something. */
    private fun captures(count: Int) = repeat(count) { number ->
        Faultwire.isolationScope().use {
            Faultwire.setTag("number", "$number")
            Faultwire.addBreadcrumb("step $number")
            Faultwire.captureException(IllegalStateException("order $number", RuntimeException("cause")))
        }
    }

    /** Until what nobody holds any more is given back. */
    private fun settle() {
        Extractor.drain(10_000)
        eventually("every cell but that of the process is freed: ${Cells.CREATED} made, ${Cells.FREED} freed") {
            Cells.CREATED.get() - Cells.FREED.get() <= 1
        }
        eventually("no captured throwable is remembered: ${Seen.count}") {
            // Those that are gone are forgotten by the next captures.
            repeat(1000) { Seen.of(RuntimeException("one more")) }
            Seen.count < 2000
        }
    }

    @Test
    fun `a hundred thousand captures with the server down`() {
        Faultwire.init {
            dsn = "http://key@127.0.0.1:9/1"
            spool = false
            stormFolding = false
            beforeSend { it }
            errorSampler { null }
        }
        captures(10_000)
        settle()
        val (heapBefore, residentBefore) = heap() to resident()
        captures(100_000)
        settle()
        val (heapAfter, residentAfter) = heap() to resident()
        println("memory: heap ${heapBefore shr 20} -> ${heapAfter shr 20} MiB, resident ${residentBefore?.shr(20)} -> ${residentAfter?.shr(20)} MiB")

        // A hundred thousand throwables, with two stacks each, would be more than the whole heap.
        assertTrue(heapAfter - heapBefore < 64 shl 20, "heap ${heapBefore shr 20} -> ${heapAfter shr 20} MiB")
        if (residentBefore != null && residentAfter != null) {
            // The outbox may grow to 32 MiB, and code is compiled; the heap is there from the start.
            assertTrue(residentAfter - residentBefore < 96 shl 20, "resident $residentBefore -> $residentAfter")
        }
        val stats = Faultwire.stats()
        assertTrue(stats.captured >= 110_000)
        assertTrue(Cells.CREATED.get() >= 110_000)
        assertEquals(stats.captured, stats.delivered + stats.spooled + stats.pending + stats.folded + stats.dropped.values.sum())
    }

    @Test
    fun `after a collection no capture pays for all that is gone`() {
        var most = 0
        fun next(): Seen {
            val before = Seen.count
            return Seen.of(RuntimeException()).also { most = maxOf(most, before - Seen.count) }
        }
        repeat(20_000) { Seen.before(next()) }
        eventually("what is gone is forgotten: ${Seen.count}") {
            repeat(1000) { next() }
            Seen.count < 2000
        }
        assertEquals(Seen.FORGOTTEN_AT_ONCE, most)
    }

    @Test
    fun `no reference of the engine's to a hook is left`() {
        val before = FfiConverterTypeBeforeSend.handleMap.size to FfiConverterTypeErrorSampler.handleMap.size
        repeat(20) {
            Faultwire.init {
                dsn = "http://key@127.0.0.1:9/1"
                spool = false
                beforeSend { it }
                errorSampler { null }
            }
            Faultwire.captureMessage("x")
            Faultwire.close(0)
        }
        Faultwire.init { spool = false }
        // An engine that is closed lets go when its threads have ended.
        eventually("hooks are let go") {
            FfiConverterTypeBeforeSend.handleMap.size <= before.first + 1 &&
                FfiConverterTypeErrorSampler.handleMap.size <= before.second + 1
        }
    }
}
