package io.faultwire.logback

import ch.qos.logback.classic.Level
import ch.qos.logback.classic.spi.ILoggingEvent
import ch.qos.logback.classic.spi.ThrowableProxy
import ch.qos.logback.core.UnsynchronizedAppenderBase
import io.faultwire.Breadcrumb
import io.faultwire.CaptureContext
import io.faultwire.Faultwire
import io.faultwire.spi.Integrations
import java.time.Instant

/**
 * What is logged at `minimumEventLevel` or above is an event, from `minimumBreadcrumbLevel` on a breadcrumb.
 *
 *     <appender name="FAULTWIRE" class="io.faultwire.logback.FaultwireAppender"/>
 *     <root level="info"><appender-ref ref="FAULTWIRE"/></root>
 *
 * A throwable that was captured before, or is later, is one event. Nothing is written anywhere: without a client it does
 * nothing.
 */
public class FaultwireAppender : UnsynchronizedAppenderBase<ILoggingEvent>() {
    /** From here on a log record is an event; `OFF`, or null, for none. */
    public var minimumEventLevel: Level? = Level.ERROR

    /** From here on a log record is a breadcrumb; `OFF`, or null, for none. */
    public var minimumBreadcrumbLevel: Level? = Level.INFO

    /** Names in the MDC whose values are tags, to search by; all are shown with the event. A comma between them. */
    public var tagsFromMdc: String? = null
        set(names) {
            field = names
            tagNames = names.orEmpty().split(',').map(String::trim).filter(String::isNotEmpty)
        }

    private var tagNames: List<String> = emptyList()

    override fun start() {
        super.start()
        Integrations.addIntegration(NAME)
    }

    override fun append(record: ILoggingEvent) {
        // A record can be the application's own: what it throws, or does not have, is no worry of whoever logs.
        try {
            take(record)
        } catch (_: Throwable) {
            return
        }
    }

    private fun take(record: ILoggingEvent) {
        val level: Level = record.level ?: return
        val isEvent = level.reaches(minimumEventLevel)
        val isBreadcrumb = level.reaches(minimumBreadcrumbLevel)
        if (!(isEvent || isBreadcrumb) || isOwn(record.loggerName) || !Faultwire.isEnabled()) {
            return
        }
        // What is logged while a record is looked at, by `toString` of an argument, is no business of ours.
        if (busy.get() != null) {
            return
        }
        busy.set(true)
        try {
            if (isEvent) {
                capture(record)
            }
            // After the event, which shall not have itself among its breadcrumbs.
            if (isBreadcrumb) {
                remember(record)
            }
        } finally {
            busy.remove()
        }
    }

    private fun capture(record: ILoggingEvent) {
        val mdc = mdcOf(record)
        val values = valuesOf(record)
        val context = CaptureContext().apply {
            level = levelOf(record.level)
            logger = record.loggerName
            tags = tagNames.mapNotNull { name -> mdc[name]?.let { name to it } }.toMap().ifEmpty { null }
            contexts = if (mdc.isEmpty()) null else mapOf("mdc" to mdc)
            extra = values
        }
        val thrown = (record.throwableProxy as? ThrowableProxy)?.throwable
        if (thrown == null) {
            val params = record.argumentArray?.map(::plain)
            Integrations.captureMessage(messageOf(record), record.message, params, context)
            return
        }
        context.extra = values.orEmpty() + ("log_message" to messageOf(record))
        Integrations.captureException(thrown, MECHANISM, handled = true, context)
    }

    private fun remember(record: ILoggingEvent) {
        Faultwire.addBreadcrumb(
            Breadcrumb(
                message = messageOf(record),
                category = record.loggerName,
                level = levelOf(record.level),
                data = valuesOf(record),
                timestamp = Instant.ofEpochMilli(record.timeStamp),
            ),
        )
    }

    private companion object {
        const val NAME = "logback"
        const val MECHANISM = "auto.logback"

        /** Of a request's MDC; more is not looked through. */
        const val MAX_MDC = 50

        /** Threads inside [append]; set only there, so that nothing stays on threads of the application. */
        val busy = ThreadLocal<Boolean>()

        /** Ours. */
        fun isOwn(logger: String?) = logger != null && (logger == "io.faultwire" || logger.startsWith("io.faultwire."))

        fun Level.reaches(minimum: Level?) = minimum != null && isGreaterOrEqual(minimum)

        fun mdcOf(record: ILoggingEvent): Map<String, String> {
            val mdc: Map<String?, String?> = record.mdcPropertyMap.orEmpty()
            val said = LinkedHashMap<String, String>()
            for ((name, value) in mdc) {
                if (said.size == MAX_MDC) break
                if (name != null && value != null) said[name] = value
            }
            return said
        }

        /** What `logger.atInfo().addKeyValue` added, which no message has. */
        fun valuesOf(record: ILoggingEvent): Map<String, Any?>? =
            record.keyValuePairs?.filterNotNull()?.associate { it.key.orEmpty() to it.value }?.ifEmpty { null }

        /** The application's objects show themselves here, and can fail at it. */
        fun messageOf(record: ILoggingEvent): String = try {
            record.formattedMessage ?: record.message ?: ""
        } catch (_: Throwable) {
            record.message ?: ""
        }

        /** What says itself; of anything else the class, since its text is in the message already. */
        fun plain(value: Any?): Any? = when (value) {
            null, is String, is Number, is Boolean -> value
            else -> value.javaClass.name
        }

        fun levelOf(level: Level): io.faultwire.Level = when {
            level.isGreaterOrEqual(Level.ERROR) -> io.faultwire.Level.ERROR
            level.isGreaterOrEqual(Level.WARN) -> io.faultwire.Level.WARNING
            level.isGreaterOrEqual(Level.INFO) -> io.faultwire.Level.INFO
            else -> io.faultwire.Level.DEBUG
        }
    }
}
