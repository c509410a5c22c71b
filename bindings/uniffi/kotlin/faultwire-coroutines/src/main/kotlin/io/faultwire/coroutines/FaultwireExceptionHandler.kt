package io.faultwire.coroutines

import io.faultwire.spi.Integrations
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.CoroutineExceptionHandler

private const val MECHANISM = "auto.coroutine"

/** Captures in the scopes of the coroutine: by the time its failure is told, its thread may have left them. */
private fun capture(context: CoroutineContext, exception: Throwable) {
    val scopes = context[FaultwireContext]?.scopes
    val entered = scopes?.enter()
    try {
        Integrations.captureException(exception, MECHANISM, handled = false)
    } finally {
        entered?.close()
    }
}

/**
 * Captures what ends a coroutine, then does what is usual: tells `next`, or, without one, the thread's uncaught-exception
 * handler, which is what coroutines without any handler do.
 *
 *     CoroutineScope(SupervisorJob() + Dispatchers.Default + FaultwireExceptionHandler())
 *
 * Coroutines without a handler need none of this: with this artifact on the class path they are captured as they are.
 * What `async` ends with is not told to handlers; it is thrown where it is awaited.
 */
public class FaultwireExceptionHandler @JvmOverloads constructor(private val next: CoroutineExceptionHandler? = null) :
    AbstractCoroutineContextElement(CoroutineExceptionHandler), CoroutineExceptionHandler {

    override fun handleException(context: CoroutineContext, exception: Throwable) {
        capture(context, exception)
        if (next != null) {
            next.handleException(context, exception)
            return
        }
        val thread = Thread.currentThread()
        thread.uncaughtExceptionHandler.uncaughtException(thread, exception)
    }
}

/**
 * Is told what nobody handles, by way of `META-INF/services`: whatever happens to it then is none of its business.
 */
internal class UnhandledInCoroutine : AbstractCoroutineContextElement(CoroutineExceptionHandler), CoroutineExceptionHandler {
    override fun handleException(context: CoroutineContext, exception: Throwable): Unit = capture(context, exception)
}
