package io.faultwire.internal

import java.lang.Runtime

/** Sends what is on its way before the JVM ends, for the option `shutdownTimeout` at most. */
internal object Shutdown {
    @Volatile private var hook: Thread? = null

    val isSet: Boolean get() = hook != null

    @Synchronized
    fun set(isOn: Boolean) {
        try {
            if (isOn && hook == null) {
                val ours = daemon("faultwire-close") { Client.close(null) }
                Runtime.getRuntime().addShutdownHook(ours)
                hook = ours
            } else if (!isOn && hook != null && Thread.currentThread() !== hook) {
                Runtime.getRuntime().removeShutdownHook(hook)
                hook = null
            }
        } catch (_: IllegalStateException) {
            // The JVM is ending already.
        }
    }
}
