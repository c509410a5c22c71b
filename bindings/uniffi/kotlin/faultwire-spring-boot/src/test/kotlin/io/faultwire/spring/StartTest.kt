package io.faultwire.spring

import ch.qos.logback.classic.AsyncAppender
import ch.qos.logback.classic.LoggerContext
import io.faultwire.Faultwire
import io.faultwire.logback.FaultwireAppender
import io.faultwire.testing.Sink
import io.faultwire.testing.at
import io.faultwire.testing.listAt
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.slf4j.Logger

/** An application that starts, or does not. */
class StartTest {
    @Test
    fun `what keeps an application from starting is one event`() = Sink().use { sink ->
        assertThrows(Exception::class.java) {
            Shop.start("faultwire.dsn=${sink.dsn}", "faultwire.spool=false", "faultwire.shutdown-timeout=10s", "shop.broken=true")
        }
        assertFalse(Faultwire.isEnabled(), "it ended with the context")
        val event = sink.wait(1).single()
        assertEquals("fatal", event["level"])
        assertEquals("auto.spring", event.at("exception", "values", -1, "mechanism", "type"))
        val values = event.listAt("exception", "values").map { it.at("value").toString() }
        assertTrue(values.any { "what is the whole shop?" in it }, "$values")
    }

    @Test
    fun `an appender of the application's own is the only one, wherever it is`() {
        for (name in listOf(Logger.ROOT_LOGGER_NAME, "shop")) {
            val logback = LoggerContext()
            val own = AsyncAppender().apply {
                context = logback
                addAppender(FaultwireAppender())
            }
            logback.getLogger(name).addAppender(own)
            FaultwireLogs(logback)
            val all = logback.loggerList.flatMap { it.iteratorForAppenders().asSequence<Any>().toList() }
            assertEquals(listOf<Any>(own), all, name)
        }
        val without = LoggerContext()
        FaultwireLogs(without)
        assertEquals(1, without.getLogger(Logger.ROOT_LOGGER_NAME).iteratorForAppenders().asSequence<Any>().count { it is FaultwireAppender })
    }
}
