package io.faultwire.guarded

import io.faultwire.Faultwire
import io.faultwire.testing.Event
import io.faultwire.testing.Sink
import io.faultwire.testing.at
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.util.Base64
import java.util.concurrent.Callable
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.springframework.boot.WebApplicationType
import org.springframework.boot.autoconfigure.SpringBootApplication
import org.springframework.boot.builder.SpringApplicationBuilder
import org.springframework.boot.web.servlet.context.ServletWebServerApplicationContext
import org.springframework.context.annotation.Bean
import org.springframework.security.access.AccessDeniedException
import org.springframework.security.config.Customizer
import org.springframework.security.config.annotation.web.builders.HttpSecurity
import org.springframework.security.core.userdetails.User
import org.springframework.security.core.userdetails.UserDetailsService
import org.springframework.security.provisioning.InMemoryUserDetailsManager
import org.springframework.security.web.SecurityFilterChain
import org.springframework.web.bind.annotation.GetMapping
import org.springframework.web.bind.annotation.RestController

private const val PASSWORD = "correct-horse-battery"

/** An application behind Spring Security. It is in a package of its own, for the other one takes all that is in its own. */
@SpringBootApplication(proxyBeanMethods = false)
open class GuardedShop {
    @Bean
    open fun guard(http: HttpSecurity): SecurityFilterChain = http
        .authorizeHttpRequests { it.anyRequest().authenticated() }
        .httpBasic(Customizer.withDefaults())
        .build()

    @Bean
    open fun users(): UserDetailsService =
        InMemoryUserDetailsManager(User.withUsername("ann").password("{noop}$PASSWORD").roles("CLERK").build())
}

@RestController
class GuardedPages {
    @GetMapping("/orders")
    fun orders(): String = error("no orders today")

    @GetMapping("/later")
    fun later() = Callable<String> { error("failed on another thread") }

    @GetMapping("/forbidden")
    fun forbidden(): String = throw AccessDeniedException("not for clerks")
}

class SecurityTest {
    private val http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()

    private class Guarded(val sink: Sink, private val shop: ServletWebServerApplicationContext, private val http: HttpClient) {
        fun ask(path: String, user: String? = "ann"): Int {
            val request = HttpRequest.newBuilder(URI("http://127.0.0.1:${shop.webServer.port}$path"))
            if (user != null) {
                val login = Base64.getEncoder().encodeToString("$user:$PASSWORD".toByteArray())
                request.header("Authorization", "Basic $login")
            }
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString()).statusCode()
        }

        /** The one event there is. */
        fun event(): Event {
            sink.wait(1)
            assertTrue(Faultwire.flush(10_000), "${Faultwire.stats()}")
            return sink.events().single().also { sink.reset() }
        }
    }

    private fun guarded(sendDefaultPii: Boolean, test: Guarded.() -> Unit) = Sink().use { sink ->
        val shop = SpringApplicationBuilder(GuardedShop::class.java)
            .web(WebApplicationType.SERVLET)
            .properties("server.port=0", "server.address=127.0.0.1", "spring.main.banner-mode=off", "logging.level.root=off")
            .run(
                "--faultwire.dsn=${sink.dsn}",
                "--faultwire.spool=false",
                "--faultwire.storm-folding=false",
                "--faultwire.shutdown-timeout=5s",
                "--faultwire.send-default-pii=$sendDefaultPii",
            )
        shop.use { Guarded(sink, it as ServletWebServerApplicationContext, http).test() }
        assertFalse(PASSWORD in sink.raw())
    }

    @Test
    fun `who is logged in is on what fails, where that may be sent`() = guarded(sendDefaultPii = true) {
        for (page in listOf("/orders", "/later")) {
            assertEquals(500, ask(page))
            val event = event()
            assertEquals(page, event["transaction"])
            assertEquals("ann", event.at("user", "username"), page)
        }
    }

    @Test
    fun `and is not where it may not`() = guarded(sendDefaultPii = false) {
        assertEquals(500, ask("/orders"))
        assertNull(event().at("user", "username"))
        assertFalse("\"ann\"" in sink.raw())
    }

    @Test
    fun `whom the guard turns away is no failure of the application`() = guarded(sendDefaultPii = true) {
        assertEquals(401, ask("/orders", user = null))
        assertEquals(401, ask("/orders", user = "eve"))
        assertEquals(403, ask("/forbidden"))
        assertTrue(Faultwire.flush(10_000))
        assertEquals(0L, Faultwire.stats().captured)
    }
}
