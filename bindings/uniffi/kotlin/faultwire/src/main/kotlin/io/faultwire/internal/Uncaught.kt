package io.faultwire.internal

import io.faultwire.CaptureContext
import io.faultwire.Level
import java.lang.Thread.UncaughtExceptionHandler

/**
 * What ends a thread, by the default uncaught-exception handler. The one before is called as ever; where there was none,
 * what the JVM would have printed is printed. Nothing changes the exit code.
 */
internal object Uncaught {
    private class Handler(val before: UncaughtExceptionHandler?) : UncaughtExceptionHandler {
        @Volatile var isOn = true

        override fun uncaughtException(thread: Thread, thrown: Throwable) {
            if (isOn) {
                capture(thread, thrown)
            }
            if (before != null) before.uncaughtException(thread, thrown) else print(thread, thrown)
        }
    }

    private var installed: Handler? = null

    /** Longest wait of a dying thread, in milliseconds. */
    private const val MAX_WAIT = 2000L

    @Synchronized
    fun set(isOn: Boolean) {
        val ours = installed
        if (ours != null && Thread.getDefaultUncaughtExceptionHandler() === ours) {
            ours.isOn = isOn
            if (!isOn) {
                Thread.setDefaultUncaughtExceptionHandler(ours.before)
                installed = null
            }
            return
        }
        // Another stands before ours by now and may call it.
        ours?.isOn = isOn
        if (isOn && ours == null) {
            installed = Handler(Thread.getDefaultUncaughtExceptionHandler()).also(Thread::setDefaultUncaughtExceptionHandler)
        }
    }

    private fun capture(thread: Thread, thrown: Throwable) {
        try {
            val context = CaptureContext().apply { level = Level.FATAL }
            Captures.exception(thrown, context, How("auto.uncaught", handled = false, thread, atOnce = true))
            // The handler before may end the process at once.
            Client.flush(minOf(MAX_WAIT, Client.shutdownTimeout))
        } catch (_: Throwable) {
            // Out of memory, say: the thread dies of what it was dying of.
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
