package io.faultwire

import java.time.Duration
import kotlin.reflect.KProperty

/** How much of a request's body is kept: nothing, 1 KiB, 10 KiB, 100 KiB. */
public enum class RequestBodySize { NEVER, SMALL, MEDIUM, ALWAYS }

/** How the client-side fingerprint travels: beside the backend's grouping, or in its place. */
public enum class FingerprintMode { CONTEXT, OVERRIDE }

/**
 * What [Faultwire.init] is told. Null is the default. What each option means, its default and its limits are in
 * `docs/options.md`, under the same name in snake case; spans are a [Duration] here.
 */
public class FaultwireOptions {
    private val given = LinkedHashMap<String, Any>()

    /** Where events go: `SCHEME://KEY@HOST/PROJECT`. The environment's `FAULTWIRE_DSN` otherwise; with neither, disabled. */
    public var dsn: String? by option()

    /** Version of the application. */
    public var release: String? by option()

    /** Where it runs; default `production`. */
    public var environment: String? by option()

    /** Build of the release. */
    public var dist: String? by option()

    /** Name of the host; default the system's. */
    public var serverName: String? by option()

    /** Share of events kept, 0.0 to 1.0. */
    public var sampleRate: Double? by option()

    /** Rates by exception class, its bare or qualified name; a base class counts for its subclasses. */
    public var exceptionSampleRates: Map<String, Double>? by option()

    /** Exception classes that are never captured, by bare or qualified name; a base class counts for its subclasses. */
    public var ignoreErrors: List<String>? by option()

    /** Breadcrumbs kept a scope; 0 switches them off. */
    public var maxBreadcrumbs: Int? by option()

    /** Attach the caller's stack to messages. */
    public var attachStacktrace: Boolean? by option()

    /** Send e-mail and IP addresses, user names and cookies. Secrets are filtered all the same. */
    public var sendDefaultPii: Boolean? by option()

    /** Without effect on the JVM, which shows no local variables. */
    public var includeLocalVariables: Boolean? by option()

    /** Without effect on the JVM. */
    public var runUserRepr: Boolean? by option()

    /** Send source lines around each frame. */
    public var includeSourceContext: Boolean? by option()

    /** Package prefixes that are the application's own. */
    public var inAppInclude: List<String>? by option()

    /** Package prefixes that are not the application's own; [inAppInclude] goes before it. */
    public var inAppExclude: List<String>? by option()

    /** Framework frames to drop besides the built-in list. */
    public var frameBlocklist: List<String>? by option()

    /** Say on stderr what is going on. Never prints the content of an event. */
    public var debug: Boolean? by option()

    /** Proxy for `http` DSNs. */
    public var httpProxy: String? by option()

    /** Proxy for `https` DSNs. */
    public var httpsProxy: String? by option()

    /** Path of a PEM file with certificate authorities to trust besides the system's and the bundled ones. */
    public var caCerts: String? by option()

    /** What leaving the process may wait for events on their way; default 2 s. */
    public var shutdownTimeout: Duration? by option()

    /** Without effect on the JVM, which ends itself on SIGTERM by way of its shutdown hooks. */
    public var flushOnSigterm: Boolean? by option()

    /** How much of a request's body is kept. */
    public var maxRequestBodySize: RequestBodySize? by option()

    /** Characters kept of a value; messages keep 8192. */
    public var maxValueLength: Int? by option()

    /** Key names to filter besides the built-in ones. */
    public var sanitizeKeys: List<String>? by option()

    /** Patterns to filter besides the built-in ones: a kind to a regular expression. */
    public var sanitizePatterns: Map<String, String>? by option()

    /** How the client-side fingerprint travels. */
    public var fingerprintMode: FingerprintMode? by option()

    /** Fold repeated captures of the same place into exact counts. */
    public var stormFolding: Boolean? by option()

    /** Full events a place and window before folding starts. */
    public var stormBurst: Int? by option()

    /** The folding window. */
    public var stormWindow: Duration? by option()

    /** Captures that may wait at most; more are dropped and counted. */
    public var maxQueueEvents: Int? by option()

    /** Bytes of captures that may wait at most, approximately. */
    public var maxQueueBytes: Long? by option()

    /** Bytes of finished events that may wait to be sent. */
    public var maxOutboxBytes: Long? by option()

    /** Keep events on disk until they are delivered. */
    public var spool: Boolean? by option()

    /** Directory of the spool. */
    public var spoolDir: String? by option()

    /** Bytes of the spool, all processes together. */
    public var spoolMaxBytes: Long? by option()

    /** After which time an event is not sent any more. */
    public var spoolMaxAge: Duration? by option()

    /** Have the disk confirm each event. */
    public var spoolSync: Boolean? by option()

    /** Report at the next start what ended this process natively; on the JVM that is its own `hs_err` file. */
    public var captureCrashes: Boolean? by option()

    /** The application's last word on each event. */
    public var beforeSend: BeforeSend? = null

    /** The application's last word on each breadcrumb. */
    public var beforeBreadcrumb: BeforeBreadcrumb? = null

    /** The application's own sampling. */
    public var errorSampler: ErrorSampler? = null

    /** Capture what ends a thread, by the default uncaught-exception handler; the one before is called as ever. */
    public var captureUncaught: Boolean = true

    /** Send what is on its way before the JVM ends, by a shutdown hook, for [shutdownTimeout] at most. */
    public var closeAtShutdown: Boolean = true

    /** Sets [beforeSend]. */
    public fun beforeSend(hook: BeforeSend) {
        beforeSend = hook
    }

    /** Sets [beforeBreadcrumb]. */
    public fun beforeBreadcrumb(hook: BeforeBreadcrumb) {
        beforeBreadcrumb = hook
    }

    /** Sets [errorSampler]. */
    public fun errorSampler(sampler: ErrorSampler) {
        errorSampler = sampler
    }

    /**
     * Sets an option by its name here or in `docs/options.md`, as a configuration file has it. Null is the default. That
     * the option exists and fits the value is checked by [Faultwire.init].
     */
    public fun set(name: String?, value: Any?) {
        if (name != null) put(snakeCase(name), value)
    }

    private fun put(name: String, value: Any?) {
        if (value == null) given.remove(name) else given[name] = value
    }

    /** By core's names, in core's units. */
    internal fun forEngine(): Map<String, Any> = given.mapValues { (_, value) ->
        when (value) {
            is Duration -> value.seconds + value.nano / NANOS
            is Enum<*> -> value.name.lowercase()
            else -> value
        }
    }

    private inline fun <reified T : Any> option() = Option(T::class.javaObjectType)

    private class Option<T : Any>(private val type: Class<T>) {
        operator fun getValue(options: FaultwireOptions, property: KProperty<*>): T? {
            val value = options.given[snakeCase(property.name)]
            return if (type.isInstance(value)) type.cast(value) else null
        }

        operator fun setValue(options: FaultwireOptions, property: KProperty<*>, value: T?) =
            options.put(snakeCase(property.name), value)
    }

    private companion object {
        const val NANOS = 1e9

        val CAPITAL = Regex("[A-Z]")

        fun snakeCase(name: String) = name.replace(CAPITAL) { "_" + it.value.lowercase() }
    }
}
