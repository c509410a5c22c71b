package io.faultwire

import io.faultwire.bridge.explainEvent
import io.faultwire.internal.Captures
import io.faultwire.internal.Chain
import io.faultwire.internal.Client
import io.faultwire.internal.Flat
import io.faultwire.internal.How
import io.faultwire.internal.Jna
import io.faultwire.internal.JsonReader
import io.faultwire.internal.JsonWriter
import io.faultwire.internal.Layers
import io.faultwire.internal.Library
import io.faultwire.internal.Limits
import io.faultwire.internal.Native
import io.faultwire.internal.Text
import io.faultwire.internal.quietly
import java.time.Duration
import java.util.function.Consumer
import java.util.function.Supplier

/**
 * Error tracking. Call [init] once, as early as possible:
 *
 *     Faultwire.init {
 *         dsn = "https://key@errors.example.org/1"
 *         release = "shop@1.4.2"
 *     }
 *
 * Nothing but [init], [explain] and [FaultwireOptions.set] throws, and no call but [flush] and [close] blocks. Where the
 * native library has no build for the platform, a line on stderr says so and all else does nothing.
 */
public object Faultwire {
    // The client.

    /**
     * Makes the client of the process; what an earlier call made is closed without waiting.
     *
     * @throws InvalidOptionException naming the option.
     * @throws InvalidDsnException when the DSN does not parse.
     */
    @JvmSynthetic
    public fun init(configure: FaultwireOptions.() -> Unit) {
        init(FaultwireOptions().apply(configure))
    }

    /** The same for Java: `Faultwire.init(options -> options.setDsn("..."))`. */
    @JvmStatic
    public fun init(configure: Consumer<FaultwireOptions>?) {
        init(FaultwireOptions().also { configure?.accept(it) })
    }

    /** The same with options made before; null is the defaults. */
    @JvmStatic
    @JvmOverloads
    public fun init(options: FaultwireOptions? = null) {
        Client.init(options ?: FaultwireOptions())
    }

    /** Whether captures go anywhere: after [init] with a DSN, before [close]. */
    @JvmStatic
    public fun isEnabled(): Boolean = Client.isOn

    /**
     * Waits until all that was captured before is delivered or counted as lost; true if that came about within the
     * [timeout], by default the option `shutdownTimeout`.
     */
    @JvmStatic
    @JvmOverloads
    public fun flush(timeout: Duration? = null): Boolean = Client.flush(timeout?.let(::milliseconds))

    /** The same in milliseconds. */
    @JvmStatic
    public fun flush(milliseconds: Long): Boolean = Client.flush(milliseconds)

    /** Flushes, then ends: later captures do nothing. */
    @JvmStatic
    @JvmOverloads
    public fun close(timeout: Duration? = null): Boolean = Client.close(timeout?.let(::milliseconds))

    /** The same in milliseconds. */
    @JvmStatic
    public fun close(milliseconds: Long): Boolean = Client.close(milliseconds)

    /** Counters of everything that this process captured. */
    @JvmStatic
    public fun stats(): Stats = Client.stats()

    // Captures.

    /**
     * Captures an error with its causes and what was suppressed. Gives the id of the new event; for one more occurrence of
     * a storming place the id of the last full event; for a throwable that was captured before its first id; otherwise
     * null.
     */
    @JvmStatic
    @JvmOverloads
    public fun captureException(thrown: Throwable, context: CaptureContext? = null): String? =
        Captures.exception(thrown, context, How.USUAL)

    /** Captures an error at a level. */
    @JvmStatic
    public fun captureException(thrown: Throwable, level: Level): String? =
        captureException(thrown, CaptureContext().apply { this.level = level })

    /** Captures an error with what `context` says of it: `captureException(e) { tags = mapOf("step" to "import") }`. */
    @JvmSynthetic
    public inline fun captureException(thrown: Throwable, context: CaptureContext.() -> Unit): String? =
        captureException(thrown, CaptureContext().apply(context))

    /** Captures a message. A [level] that is null leaves it to the scopes, and is `info` where they say none. */
    @JvmStatic
    @JvmOverloads
    public fun captureMessage(message: String, level: Level? = null, context: CaptureContext? = null): String? =
        Captures.message(message, level, context)

    /** Captures an event given in the protocol's own form. */
    @JvmStatic
    public fun captureEvent(event: Map<String, Any?>): String? = Captures.event(event)

    /** Id (32 hex digits) of the last event captured in this isolation scope. */
    @JvmStatic
    public fun lastEventId(): String? = isolation.lastEventId

    /**
     * The fingerprint that an error would get, under `hash`, and the record of what is hashed. Nothing is sent. Empty
     * before [init].
     */
    @JvmStatic
    public fun explain(thrown: Throwable): Map<String, Any?> {
        if (!Library.isLoaded) {
            return emptyMap()
        }
        return quietly("explain", emptyMap()) {
            val into = arrayOfNulls<String>(1)
            val chain = Chain.of(thrown)
            chain.forEach { it.message = Text.of(Text.MAX_MESSAGE) { it.thrown.message } }
            Flat.of(chain).numbered { texts, numbers -> Native.explain(texts, numbers, into) }
            into[0]?.let(JsonReader::readObject) ?: emptyMap()
        }
    }

