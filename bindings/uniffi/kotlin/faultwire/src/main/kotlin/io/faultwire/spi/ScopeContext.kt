package io.faultwire.spi

import io.faultwire.Scope
import io.faultwire.internal.Entered
import io.faultwire.internal.Layers

/**
 * The scopes of whoever calls, for what carries them elsewhere: another thread, a coroutine, a reactive chain.
 *
 * A context is a value. Two threads in the same context write to the same isolation scope.
 */
public class ScopeContext private constructor(private val layers: Layers?, private val swapped: Entered? = null) {
    /** The isolation scope of this context. */
    public val isolationScope: Scope get() = (layers ?: Layers.outside).isolation

    /** A context on top of this one with an isolation scope of its own. */
    public fun isolated(): ScopeContext = ScopeContext((layers ?: Layers.outside).isolated())

    /** Puts this context in force on this thread until what it gives is closed there. */
    public fun enter(): AutoCloseable = Entered(layers)

    /** Puts this context in force on this thread and gives the one that was, for [restore]. */
    public fun swap(): ScopeContext {
        val here = Entered.here()
        Entered(layers, before = null)
        return ScopeContext(here?.layers, here)
    }

    /** Puts this context back in force on this thread. What [swap] found there and was closed meanwhile stays closed. */
    public fun restore() {
        Entered.restore(swapped ?: layers?.let { Entered(it, before = null) })
    }

    public companion object {
        /** The context of this thread. */
        @JvmStatic
        public fun current(): ScopeContext = ScopeContext(Layers.hereOrNone())

        /**
         * A context for what begins by itself, as a request does: an isolation scope on top of what is said outside of any,
         * whatever this thread did before.
         */
        @JvmStatic
        public fun afresh(): ScopeContext = ScopeContext(Layers.afresh())
    }
}
