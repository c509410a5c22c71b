package io.faultwire.servlet

import io.faultwire.Faultwire
import io.faultwire.User
import io.faultwire.testing.Event
import io.faultwire.testing.Sink
import io.faultwire.testing.at
import jakarta.servlet.FilterChain
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletRequestWrapper
import jakarta.servlet.http.HttpServletResponse
import java.lang.reflect.Proxy
import java.util.Collections
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test

/** A container that knows little of a request, and gives null for the rest. */
class BareContainerTest {
    private val sink = Sink()

    @BeforeEach
    fun start() = start(pii = false)

    private fun start(pii: Boolean) = Faultwire.init {
        dsn = sink.dsn
        spool = false
        sendDefaultPii = pii
    }

    @AfterEach
    fun end() {
        Faultwire.close(0)
        sink.close()
    }

    private inline fun <reified T> bare(known: Map<String, Any?>): T =
        Proxy.newProxyInstance(javaClass.classLoader, arrayOf(T::class.java)) { _, method, _ ->
            when (val answer = known[method.name]) {
                is Throwable -> throw answer
                null -> when (method.returnType) {
                    Boolean::class.java -> false
                    Int::class.java -> 0
                    Long::class.java -> -1L
                    else -> null
                }
                else -> answer
            }
        } as T

    /** The event of a request that fails, and what the application was given. */
    private fun failing(known: Map<String, Any?>, work: (HttpServletRequest) -> Unit = {}): Event {
        val failure = IllegalStateException("no price")
        val request = bare<HttpServletRequest>(known)
        val thrown = assertThrows(IllegalStateException::class.java) {
            FaultwireFilter().doFilter(request, bare<HttpServletResponse>(emptyMap())) { given, _ ->
                work(given as HttpServletRequest)
                throw failure
            }
        }
        assertSame(failure, thrown)
        assertTrue(Faultwire.flush(10_000), "${Faultwire.stats()}")
        return sink.wait(1).single()
    }

    @Test
    fun `of a request of which nothing is known there is the error`() {
        val event = failing(emptyMap()) { request ->
            assertNull(request.inputStream)
            assertNull(request.reader)
            assertNull(request.getParameter("name"))
            assertNull(request.parameterNames)
            assertNull(request.parameterMap)
            assertNull(request.parts)
            assertNull(request.getPart("name"))
            assertNull(request.startAsync())
        }
        assertEquals("no price", event.at("exception", "values", -1, "value"))
        assertNull(event["transaction"])
    }

    @Test
    fun `the same of a body`() {
        val event = failing(mapOf("getContentType" to "application/json", "getMethod" to "POST")) { request ->
            assertNull(request.inputStream)
            assertNull(request.reader)
            assertNull(request.getParameter("name"))
        }
        assertEquals("POST", event.at("request", "method"))
    }

    @Test
    fun `what is known is said, whatever is not`() {
        val known = mapOf(
            "getHeaderNames" to Collections.enumeration(listOf("x-known", null)),
            "getMethod" to "PUT",
            "getRequestURI" to "/orders/7",
            "getRemoteAddr" to UnsupportedOperationException("not asked"),
        )
        val event = failing(known)
        assertEquals("PUT", event.at("request", "method"))
        assertEquals("/orders/7", event.at("request", "url"))
        assertNull(event.at("request", "headers", "X-Known"))
    }

    @Test
    fun `a header that cannot be read costs only the headers`() {
        val known = mapOf(
            "getHeaderNames" to UnsupportedOperationException("not shown"),
            "getHeader" to UnsupportedOperationException("not shown"),
            "getAttribute" to UnsupportedOperationException("not shown"),
            "getMethod" to "GET",
        )
        assertEquals("GET", failing(known).at("request", "method"))
    }

    @Test
    fun `who is logged in is said with the option, and below what the application says`() {
        val known = mapOf("getRemoteUser" to "ann")
        assertNull(failing(known)["user"])
        start(pii = true)
        sink.reset()
        assertEquals(mapOf("username" to "ann"), failing(known)["user"])
        sink.reset()
        assertEquals(mapOf("id" to "7"), failing(known) { Faultwire.setUser(User(id = "7")) }["user"])
    }

    @Test
    fun `nobody is asked who is logged in without the option, for that can load a session`() {
        start(pii = false)
        val request = object : HttpServletRequestWrapper(bare(emptyMap())) {
            var asked = 0

            override fun getRemoteUser() = null.also { asked++ }
        }
        val response = bare<HttpServletResponse>(emptyMap())
        FaultwireFilter().doFilter(request, response, FilterChain { _, _ -> Faultwire.captureMessage("seen") })
        assertEquals(0, request.asked)
        start(pii = true)
        FaultwireFilter().doFilter(request, response, FilterChain { _, _ -> })
        assertEquals(1, request.asked)
    }

    @Test
    fun `a framework can know who is logged in where the container does not`() {
        start(pii = true)
        val attributes = HashMap<String, Any?>()
        val asked = object : HttpServletRequestWrapper(bare(emptyMap())) {
            override fun setAttribute(name: String, value: Any?) = attributes.set(name, value)

            override fun getAttribute(name: String): Any? = attributes[name]
        }
        FaultwireFilter().doFilter(asked, bare<HttpServletResponse>(emptyMap())) { given, _ ->
            val secured = object : HttpServletRequestWrapper(given as HttpServletRequest) {
                override fun getRemoteUser() = "bob"
            }
            FaultwireFilter.setRoute(secured, "/orders/{number}")
            Faultwire.captureMessage("seen")
        }
        assertTrue(Faultwire.flush(10_000))
        val event = sink.wait(1).single()
        assertEquals(mapOf("username" to "bob"), event["user"])
        assertEquals("/orders/{number}", event["transaction"])
    }

    @Test
    fun `what frameworks tell is told of nothing`() {
        val request: HttpServletRequest? = null
        val thrown: Throwable? = null
        val resolved = FaultwireFilter::class.java.getMethod("resolved", jakarta.servlet.ServletRequest::class.java, Throwable::class.java)
        val route = FaultwireFilter::class.java.getMethod("setRoute", jakarta.servlet.ServletRequest::class.java, String::class.java)
        for (asked in listOf(request, bare<HttpServletRequest>(emptyMap()))) {
            resolved.invoke(null, asked, thrown)
            route.invoke(null, asked, null)
        }
        FaultwireFilter.install(null)
        val chain = FilterChain { _, _ -> }
        FaultwireFilter().doFilter(bare<HttpServletRequest>(emptyMap()), bare<HttpServletResponse>(emptyMap()), chain)
    }
}
