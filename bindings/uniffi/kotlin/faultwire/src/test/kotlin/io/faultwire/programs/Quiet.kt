package io.faultwire.programs

import io.faultwire.Breadcrumb
import io.faultwire.Faultwire
import io.faultwire.Level
import io.faultwire.User

/** Calls everything where no native library fits, and goes on. */
object Quiet {
    @JvmStatic
    fun main(arguments: Array<String>) {
        Faultwire.init {
            dsn = "http://key@127.0.0.1:9/1"
            beforeSend { it }
        }
        Faultwire.setTags(mapOf("a" to "b"))
        Faultwire.setUser(User("7"))
        Faultwire.globalScope().setExtra("x", 1)
        Faultwire.addBreadcrumb(Breadcrumb("x"))
        val ids = Faultwire.isolationScope {
            Faultwire.withScope { scope ->
                scope.setLevel(Level.FATAL)
                listOf(
                    Faultwire.captureException(RuntimeException("x")),
                    Faultwire.captureMessage("x"),
                    Faultwire.captureEvent(mapOf("message" to "x")),
                )
            }
        }
        check(ids.all { it == null } && !Faultwire.isEnabled())
        check(!Faultwire.continueTrace("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"))
        check(Faultwire.explain(RuntimeException("x")).isEmpty() && Faultwire.explain(mapOf()).isEmpty())
        check(Faultwire.flush() && Faultwire.stats().captured == 0L && Faultwire.close())
        println("went on")
    }
}