    /**
     * The same for an event in the protocol's own form.
     *
     * @throws InvalidPayloadException when it is no event.
     */
    @JvmStatic
    public fun explain(event: Map<String, Any?>): Map<String, Any?> {
        if (!Library.isLoaded) {
            return emptyMap()
        }
        val json = JsonWriter.write(event, Limits.WHOLE)
        return JsonReader.readObject(translated { Jna.call { explainEvent(json) } })
    }

    // What is said about coming events: `Scope`'s words, to the isolation scope.

    private val isolation: Scope get() = Layers.here().isolation

    /** [Scope.setTag] of the isolation scope. */
    @JvmStatic
    public fun setTag(key: String, value: String): Unit = isolation.setTag(key, value)

    /** [Scope.setTags] of the isolation scope. */
    @JvmStatic
    public fun setTags(tags: Map<String, String>): Unit = isolation.setTags(tags)

    /** [Scope.removeTag] of the isolation scope. */
    @JvmStatic
    public fun removeTag(key: String): Unit = isolation.removeTag(key)

    /** [Scope.setUser] of the isolation scope. */
    @JvmStatic
    public fun setUser(user: User?): Unit = isolation.setUser(user)

    /** [Scope.setSession] of the isolation scope. */
    @JvmStatic
    public fun setSession(id: String?): Unit = isolation.setSession(id)

    /** [Scope.setContext] of the isolation scope. */
    @JvmStatic
    public fun setContext(key: String, value: Map<String, Any?>?): Unit = isolation.setContext(key, value)

    /** [Scope.setExtra] of the isolation scope. */
    @JvmStatic
    public fun setExtra(key: String, value: Any?): Unit = isolation.setExtra(key, value)

    /** [Scope.setLevel] of the isolation scope. */
    @JvmStatic
    public fun setLevel(level: Level?): Unit = isolation.setLevel(level)

    /** [Scope.setTransaction] of the isolation scope. */
    @JvmStatic
    public fun setTransaction(name: String?): Unit = isolation.setTransaction(name)

    /** [Scope.setFingerprint] of the isolation scope. */
    @JvmStatic
    public fun setFingerprint(fingerprint: List<String>?): Unit = isolation.setFingerprint(fingerprint)

    /** [Scope.continueTrace] of the isolation scope. */
    @JvmStatic
    public fun continueTrace(header: String?): Boolean = isolation.continueTrace(header)

    /** [Scope.addBreadcrumb] of the isolation scope. */
    @JvmStatic
    public fun addBreadcrumb(breadcrumb: Breadcrumb): Unit = isolation.addBreadcrumb(breadcrumb)

    /** [Scope.addBreadcrumb] of the isolation scope. */
    @JvmStatic
    @JvmOverloads
    public fun addBreadcrumb(message: String, category: String? = null, level: Level? = null): Unit =
        isolation.addBreadcrumb(message, category, level)

    /** [Scope.clearBreadcrumbs] of the isolation scope. */
    @JvmStatic
    public fun clearBreadcrumbs(): Unit = isolation.clearBreadcrumbs()

    // Scopes.

    /** The layer under all others, seen by every thread of the process. */
    @JvmStatic
    public fun globalScope(): Scope = Layers.global

    /** The layer of the unit of work at hand, to which [setTag] and the others write. */
    @JvmStatic
    public fun currentIsolationScope(): Scope = isolation

    /** A layer for the block until it is closed, on this thread: `newScope().use { it.scope.setTag("step", "import") }`. */
    @JvmStatic
    public fun newScope(): OpenScope = OpenScope(Layers.here().within(), isIsolation = false)

    /**
     * A layer of its own for one unit of work - a request, a job, a message off a queue - until it is closed, on this
     * thread. [setTag] and the others write to it, and nothing of it is left afterwards. It starts from what was there.
     */
    @JvmStatic
    public fun isolationScope(): OpenScope = OpenScope(Layers.here().isolated(), isIsolation = true)

    // No inline functions: a block that could suspend would go on, and end, on another thread.

    /** [newScope] for one block; gives what the block gives. In coroutines: `withFaultwireScope`. */
    @JvmSynthetic
    public fun <T> withScope(block: (Scope) -> T): T = newScope().use { block(it.scope) }

    /** [isolationScope] for one block; gives what the block gives. In coroutines: `withFaultwireIsolation`. */
    @JvmSynthetic
    public fun <T> isolationScope(block: (Scope) -> T): T = isolationScope().use { block(it.scope) }

    /** [newScope] for one block, for Java. */
    @JvmStatic
    public fun withScope(block: Consumer<Scope>?): Unit = newScope().use { block?.accept(it.scope) }

    /** [isolationScope] for one block, for Java. */
    @JvmStatic
    public fun withIsolationScope(block: Consumer<Scope>?): Unit = isolationScope().use { block?.accept(it.scope) }

    /** The same for a block that gives something. */
    @JvmStatic
    public fun <T> withIsolationScope(block: Supplier<T>?): T? = isolationScope().use { block?.get() }
}

/** More than there are stands for without end. */
private fun milliseconds(span: Duration): Long = try {
    span.toMillis()
} catch (_: ArithmeticException) {
    if (span.isNegative) 0 else Long.MAX_VALUE
}
