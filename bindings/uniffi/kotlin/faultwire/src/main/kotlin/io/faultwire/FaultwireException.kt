package io.faultwire

import io.faultwire.bridge.BridgeException

/**
 * What [Faultwire.init], [Faultwire.explain] and [FaultwireOptions.set] throw; nothing else of Faultwire throws.
 *
 * @property field what is at fault: an option by its name here, or a path within what was given.
 */
public open class FaultwireException internal constructor(public val field: String, reason: String) :
    IllegalArgumentException(if (field.isEmpty()) reason else "$field: $reason")

/** An option is unknown, of the wrong type, or out of range. */
public class InvalidOptionException internal constructor(field: String, reason: String) :
    FaultwireException(field, reason)

/** A DSN does not parse. */
public class InvalidDsnException internal constructor(field: String, reason: String) : FaultwireException(field, reason)

/** An envelope, event or item does not parse. */
public class InvalidPayloadException internal constructor(field: String, reason: String) :
    FaultwireException(field, reason)

/** [work], whose errors become those that applications see. */
internal inline fun <T> translated(work: () -> T): T = try {
    work()
} catch (error: BridgeException) {
    throw when (error) {
        is BridgeException.InvalidOption -> InvalidOptionException(camelCase(error.field), error.reason)
        is BridgeException.InvalidDsn -> InvalidDsnException(camelCase(error.field), error.reason)
        is BridgeException.InvalidPayload -> InvalidPayloadException(error.field, error.reason)
        is BridgeException.Internal -> FaultwireException(error.field, error.reason)
    }
}

/** `max_breadcrumbs` is `maxBreadcrumbs` here; what follows a dot is a key of the application's. */
internal fun camelCase(name: String): String {
    val own = name.substringBefore('.')
    return own.replace(Regex("_([a-z])")) { it.groupValues[1].uppercase() } + name.substring(own.length)
}
