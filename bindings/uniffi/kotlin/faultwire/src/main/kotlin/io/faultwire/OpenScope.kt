package io.faultwire

import io.faultwire.internal.Entered
import io.faultwire.internal.Layers

/**
 * A layer that is in force on the thread that opened it, until it is closed there; what was opened later and is open still
 * ends with it. Closed elsewhere, or again, it does nothing.
 */
public class OpenScope internal constructor(layers: Layers, isIsolation: Boolean) : AutoCloseable {
    /** What is said here holds until then. */
    public val scope: Scope = (if (isIsolation) layers.isolation else layers.current) ?: layers.isolation

    private val entered = Entered(layers)

    /** Puts back what was in force before. */
    override fun close(): Unit = entered.close()
}
