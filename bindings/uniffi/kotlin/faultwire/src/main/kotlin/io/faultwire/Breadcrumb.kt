package io.faultwire

import java.time.Instant

/**
 * Something that happened before.
 *
 * @property category a dotted source: `sql.query`.
 * @property level default [Level.INFO].
 * @property type how a viewer shows it: `http`, `query`, ...
 * @property timestamp default: now.
 */
public class Breadcrumb @JvmOverloads constructor(
    public val message: String? = null,
    public val category: String? = null,
    public val level: Level? = null,
    public val type: String? = null,
    public val data: Map<String, Any?>? = null,
    public val timestamp: Instant? = null,
)
