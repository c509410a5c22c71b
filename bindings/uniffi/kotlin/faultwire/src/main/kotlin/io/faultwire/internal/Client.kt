package io.faultwire.internal

import io.faultwire.FaultwireOptions
import io.faultwire.Stats
import io.faultwire.bridge.Host
import io.faultwire.bridge.Runtime
import io.faultwire.translated
import io.faultwire.bridge.addIntegration as tellEngine
import io.faultwire.bridge.close as closeEngine
import io.faultwire.bridge.flush as flushEngine
import io.faultwire.bridge.init as initEngine
import io.faultwire.bridge.isEnabled as isEngineEnabled
import io.faultwire.bridge.settings as engineSettings
import io.faultwire.bridge.stats as engineStats
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock

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

    /** Whether more than the id of a user is sent. */
    @Volatile var sendsPii = false
        private set

    /** Bytes of a request's body that are looked at. */
    @Volatile var maxRequestBodyBytes = 0
        private set

    /** The default of what waits, in milliseconds. */
    @Volatile var shutdownTimeout = 2000L
        private set

    /** What a second `init` waits for the extractor at most, in milliseconds; it is a few, normally. */
    private const val LONGEST_SETTLING = 500L

    private val integrations = ConcurrentHashMap.newKeySet<String>()

    /** Held while it is made or ended; whoever ends it waits for it no longer than for the rest. */
    private val changing = ReentrantLock()

    /** Makes it. [keepsEnvelopes]: nothing is sent, for tests. Throws what the options are to blame for. */
    fun init(options: FaultwireOptions, keepsEnvelopes: Boolean = false) {
        if (Library.isLoaded) {
            changing.withLock { Jna.call { make(options, keepsEnvelopes) } }
        }
    }

    private fun make(options: FaultwireOptions, keepsEnvelopes: Boolean) {
        // What waits for it is the earlier client's, which cannot take it any more when it has ended.
        Extractor.drain(LONGEST_SETTLING)
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
        sendsPii = settings?.sendDefaultPii == true
        settings?.let {
            shutdownTimeout = it.shutdownTimeoutMs
            maxRequestBodyBytes = it.maxRequestBodyBytes.coerceIn(0, Int.MAX_VALUE.toLong()).toInt()
        }
        hasSampler = options.errorSampler != null
        isOn = isEngineEnabled()
        quietly("addIntegration", Unit) { integrations.forEach(::tellEngine) }
        Uncaught.set(isOn && options.captureUncaught)
        Shutdown.set(isOn && options.closeAtShutdown)
    }

    /** Logging is often set up before the client is: the next one is told, too. */
    fun addIntegration(name: String) = quietly("addIntegration", Unit) {
        integrations.add(name)
        if (isOn) Jna.call { tellEngine(name) }
    }

    /** Null is the option `shutdownTimeout`. */
    fun flush(milliseconds: Long?): Boolean =
        !isOn || quietly("flush", false) { Jna.call { flushEngine(drained(milliseconds)) } }

    /** Lets the extractor finish, and says what is left of the time. */
    private fun drained(milliseconds: Long?): Long {
        val began = System.nanoTime()
        val whole = milliseconds ?: shutdownTimeout
        Extractor.drain(whole)
        return left(whole, began)
    }

    private fun left(whole: Long, began: Long): Long =
        (whole - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began)).coerceAtLeast(0)

    fun close(milliseconds: Long?): Boolean {
        if (!isOn) {
            return true
        }
        val began = System.nanoTime()
        val whole = milliseconds ?: shutdownTimeout
        if (!enter(whole)) {
            return false
        }
        try {
            return !isOn || end(left(whole, began))
        } finally {
            changing.unlock()
        }
    }

    private fun end(milliseconds: Long): Boolean {
        val isDone = quietly("close", false) { Jna.call { closeEngine(drained(milliseconds)) } }
        isOn = false
        Uncaught.set(false)
        Shutdown.set(false)
        Extractor.end()
        Cells.end()
        Jna.end()
        return isDone
    }

    private fun enter(milliseconds: Long): Boolean = changing.tryLock() || try {
        changing.tryLock(milliseconds, TimeUnit.MILLISECONDS)
    } catch (_: InterruptedException) {
        Thread.currentThread().interrupt()
        false
    }

    fun stats(): Stats = Stats.of(if (Library.isLoaded) quietly("stats", "{}") { Jna.call { engineStats() } } else "{}")
}
