package io.faultwire.logback

import ch.qos.logback.classic.Level
import ch.qos.logback.classic.LoggerContext
import ch.qos.logback.classic.joran.JoranConfigurator
import ch.qos.logback.classic.spi.IThrowableProxy
import ch.qos.logback.classic.spi.LoggingEvent
import ch.qos.logback.classic.spi.ThrowableProxy
import ch.qos.logback.core.status.StatusListener
import io.faultwire.Faultwire
import io.faultwire.testing.Event
import io.faultwire.testing.Sink
import io.faultwire.testing.at
import io.faultwire.testing.listAt
import java.io.ByteArrayInputStream
import java.io.OutputStream
import java.io.PrintStream
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.slf4j.LoggerFactory
import org.slf4j.MDC
import org.slf4j.Marker
import org.slf4j.event.KeyValuePair

/** The appender in Logback itself, configured as applications do, with a real server. */
class FaultwireAppenderTest {
    private val sink = Sink()
    private val logback = LoggerFactory.getILoggerFactory() as LoggerContext
    private val log = LoggerFactory.getLogger("shop.Orders")

    private fun start(appender: String = "") {
        Faultwire.init {
            dsn = sink.dsn
            spool = false
        }
        logback.reset()
        val xml = """<configuration>
            <appender name="FAULTWIRE" class="io.faultwire.logback.FaultwireAppender">$appender</appender>
            <root level="debug"><appender-ref ref="FAULTWIRE"/></root>
        </configuration>"""
        JoranConfigurator().apply { context = logback }.doConfigure(ByteArrayInputStream(xml.toByteArray()))
    }

    private fun events(count: Int): List<Event> {
        assertTrue(Faultwire.flush(10_000), "${Faultwire.stats()}")
        return sink.wait(count)
    }

    @AfterEach
    fun end() {
        logback.reset()
        MDC.clear()
        Faultwire.currentIsolationScope().clear()
        Faultwire.close(0)
        sink.close()
    }

    @Test
    fun `an error with a throwable is an event, what came before are its breadcrumbs`() {
        start("<tagsFromMdc>tenant, absent</tagsFromMdc>")
        Faultwire.isolationScope().use {
            MDC.put("tenant", "acme")
            MDC.put("request", "r-17")
            log.debug("not worth a breadcrumb")
            log.info("order {} looked up", 7)
            log.warn("slow")
            log.error("order {} failed", 7, IllegalStateException("no price"))
        }
        val event = events(1).single()
        assertEquals("no price", event.at("exception", "values", 0, "value"))
        assertEquals("auto.logback", event.at("exception", "values", 0, "mechanism", "type"))
        assertEquals(true, event.at("exception", "values", 0, "mechanism", "handled"))
        assertEquals("shop.Orders", event["logger"])
        assertEquals("error", event["level"])
        assertEquals("order 7 failed", event.at("extra", "log_message"))
        assertEquals("acme", event.at("tags", "tenant"))
        assertNull(event.at("tags", "request"))
        assertEquals("r-17", event.at("contexts", "mdc", "request"))
        val crumbs = event.listAt("breadcrumbs", "values")
        assertEquals(listOf("order 7 looked up", "slow"), crumbs.map { it.at("message") })
        assertEquals(listOf("info", "warning"), crumbs.map { it.at("level") })
        assertEquals("shop.Orders", crumbs[0].at("category"))
    }

    @Test
    fun `an error without a throwable is a message, grouped by its template`() {
        start()
        log.error("no stock of {} in {}", "tea", 3)
        val event = events(1).single()
        assertEquals("no stock of tea in 3", event.at("logentry", "formatted"))
        assertEquals("no stock of {} in {}", event.at("logentry", "message"))
        assertEquals(listOf<Any?>("tea", 3L), event.at("logentry", "params"))
        assertEquals("error", event["level"])
        assertEquals("shop.Orders", event["logger"])
    }

    @Test
    fun `values beside the message are shown, and filtered`() {
        start()
        Faultwire.isolationScope().use {
            log.atInfo().addKeyValue("step", 1).log("began")
            log.atError().addKeyValue("order", 7).addKeyValue("password", "hunter2").log("no stock")
            log.atError().addKeyValue("order", 8).setCause(IllegalStateException("no price")).log("failed")
        }
        val byOrder = events(2).associateBy { it.at("extra", "order") }
        assertEquals("no stock", byOrder[7L].at("logentry", "formatted"))
        assertEquals("failed", byOrder[8L].at("extra", "log_message"))
        assertEquals(1L, byOrder[8L].at("breadcrumbs", "values", 0, "data", "step"))
        assertFalse("hunter2" in sink.raw())
    }

