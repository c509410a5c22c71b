package io.faultwire

import io.faultwire.internal.JsonWriter
import io.faultwire.internal.Limits
import io.faultwire.internal.quietly

/** What one call says of its event, over all scopes. Null says nothing. */
public class CaptureContext {
    public var level: Level? = null
    public var logger: String? = null
    public var transaction: String? = null
    public var user: User? = null

    /** Groups the event by these texts; `{{ default }}` stands for the usual grouping. */
    public var fingerprint: List<String>? = null
    public var tags: Map<String, String>? = null
    public var extra: Map<String, Any?>? = null
    public var contexts: Map<String, Map<String, Any?>>? = null

    /** As a scope layer in JSON, at [level]; null where it says nothing. */
    internal fun layer(level: Level?): String? {
        val said = LinkedHashMap<String, Any>()
        level?.let { said["level"] = it.text }
        transaction?.let { said["transaction"] = it }
        user?.let { said["user"] = it.toMap() }
        fingerprint?.let { given -> said["fingerprint"] = whole(given) { it.filterNotNull() } }
        tags?.let { given -> said["tags"] = whole(given) { it.filter { (key: String?, value: String?) -> key != null && value != null } } }
        extra?.let { said["extra"] = it }
        contexts?.let { given -> said["contexts"] = whole(given) { it.filter { (_, value: Map<String, Any?>?) -> value != null } } }
        return if (said.isEmpty()) null else JsonWriter.write(said, Limits.CALL)
    }

    /** Java's nulls among them would cost all of it; a collection that cannot be looked through now is written as far as it can. */
    private inline fun <T : Any> whole(given: T, present: (T) -> T): T = quietly("context", given) { present(given) }
}
