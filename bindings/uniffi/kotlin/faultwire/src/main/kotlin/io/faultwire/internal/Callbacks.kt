package io.faultwire.internal

import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import io.faultwire.BeforeBreadcrumb
import io.faultwire.BeforeSend
import io.faultwire.ErrorSampler
import io.faultwire.Level
import io.faultwire.SamplingContext
import io.faultwire.bridge.uniffiCallbackInterfaceBeforeSend
import io.faultwire.bridge.BeforeBreadcrumb as BridgeBeforeBreadcrumb
import io.faultwire.bridge.BeforeSend as BridgeBeforeSend
import io.faultwire.bridge.ErrorSampler as BridgeErrorSampler

/** The application's hooks as the engine calls them. What they throw stays here: its text can be anything. */
internal object Callbacks {
    /**
     * The engine's worker becomes a thread of the JVM once, as a daemon, and not anew for each event; it stays one until
     * it ends.
     */
    fun keepWorkerAttached() {
        val worker = CallbackThreadInitializer(true, false, "faultwire-worker")
        Native.setCallbackThreadInitializer(uniffiCallbackInterfaceBeforeSend.edit, worker)
    }

    /** The engine's worker, once it has called a hook. */
    @Volatile private var worker: Thread? = null

    /** Whether a thread of the engine's can call a hook, though the client has ended. */
    fun canCome(): Boolean = worker?.isAlive == true

    fun beforeSend(hook: BeforeSend?): BridgeBeforeSend? = hook?.let {
        object : BridgeBeforeSend {
            override fun edit(event: String): String? {
                worker = Thread.currentThread()
                return edited("beforeSend", event, it::edit)
            }
        }
    }

    fun beforeBreadcrumb(hook: BeforeBreadcrumb?): BridgeBeforeBreadcrumb? = hook?.let {
        object : BridgeBeforeBreadcrumb {
            override fun edit(breadcrumb: String): String? = edited("beforeBreadcrumb", breadcrumb, it::edit)
        }
    }

    fun errorSampler(sampler: ErrorSampler?): BridgeErrorSampler? = sampler?.let {
        object : BridgeErrorSampler {
            override fun rate(exceptionType: String?, level: String, logger: String?, transaction: String?): Double? =
                quietly("errorSampler", null) {
                    it.rate(SamplingContext(exceptionType, levelOf(level), logger, transaction))
                }
        }
    }

    private inline fun edited(where: String, json: String, edit: (MutableMap<String, Any?>) -> Map<String, Any?>?) =
        quietly(where, null) { edit(JsonReader.readObject(json))?.let { JsonWriter.write(it, Limits.WHOLE) } }

    private fun levelOf(text: String): Level = Level.values().firstOrNull { it.text == text } ?: Level.ERROR
}
