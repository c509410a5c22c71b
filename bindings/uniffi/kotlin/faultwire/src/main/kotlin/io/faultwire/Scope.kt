package io.faultwire

import io.faultwire.internal.Cell
import io.faultwire.internal.Guard
import io.faultwire.internal.Jna
import io.faultwire.internal.JsonWriter
import io.faultwire.internal.Limits
import io.faultwire.internal.Native
import io.faultwire.internal.Part
import io.faultwire.internal.Text
import io.faultwire.internal.quietly

/**
 * One layer of what is said about coming events. Values are copied, within limits; none is kept. Safe to use from several
 * threads. Nothing here throws: telling an error tracker something must not be a way to fail.
 */
public class Scope internal constructor(internal val cell: Cell) {
    @Volatile internal var lastEventId: String? = null

    @Volatile private var isUserSaid = false

    private inline fun write(where: String, crossinline change: (Long) -> Unit) =
        quietly(where, Unit) { cell.write(Unit) { at -> change(at) } }

    /** Sets a searchable text: key of at most 200 of `[a-zA-Z0-9_.:-]`, value of at most 200 characters. */
    public fun setTag(key: String, value: String): Unit = write("setTag") { Native.setTag(it, name(key), name(value)) }

    /** Sets several tags, as [setTag] does one. */
    public fun setTags(tags: Map<String, String>): Unit = write("setTags") {
        for ((key: String?, value: String?) in tags) {
            if (key != null && value != null) Native.setTag(it, name(key), name(value))
        }
    }

    /** Forgets a tag of this layer; one of another layer stays. */
    public fun removeTag(key: String): Unit = write("removeTag") { Native.setTag(it, name(key), null) }

    /** Says who is hit; null forgets. All but the id is sent only with the option `sendDefaultPii`. */
    public fun setUser(user: User?) {
        isUserSaid = user != null
        put(user)
    }

    /** Who it is by what an integration found; what the application says stays. */
    internal fun offerUser(user: User) {
        if (!isUserSaid) put(user)
    }

    private fun put(user: User?) = write("setUser") { Native.setPart(it, Part.USER, json(user?.toMap())) }

    /** Names the session of the user, to count how many are hit; null forgets. */
    public fun setSession(id: String?): Unit = write("setSession") { Native.setPart(it, Part.SESSION, id?.let(::name)) }

    /** Sets a named object, shown with the event: at most 8 kB; null forgets. */
    public fun setContext(key: String, value: Map<String, Any?>?): Unit =
        write("setContext") { Native.setContext(it, name(key), json(value)) }

    /** Sets free detail, at most 16 KiB a value. */
    public fun setExtra(key: String, value: Any?): Unit =
        write("setExtra") { Native.setExtra(it, name(key), JsonWriter.write(value, Limits.SCOPE)) }

    /** Sets the level of coming events whose call says none; null forgets. */
    public fun setLevel(level: Level?): Unit = write("setLevel") { Native.setPart(it, Part.LEVEL, level?.text) }

    /** Names the route or job, at most 200 characters; null forgets. */
    public fun setTransaction(name: String?): Unit =
        write("setTransaction") { Native.setPart(it, Part.TRANSACTION, name?.let(::name)) }

    /** Groups coming events by these texts; `{{ default }}` stands for the usual grouping; null forgets. */
    public fun setFingerprint(fingerprint: List<String>?): Unit =
        write("setFingerprint") { Native.setPart(it, Part.FINGERPRINT, json(fingerprint)) }

    /** Takes a `traceparent` or `sentry-trace` header into `contexts.trace`; false where it is neither. */
    public fun continueTrace(header: String?): Boolean =
        header != null && quietly("continueTrace", false) { cell.write(false) { Native.continueTrace(it, name(header)) } }

    /** Remembers that something happened, for events to come; the oldest goes beyond `maxBreadcrumbs`. */
    public fun addBreadcrumb(breadcrumb: Breadcrumb) {
        // A hook that is asked about one would be asked about its own, without end.
        if (Guard.depth()[0] > 0) {
            return
        }
        write("addBreadcrumb") { at ->
            val seconds = breadcrumb.timestamp?.let { it.epochSecond + it.nano / NANOS } ?: Double.NaN
            val message = breadcrumb.message?.let { Text.cut(it, Text.MAX_MESSAGE) }
            val category = breadcrumb.category?.let(::name)
            val type = breadcrumb.type?.let(::name)
            val data = json(breadcrumb.data)
            // A hook is asked by way of JNA.
            Jna.leavingNothing {
                Native.addBreadcrumb(at, message, category, breadcrumb.level?.text, type, data, seconds)
            }
        }
    }

    /** Remembers that something happened. */
    @JvmOverloads
    public fun addBreadcrumb(message: String, category: String? = null, level: Level? = null): Unit =
        addBreadcrumb(Breadcrumb(message, category, level))

    /** Forgets the breadcrumbs of this layer. */
    public fun clearBreadcrumbs(): Unit = write("clearBreadcrumbs") { Native.clear(it, true) }

    /** Forgets everything that this layer says. */
    public fun clear() {
        isUserSaid = false
        write("clear") { Native.clear(it, false) }
    }

    /** The HTTP request at hand, by the protocol's names; null forgets. */
    internal fun setRequest(request: Map<String, Any?>?): Unit = write("setRequest") { at ->
        Native.setPart(at, Part.REQUEST, request?.let { JsonWriter.write(it, Limits.REQUEST) })
    }

    private companion object {
        const val NANOS = 1e9

        fun name(text: String) = Text.cut(text, Text.MAX_NAME)

        fun json(value: Any?): String? = value?.let { JsonWriter.write(it, Limits.SCOPE) }
    }
}
