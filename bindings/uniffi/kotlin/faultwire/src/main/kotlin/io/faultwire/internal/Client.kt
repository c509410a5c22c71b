package io.faultwire.internal

import io.faultwire.FaultwireOptions
import io.faultwire.Stats
import io.faultwire.bridge.Host
import io.faultwire.bridge.Runtime
import io.faultwire.translated
import io.faultwire.bridge.close as closeEngine
import io.faultwire.bridge.flush as flushEngine
import io.faultwire.bridge.init as initEngine
import io.faultwire.bridge.isEnabled as isEngineEnabled
import io.faultwire.bridge.settings as engineSettings
import io.faultwire.bridge.stats as engineStats
import java.util.concurrent.TimeUnit

/** The client of the process: what a capture asks first stands here, without a look into the engine. */
internal object Client {
    /** Whether captures go anywhere. */
    @Volatile var isOn = false
        private set

    @Volatile var isDebug = false
        private set

    /** Whether repeated captures of a place are folded: nobody needs places otherwise. */
    @Volatile var folds = false
        private set

    /** Whether messages carry the stack of the call. */
    @Volatile var attachesStacks = false
        private set

    @Volatile var hasSampler = false
        private set

    /** Bytes of a request's body that are looked at. */
    @Volatile var maxRequestBodyBytes = 0
        private set

    @Volatile var sendsPii = false
        private set

    /** The default of what waits, in milliseconds. */
    @Volatile var shutdownTimeout = 2000L
        private set

    /** Makes it. [keepsEnvelopes]: nothing is sent, for tests. Throws what the options are to blame for. */
    @Synchronized
    fun init(options: FaultwireOptions, keepsEnvelopes: Boolean = false) {
        if (!Library.isLoaded) {
            return
        }
        val runtime = Runtime(
            Host.JVM,
            System.getProperty("java.runtime.name") ?: "JVM",
            System.getProperty("java.runtime.version") ?: "",
        )
        translated {
            initEngine(
                JsonWriter.write(options.forEngine(), Limits.WHOLE),
                runtime,
                Callbacks.beforeSend(options.beforeSend),
                Callbacks.beforeBreadcrumb(options.beforeBreadcrumb),
                Callbacks.errorSampler(options.errorSampler),
                keepsEnvelopes,
            )
        }
        val settings = engineSettings()
        isDebug = settings?.debug == true
        folds = settings?.stormFolding == true
        attachesStacks = settings?.attachStacktrace == true
        settings?.let {
            shutdownTimeout = it.shutdownTimeoutMs
            maxRequestBodyBytes = it.maxRequestBodyBytes.coerceIn(0, Int.MAX_VALUE.toLong()).toInt()
            sendsPii = it.sendDefaultPii
        }
        hasSampler = options.errorSampler != null
        isOn = isEngineEnabled()
        Uncaught.set(isOn && options.captureUncaught)
        Shutdown.set(isOn && options.closeAtShutdown)
    }

    /** Null is the option `shutdownTimeout`. */
    fun flush(milliseconds: Long?): Boolean =
        !isOn || quietly("flush", false) { flushEngine(drained(milliseconds)) }

    /** Lets the extractor finish, and says what is left of the time. */
    private fun drained(milliseconds: Long?): Long {
        val began = System.nanoTime()
        val whole = milliseconds ?: shutdownTimeout
        Extractor.drain(whole)
        return (whole - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began)).coerceAtLeast(0)
    }

    @Synchronized
    fun close(milliseconds: Long?): Boolean {
        if (!isOn) {
            return true
        }
        val isDone = quietly("close", false) { closeEngine(drained(milliseconds)) }
        isOn = false
        Uncaught.set(false)
        Shutdown.set(false)
        return isDone
    }

    fun stats(): Stats = Stats.of(if (Library.isLoaded) quietly("stats", "{}") { engineStats() } else "{}")
}
