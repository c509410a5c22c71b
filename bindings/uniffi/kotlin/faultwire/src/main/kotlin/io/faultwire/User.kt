package io.faultwire

import io.faultwire.internal.quietly

/**
 * Who is hit. All but [id] is sent only with the option `sendDefaultPii`.
 *
 * @property data what else there is to say of the user.
 */
public class User @JvmOverloads constructor(
    public val id: String? = null,
    public val email: String? = null,
    public val username: String? = null,
    public val ipAddress: String? = null,
    public val data: Map<String, Any?> = emptyMap(),
) {
    internal fun toMap(): Map<String, Any?> {
        val said = LinkedHashMap<String, Any?>()
        quietly("user", Unit) { said.putAll(data) }
        id?.let { said["id"] = it }
        email?.let { said["email"] = it }
        username?.let { said["username"] = it }
        ipAddress?.let { said["ip_address"] = it }
        return said
    }
}
