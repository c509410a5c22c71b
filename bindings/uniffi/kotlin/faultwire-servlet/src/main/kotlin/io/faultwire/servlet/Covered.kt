package io.faultwire.servlet

import io.faultwire.spi.Integrations
import io.faultwire.spi.ScopeContext
import jakarta.servlet.ServletException
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse

/** A request in the application's hands, from its first byte to the end of its answer. */
internal class Covered private constructor(
    asked: HttpServletRequest,
    private val response: HttpServletResponse,
    private val mechanism: String,
) {
    /** Those of this request: on top of what is said outside of any, whatever this thread did before. */
    val scopes: ScopeContext = ScopeContext.afresh()
    private val description: Map<String, Any?> = describe(asked)
    private val body: BodyRecorder? = BodyRecorder.of(asked)

    /** What the application is given: what it reads of the body is recorded. */
    val request = CoveredRequest(asked, this, body)

    /** The application went on elsewhere: when it is answered is told later. */
    @Volatile var isAsync = false

    /** Something escaped before. */
    @Volatile var hasFailed = false
        private set

    @Volatile private var resolved: Throwable? = null

    @Volatile private var isBodyTold = false

    private fun begin() {
        val scope = scopes.isolationScope
        tellRequest()
        tellUser(request)
        // Asked of a request that is read only partly, some containers fail.
        tried(Unit) { routeOf(request)?.let(scope::setTransaction) }
        tried(Unit) { scope.continueTrace(request.getHeader("traceparent") ?: request.getHeader("sentry-trace")) }
        request.setAttribute(ATTRIBUTE, this)
    }

    /** Says what is known of the request by now. */
    fun tellRequest() {
        val data = tried<Any?>(null) { body?.data() ?: request.formRead() }
        Integrations.setRequest(scopes.isolationScope, if (data == null) description else description + ("data" to data))
    }

    /** Says who is logged in, as far as [request] knows: filters after ours can find it out. */
    fun tellUser(request: HttpServletRequest) {
        Integrations.offerUsername(scopes.isolationScope) { tried(null) { request.remoteUser } }
    }

    /** The same once the application has read all of the body, as some find out again and again. */
    fun bodyIsRead() {
        if (!isBodyTold) {
            isBodyTold = true
            tellRequest()
        }
    }

    /** The application let it escape. */
    fun escaped(thrown: Throwable) = tried(Unit) {
        hasFailed = true
        resolved = null
        // A servlet may throw little else; what it stands for is what failed.
        val failed = if (thrown.javaClass == ServletException::class.java) thrown.cause ?: thrown else thrown
        val id = capture(failed, handled = false)
        // Containers log it as well: Jetty as it came, Tomcat the cause of all.
        causes(thrown).forEach { Integrations.markCaptured(it, id) }
    }

    fun resolved(thrown: Throwable) {
        resolved = thrown
    }

    /** The answer is known. */
    fun answered() = tried(Unit) {
        val thrown = resolved ?: return
        resolved = null
        if (tried(0) { response.status } >= FAILURE) {
            capture(thrown, handled = true)
        }
    }

    private fun capture(thrown: Throwable, handled: Boolean): String? {
        // The client went away: nothing of the application failed.
        if (causes(thrown).any { it.javaClass.simpleName in CLIENT_GONE }) {
            return null
        }
        return scopes.enter().use {
            tellRequest()
            tellUser(request)
            Integrations.captureException(thrown, mechanism, handled)
        }
    }

    companion object {
        /** Of a request: what is known of it. */
        const val ATTRIBUTE = "io.faultwire.servlet.covered"

        /** Answers from here on are failures of the application; those below are its business. */
        private const val FAILURE = 500

        /** Causes may go in circles. */
        private const val MAX_CAUSES = 10

        /** How Tomcat, Jetty and Spring name it. */
        private val CLIENT_GONE = setOf("ClientAbortException", "EofException", "AsyncRequestNotUsableException")

        /** Itself first. `getCause` can be the application's own. */
        private fun causes(thrown: Throwable): Sequence<Throwable> =
            generateSequence(thrown) { tried(null) { it.cause } }.take(MAX_CAUSES)

        fun begin(request: HttpServletRequest, response: HttpServletResponse, mechanism: String): Covered =
            Covered(request, response, mechanism).also { covered -> tried(Unit, covered::begin) }
    }
}

/** [work], whose failure is not the application's worry. */
internal inline fun <T> tried(otherwise: T, work: () -> T): T = try {
    work()
} catch (_: Throwable) {
    otherwise
}
