package io.faultwire.spring

import ch.qos.logback.classic.LoggerContext
import ch.qos.logback.core.spi.AppenderAttachable
import io.faultwire.logback.FaultwireAppender
import org.slf4j.ILoggerFactory
import org.slf4j.Logger
import org.slf4j.LoggerFactory
import org.springframework.beans.factory.DisposableBean
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty
import org.springframework.context.annotation.Bean
import org.springframework.context.annotation.Configuration

/** What is logged is captured: failures of `@Async` and `@Scheduled` methods, too, which Spring logs. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(LoggerContext::class, FaultwireAppender::class)
@ConditionalOnProperty(prefix = "faultwire", name = ["logback"], havingValue = "true", matchIfMissing = true)
internal open class LogbackConfiguration {
    /** After the client, which says whether it is on. */
    @Bean
    open fun faultwireLogs(client: FaultwireClient): FaultwireLogs = FaultwireLogs(LoggerFactory.getILoggerFactory())
}

/** The appender at the root logger, unless the application's own configuration has one anywhere. */
internal class FaultwireLogs(factory: ILoggerFactory) : DisposableBean {
    private val root = (factory as? LoggerContext)?.getLogger(Logger.ROOT_LOGGER_NAME)
    private val appender = FaultwireAppender()

    init {
        if (root != null && root.loggerContext.loggerList.none { it.has() }) {
            appender.name = "faultwire"
            appender.context = root.loggerContext
            appender.start()
            root.addAppender(appender)
        }
    }

    /** Also within others, such as an `AsyncAppender`. */
    private fun AppenderAttachable<*>.has(): Boolean =
        iteratorForAppenders().asSequence().any { it is FaultwireAppender || it is AppenderAttachable<*> && it.has() }

    override fun destroy() {
        root?.detachAppender(appender)
        appender.stop()
    }
}
