package io.faultwire.testing

import io.faultwire.Faultwire
import io.faultwire.FaultwireOptions
import io.faultwire.bridge.abandonClient
import io.faultwire.internal.Library
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.TestInstance

/** Tests with one sink, and a client for each test. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ClientTest {
    protected lateinit var sink: Sink

    @BeforeAll
    fun startSink() {
        sink = Sink()
    }

    @AfterAll
    fun endSink() {
        sink.close()
    }

    @AfterEach
    fun end() {
        Faultwire.close(0)
        // The next would wait for what a stalled server still has of this one.
        if (Library.isLoaded) abandonClient()
        Faultwire.globalScope().clear()
        Faultwire.currentIsolationScope().clear()
        sink.reset()
    }

    protected fun start(configure: FaultwireOptions.() -> Unit = {}) = Faultwire.init {
        dsn = sink.dsn
        spool = false
        configure()
    }

    /** The events that arrived once all is on its way: so many. */
    protected fun received(count: Int): List<Event> {
        assertTrue(Faultwire.flush(10_000), "flush: ${Faultwire.stats()}")
        val events = sink.wait(count)
        check(events.size == count) { "${events.size} events in place of $count" }
        return events
    }
}
