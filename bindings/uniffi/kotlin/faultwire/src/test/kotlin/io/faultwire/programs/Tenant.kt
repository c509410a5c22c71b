package io.faultwire.programs

import io.faultwire.Faultwire
import io.faultwire.User
import java.time.Duration
import java.util.function.BiFunction

/** An application in a container, which knows it by a class of the JDK's: what it is to do, and its name or DSN. */
class Tenant : BiFunction<String, String, Any?> {
    override fun apply(what: String, argument: String): Any? = when (what) {
        "start" -> {
            Faultwire.init {
                dsn = argument
                spool = false
                shutdownTimeout = Duration.ofSeconds(10)
                beforeSend { event -> event.apply { put("dist", "seen") } }
                beforeBreadcrumb { it }
                errorSampler { null }
            }
            Faultwire.isEnabled()
        }
        "work" -> Faultwire.isolationScope { scope ->
            scope.setUser(User(id = argument))
            Faultwire.addBreadcrumb("began")
            Faultwire.withScope { Faultwire.captureMessage("said by $argument") }
            Faultwire.captureException(Failure(argument, IllegalStateException("cause")))
            Faultwire.explain(Failure(argument, null))["hash"]
        }
        // A scope that nobody closes is closed with the one around it.
        "forget" -> Faultwire.isolationScope().use { Faultwire.newScope().scope.setTag("left", argument) }
        "stop" -> Faultwire.close()
        else -> error(what)
    }

    class Failure(text: String, cause: Throwable?) : RuntimeException(text, cause)
}
