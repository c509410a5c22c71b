package io.faultwire

import io.faultwire.internal.Layers

/** A layer that is in force on the thread that opened it, until it is closed there. Closed elsewhere, or again, it does nothing. */
public class OpenScope internal constructor(layers: Layers, isIsolation: Boolean) : AutoCloseable {
    /** What is said here holds until then. */
    public val scope: Scope = (if (isIsolation) layers.isolation else layers.current) ?: layers.isolation

    private val before = Layers.enter(layers)

    /** Null once it is closed. */
    private var thread: Thread? = Thread.currentThread()

    /** Puts back what was in force before. */
    override fun close() {
        if (thread === Thread.currentThread()) {
            thread = null
            Layers.enter(before)
        }
    }
}
