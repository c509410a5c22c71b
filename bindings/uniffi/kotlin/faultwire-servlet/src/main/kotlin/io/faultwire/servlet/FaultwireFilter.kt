package io.faultwire.servlet

import io.faultwire.Faultwire
import io.faultwire.spi.Integrations
import io.faultwire.spi.ScopeContext
import jakarta.servlet.DispatcherType
import jakarta.servlet.Filter
import jakarta.servlet.FilterChain
import jakarta.servlet.FilterRegistration
import jakarta.servlet.ServletContext
import jakarta.servlet.ServletRequest
import jakarta.servlet.ServletResponse
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse
import java.util.EnumSet

/**
 * Gives each request an isolation scope of its own, says which request it was on what is captured inside, and captures
 * what escapes, which is thrown on as ever. First in the chain it sees most:
 *
 *     FaultwireFilter.install(servletContext)
 *
 * For `jakarta.servlet` 5 and 6. Containers with `javax.servlet` are at the end of their lives, and one class cannot be
 * a filter of both.
 *
 * @param mechanism who met the error, on its event.
 */
public open class FaultwireFilter @JvmOverloads constructor(private val mechanism: String = "auto.http.servlet") : Filter {
    override fun doFilter(request: ServletRequest, response: ServletResponse, chain: FilterChain) {
        val known = request as? HttpServletRequest
        if (known == null || response !is HttpServletResponse || !Faultwire.isEnabled()) {
            // What is said of this request is not said of all others, even if the client is made later.
            ScopeContext.afresh().enter().use { chain.doFilter(request, response) }
            return
        }
        // The container comes again to go on asynchronously, to forward, and to show an error page.
        val before = coveredOf(known)
        val covered = before ?: Covered.begin(known, response, mechanism)
        val entered = covered.scopes.enter()
        try {
            chain.doFilter(if (before == null) covered.request else request, response)
        } catch (thrown: Throwable) {
            covered.escaped(thrown)
            throw thrown
        } finally {
            if (!covered.isAsync) {
                covered.answered()
            }
            entered.close()
        }
    }

    public companion object {
        /** Adds a filter that covers everything, before all others. */
        @JvmStatic
        public fun install(context: ServletContext?) {
            // Null where there is one of that name.
            val registered: FilterRegistration.Dynamic = context?.addFilter("faultwire", FaultwireFilter()) ?: return
            registered.setAsyncSupported(true)
            val all = EnumSet.of(DispatcherType.REQUEST, DispatcherType.ASYNC, DispatcherType.ERROR)
            registered.addMappingForUrlPatterns(all, false, "/*")
            Integrations.addIntegration("servlet")
        }

        /**
         * For frameworks that answer for the application: an error that they make an answer of. It is captured if the
         * answer is one of the application's failures, 500 or above.
         */
        @JvmStatic
        public fun resolved(request: ServletRequest, thrown: Throwable) {
            coveredOf(request)?.resolved(thrown)
        }

        /** For frameworks that know better: the route as the application wrote it, and by the request who asks. */
        @JvmStatic
        public fun setRoute(request: ServletRequest, route: String) {
            val covered = coveredOf(request) ?: return
            covered.scopes.isolationScope.setTransaction(route)
            (request as? HttpServletRequest)?.let(covered::tellUser)
        }

        private fun coveredOf(request: ServletRequest): Covered? =
            tried(null) { request.getAttribute(Covered.ATTRIBUTE) as? Covered }
    }
}
