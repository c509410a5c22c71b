package io.faultwire

import io.faultwire.internal.JsonWriter
import io.faultwire.internal.Limits

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
        fingerprint?.let { said["fingerprint"] = it }
        tags?.let { said["tags"] = it }
        extra?.let { said["extra"] = it }
        contexts?.let { said["contexts"] = it }
        return if (said.isEmpty()) null else JsonWriter.write(said, Limits.CALL)
    }
}