    @Test
    fun `levels are options`() {
        start("<minimumEventLevel>OFF</minimumEventLevel><minimumBreadcrumbLevel>ERROR</minimumBreadcrumbLevel>")
        Faultwire.isolationScope().use {
            log.info("no breadcrumb")
            log.error("a breadcrumb", RuntimeException("no event"))
            Faultwire.captureMessage("by hand")
        }
        val event = events(1).single()
        assertEquals("by hand", event.at("logentry", "formatted"))
        assertEquals(listOf("a breadcrumb"), event.listAt("breadcrumbs", "values").map { it.at("message") })
    }

    @Test
    fun `one throwable is one event, whoever saw it first`() {
        start()
        val thrown = IllegalArgumentException("once")
        val id = Faultwire.captureException(thrown)
        log.error("and again", thrown)
        log.error("and again", thrown)
        assertNotNull(id)
        assertEquals(id, events(1).single()["event_id"])
        assertEquals(2, Faultwire.stats().dropped["already_captured"], "${Faultwire.stats()}")
    }

    @Test
    fun `own records and those of a record being looked at are left alone`() {
        start()
        val own = LoggerFactory.getLogger("io.faultwire.internal")
        own.error("ours", RuntimeException("ours"))
        val chatty = object {
            override fun toString(): String {
                LoggerFactory.getLogger("shop.Chatty").error("inside", RuntimeException("inside"))
                return "chatty"
            }
        }
        log.error("said {}", chatty)
        val event = events(1).single()
        assertEquals("said chatty", event.at("logentry", "formatted"))
        assertFalse("ours" in sink.raw())
    }

    @Test
    fun `an argument that cannot be shown fails nobody`() {
        start()
        val broken = object {
            override fun toString(): String = error("cannot be shown")
        }
        // SLF4J says there what it could not show.
        val err = System.err
        System.setErr(PrintStream(OutputStream.nullOutputStream()))
        try {
            log.error("said {}", broken)
        } finally {
            System.setErr(err)
        }
        assertEquals("shop.Orders", events(1).single()["logger"])
    }

    @Test
    fun `what a record does not have is absent, and nothing of it fails whoever logs`() {
        start("<tagsFromMdc>tenant</tagsFromMdc>")
        val appender = logback.getLogger("ROOT").getAppender("FAULTWIRE") as FaultwireAppender
        val said = ArrayList<String>()
        logback.statusManager.add(StatusListener { said.add(it.message) })
        appender.doAppend(Bare())
        appender.doAppend(Bare(Level.INFO))
        appender.doAppend(Bare(Level.ERROR))
        appender.doAppend(Bare(Level.ERROR, ThrowableProxy(IllegalStateException("all there is"))))
        appender.doAppend(Failing())
        appender.minimumBreadcrumbLevel = null
        appender.tagsFromMdc = null
        appender.doAppend(Bare(Level.INFO))
        assertEquals(emptyList<String>(), said, "Logback was told of no failure")
        val events = events(2)
        assertEquals(2, events.size)
        val error = events.single { it["exception"] != null }
        assertEquals("all there is", error.at("exception", "values", 0, "value"))
        assertEquals(mapOf("known" to "yes"), error.at("contexts", "mdc"))
        assertNull(error["logger"])
        assertEquals(3, Faultwire.currentIsolationScope().let { Faultwire.captureMessage("x"); events(3).last().listAt("breadcrumbs", "values").size })
    }

    /** Of an application that makes its records itself. */
    private open class Bare(private val at: Level? = null, private val thrown: IThrowableProxy? = null) : LoggingEvent() {
        override fun getLevel(): Level? = at

        override fun getThrowableProxy(): IThrowableProxy? = thrown

        override fun getMessage(): String? = null

        override fun getFormattedMessage(): String? = null

        override fun getLoggerName(): String? = null

        override fun getThreadName(): String? = null

        override fun getMarkerList(): List<Marker>? = null

        override fun getArgumentArray(): Array<Any?>? = arrayOf(null)

        override fun getKeyValuePairs(): List<KeyValuePair?>? = listOf(null, KeyValuePair(null, null))

        override fun getMDCPropertyMap(): Map<String?, String?>? = mapOf(null to "x", "tenant" to null, "known" to "yes")
    }

    private class Failing : Bare(Level.ERROR) {
        override fun getFormattedMessage(): String = throw StackOverflowError("as deep as it goes")

        override fun getMDCPropertyMap(): Map<String?, String?> = throw LinkageError("not of this version")
    }

    @Test
    fun `secrets in messages and in the MDC are filtered`() {
        start("<tagsFromMdc>token</tagsFromMdc>")
        MDC.put("token", "tok_live_5ecret")
        MDC.put("url", "postgres://shop:hunter2@db.internal/orders")
        log.info("password=hunter2")
        log.error("cannot reach postgres://shop:hunter2@db.internal/orders", IllegalStateException("password=hunter2"))
        log.error("Authorization: Bearer abcdefghijklmnop {}", "password=hunter2")
        events(2)
        val sent = sink.raw()
        for (secret in listOf("hunter2", "tok_live_5ecret", "abcdefghijklmnop")) {
            assertFalse(secret in sent, secret)
        }
    }
}
