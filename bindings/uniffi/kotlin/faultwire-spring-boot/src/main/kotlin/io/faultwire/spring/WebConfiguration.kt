package io.faultwire.spring

import io.faultwire.servlet.FaultwireFilter
import io.faultwire.spi.Integrations
import jakarta.servlet.DispatcherType
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication
import org.springframework.boot.web.servlet.FilterRegistrationBean
import org.springframework.context.annotation.Bean
import org.springframework.context.annotation.Configuration
import org.springframework.core.Ordered
import org.springframework.web.servlet.HandlerExceptionResolver
import org.springframework.web.servlet.HandlerInterceptor
import org.springframework.web.servlet.HandlerMapping
import org.springframework.web.servlet.ModelAndView
import org.springframework.web.servlet.config.annotation.InterceptorRegistry
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer

/**
 * Requests of Spring MVC. What escapes is captured as unhandled. What the application's own handlers, or Spring's, make an
 * answer of is captured as handled, and only where the answer is 500 or above.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnClass(HandlerExceptionResolver::class, FilterRegistrationBean::class)
@ConditionalOnProperty(prefix = "faultwire", name = ["web"], havingValue = "true", matchIfMissing = true)
internal open class WebConfiguration {
    /** Before all others: what they do and how they fail is part of the request. */
    @Bean
    open fun faultwireFilter(client: FaultwireClient): FilterRegistrationBean<FaultwireFilter> =
        FilterRegistrationBean(FaultwireFilter(MECHANISM)).apply {
            order = Ordered.HIGHEST_PRECEDENCE
            isAsyncSupported = true
            setDispatcherTypes(DispatcherType.REQUEST, DispatcherType.ASYNC, DispatcherType.ERROR)
            Integrations.addIntegration("spring")
        }

    @Bean
    open fun faultwireWatcher(): Watcher = Watcher()

    @Bean
    open fun faultwireRoutes(): WebMvcConfigurer = object : WebMvcConfigurer {
        override fun addInterceptors(registry: InterceptorRegistry) {
            registry.addInterceptor(Routes()).order(Ordered.HIGHEST_PRECEDENCE)
        }
    }

    private companion object {
        const val MECHANISM = "auto.http.spring"
    }
}

/** Sees each error before those who answer it, and leaves it to them. */
internal class Watcher : HandlerExceptionResolver, Ordered {
    override fun getOrder(): Int = Ordered.HIGHEST_PRECEDENCE

    override fun resolveException(
        request: HttpServletRequest,
        response: HttpServletResponse,
        handler: Any?,
        thrown: Exception,
    ): ModelAndView? {
        FaultwireFilter.resolved(request, thrown)
        return null
    }
}

/** Names the route as the application wrote it. */
internal class Routes : HandlerInterceptor {
    override fun preHandle(request: HttpServletRequest, response: HttpServletResponse, handler: Any): Boolean {
        // An error page is not what was asked for.
        if (request.dispatcherType != DispatcherType.ERROR) {
            (request.getAttribute(HandlerMapping.BEST_MATCHING_PATTERN_ATTRIBUTE) as? String)?.let {
                FaultwireFilter.setRoute(request, it)
            }
        }
        return true
    }
}
