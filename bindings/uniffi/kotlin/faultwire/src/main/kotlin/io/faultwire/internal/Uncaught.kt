package io.faultwire.internal

import io.faultwire.CaptureContext
import io.faultwire.Level
import java.lang.Thread.UncaughtExceptionHandler
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicReference

/**
 * What ends a thread, by the default uncaught-exception handler. The one before is called as ever; where there was none,
 * what the JVM would have printed is printed. Nothing changes the exit code.
 */
internal object Uncaught {
    /** Holds the one before as other copies of Faultwire, of other class loaders, can read and change it, too. */
    private class Handler(before: UncaughtExceptionHandler?) :
        AtomicReference<UncaughtExceptionHandler?>(before), UncaughtExceptionHandler {
        @Volatile var isOn = true

        override fun uncaughtException(thread: Thread, thrown: Throwable) {
            val before = get()
            if (isOn) {
                capture(thread, thrown)
                // A handler can end the process at once. Where none follows the JVM goes on, and its end has a hook.
                if (before != null || !Shutdown.isSet) {
                    settle()
                }
            }
            if (before != null) before.uncaughtException(thread, thrown) else print(thread, thrown)
        }
    }

    private var installed: Handler? = null

    /** Longest wait of a dying thread, in milliseconds. */
    private const val MAX_WAIT = 2000L

    private val isWaiting = AtomicBoolean()

    @Synchronized
    fun set(isOn: Boolean) {
        val ours = installed
        val first = Thread.getDefaultUncaughtExceptionHandler()
        if (isOn && ours != null && ours === first) {
            return
        }
        ours?.let(::takeOut)
        installed = null
        if (isOn) {
            installed = Handler(Thread.getDefaultUncaughtExceptionHandler()).also(Thread::setDefaultUncaughtExceptionHandler)
        }
    }

    /** A handler of somebody else's that stands before ours by now may call it, or not. */
    private fun takeOut(ours: Handler) {
        ours.isOn = false
        var at = Thread.getDefaultUncaughtExceptionHandler()
        if (at === ours) {
            Thread.setDefaultUncaughtExceptionHandler(ours.get())
        }
        while (at is AtomicReference<*> && at.javaClass.name == Handler::class.java.name) {
            @Suppress("UNCHECKED_CAST")
            val before = (at as AtomicReference<UncaughtExceptionHandler?>).also { it.compareAndSet(ours, ours.get()) }
            at = before.get()
        }
    }

    private fun capture(thread: Thread, thrown: Throwable) {
        try {
            val context = CaptureContext().apply { level = Level.FATAL }
            Captures.exception(thrown, context, How("auto.uncaught", handled = false, thread, atOnce = true))
        } catch (_: Throwable) {
            // Out of memory, say: the thread dies of what it was dying of.
        }
    }

    /**
     * Sends what is on its way. Not all who come here die: coroutines tell the handler on a thread that goes on. So of
     * many, in a pool whose work fails while the server is down, one waits.
     */
    private fun settle() {
        if (isWaiting.compareAndSet(false, true)) {
            try {
                Client.flush(minOf(MAX_WAIT, Client.shutdownTimeout))
            } finally {
                isWaiting.set(false)
            }
        }
    }

    /** As `ThreadGroup` does where there is no handler. */
    private fun print(thread: Thread, thrown: Throwable) {
        if (thrown.javaClass.name != "java.lang.ThreadDeath") {
            System.err.print("Exception in thread \"${thread.name}\" ")
            thrown.printStackTrace(System.err)
        }
    }
}
