package io.faultwire.spring

import io.faultwire.BeforeSend
import java.util.concurrent.Callable
import org.slf4j.LoggerFactory
import org.springframework.boot.WebApplicationType
import org.springframework.boot.autoconfigure.SpringBootApplication
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty
import org.springframework.boot.autoconfigure.security.servlet.SecurityAutoConfiguration
import org.springframework.boot.autoconfigure.security.servlet.SecurityFilterAutoConfiguration
import org.springframework.boot.autoconfigure.security.servlet.UserDetailsServiceAutoConfiguration
import org.springframework.boot.builder.SpringApplicationBuilder
import org.springframework.boot.web.servlet.context.ServletWebServerApplicationContext
import org.springframework.context.annotation.Bean
import org.springframework.http.HttpStatus
import org.springframework.http.ResponseEntity
import org.springframework.scheduling.annotation.Async
import org.springframework.scheduling.annotation.EnableAsync
import org.springframework.stereotype.Component
import org.springframework.web.bind.annotation.ExceptionHandler
import org.springframework.web.bind.annotation.GetMapping
import org.springframework.web.bind.annotation.PathVariable
import org.springframework.web.bind.annotation.PostMapping
import org.springframework.web.bind.annotation.RequestBody
import org.springframework.web.bind.annotation.RestController
import org.springframework.web.server.ResponseStatusException

class OutOfStock(item: String) : RuntimeException("no $item")

class NoSuchItem(item: String) : RuntimeException("what is $item?")

/** A small application: nothing in it knows of Faultwire but its hook. */
@SpringBootApplication(
    proxyBeanMethods = false,
    exclude = [SecurityAutoConfiguration::class, UserDetailsServiceAutoConfiguration::class, SecurityFilterAutoConfiguration::class],
)
@EnableAsync
open class Shop {
    @Bean
    open fun lastWord() = BeforeSend { event -> event.apply { put("dist", "seen") } }

    /** It cannot start with this. */
    @Bean
    @ConditionalOnProperty("shop.broken")
    open fun broken(): NoSuchItem = throw NoSuchItem("the whole shop")

    companion object {
        fun start(vararg properties: String): ServletWebServerApplicationContext =
            SpringApplicationBuilder(Shop::class.java)
                .web(WebApplicationType.SERVLET)
                .properties("server.port=0", "server.address=127.0.0.1", "spring.main.banner-mode=off", "logging.level.root=error", "logging.threshold.console=off")
                .run(*properties.map { "--$it" }.toTypedArray()) as ServletWebServerApplicationContext
    }
}

@Component
open class Mailer {
    private val log = LoggerFactory.getLogger("shop.Mailer")

    @Async
    open fun send(to: String) {
        error("an address without @: $to")
    }

    open fun complain(error: Exception) {
        log.error("cannot write to {}", "ann", error)
    }
}

@RestController
class Pages(private val mailer: Mailer) {
    @GetMapping("/")
    fun home() = mapOf("status" to "ok")

    @GetMapping("/orders/{number}")
    fun order(@PathVariable("number") number: Int): String = error("no price of $number")

    @PostMapping("/checkout")
    fun checkout(@RequestBody order: Map<String, Any?>): String = throw OutOfStock("${order["item"]}")

    @GetMapping("/item/{name}")
    fun item(@PathVariable("name") name: String): String = throw NoSuchItem(name)

    @GetMapping("/status/{status}")
    fun status(@PathVariable("status") status: Int): String = throw ResponseStatusException(HttpStatus.valueOf(status), "as asked")

    @GetMapping("/newsletter")
    fun newsletter(): String {
        mailer.send("nobody")
        return "queued"
    }

    @GetMapping("/later")
    fun later() = Callable<String> { error("failed on another thread") }

    @GetMapping("/caused")
    fun caused(): String = throw IllegalStateException("no page", IllegalArgumentException("no item"))

    @GetMapping("/logged")
    fun logged(): String {
        val error = IllegalStateException("logged and thrown")
        mailer.complain(error)
        throw error
    }

    @ExceptionHandler(OutOfStock::class)
    fun answer(error: OutOfStock): ResponseEntity<String> = ResponseEntity.status(503).body(error.message)

    @ExceptionHandler(NoSuchItem::class)
    fun answer(error: NoSuchItem): ResponseEntity<String> = ResponseEntity.status(404).body(error.message)
}
