package io.faultwire.programs

import io.faultwire.Faultwire
import java.time.Duration
import kotlin.concurrent.thread

/**
 * Fails as it is told: `DSN WHERE HANDLER`. The DSN `none` is without Faultwire. Where: `main`, `thread`, `exit` with the
 * code 3, `return` with an event on its way. Handler: `none`, or `own`, which was there before Faultwire.
 */
object Failing {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val (dsn, where, handler) = arguments
        if (handler == "own") {
            Thread.setDefaultUncaughtExceptionHandler { thread, error ->
                System.err.println("own handler: ${error.message} in ${thread.name}")
            }
        }
        if (dsn != "none") {
            Faultwire.init {
                this.dsn = dsn
                spool = false
                shutdownTimeout = Duration.ofSeconds(1)
            }
        }
        when (where) {
            "main" -> fail()
            "thread" -> thread(name = "worker", block = ::fail).join()
            "exit" -> {
                Faultwire.captureException(RuntimeException("before exit"))
                System.exit(3)
            }
            "return" -> Faultwire.captureException(RuntimeException("before return"))
        }
    }

    private fun fail(): Unit = throw IllegalStateException("nobody caught it", RuntimeException("cause"))
}
