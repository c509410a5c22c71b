package io.faultwire.spring

import io.faultwire.BeforeBreadcrumb
import io.faultwire.BeforeSend
import io.faultwire.CaptureContext
import io.faultwire.ErrorSampler
import io.faultwire.Faultwire
import io.faultwire.FaultwireOptions
import io.faultwire.Level
import io.faultwire.spi.Integrations
import org.springframework.beans.factory.DisposableBean
import org.springframework.beans.factory.ObjectProvider
import org.springframework.boot.autoconfigure.AutoConfiguration
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty
import org.springframework.boot.context.event.ApplicationFailedEvent
import org.springframework.context.ApplicationContext
import org.springframework.context.ApplicationEvent
import org.springframework.context.ApplicationListener
import org.springframework.context.annotation.Bean
import org.springframework.context.annotation.Import
import org.springframework.context.event.ContextClosedEvent
import org.springframework.core.env.Environment

/**
 * Starts the client from `faultwire.*` properties, as early as the context is made, and ends it with the context. Beans of
 * type [BeforeSend], [BeforeBreadcrumb] and [ErrorSampler] are its hooks; a bean of type [FaultwireOptions] replaces the
 * properties. `faultwire.enabled=false` leaves all of it out.
 */
@AutoConfiguration
@ConditionalOnProperty(prefix = "faultwire", name = ["enabled"], havingValue = "true", matchIfMissing = true)
@Import(LogbackConfiguration::class, WebConfiguration::class)
public open class FaultwireAutoConfiguration {
    @Bean
    public open fun faultwireClient(
        environment: Environment,
        options: ObjectProvider<FaultwireOptions>,
        beforeSend: ObjectProvider<BeforeSend>,
        beforeBreadcrumb: ObjectProvider<BeforeBreadcrumb>,
        errorSampler: ObjectProvider<ErrorSampler>,
        context: ApplicationContext,
    ): FaultwireClient {
        val told = options.getIfUnique() ?: optionsOf(environment)
        beforeSend.ifUnique { told.beforeSend = it }
        beforeBreadcrumb.ifUnique { told.beforeBreadcrumb = it }
        errorSampler.ifUnique { told.errorSampler = it }
        // The context ends it, before the JVM does.
        told.closeAtShutdown = false
        Faultwire.init(told)
        return FaultwireClient(context)
    }
}

/**
 * The client as a part of the context, with which it ends. A context that cannot start lets go of its beans before it is
 * told why: that is captured first.
 */
public class FaultwireClient internal constructor(private val context: ApplicationContext) :
    ApplicationListener<ApplicationEvent>, DisposableBean {
    @Volatile private var isClosing = false

    override fun onApplicationEvent(event: ApplicationEvent) {
        if (event is ContextClosedEvent && event.applicationContext === context) {
            isClosing = true
        } else if (event is ApplicationFailedEvent && event.applicationContext === context) {
            val fatal = CaptureContext().apply { level = Level.FATAL }
            Integrations.captureException(event.exception, "auto.spring", handled = false, fatal)
            Faultwire.close()
        }
    }

    override fun destroy() {
        if (isClosing) {
            Faultwire.close()
        }
    }
}
