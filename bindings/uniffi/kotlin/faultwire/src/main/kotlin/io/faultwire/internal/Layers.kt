package io.faultwire.internal

import io.faultwire.Scope

/** The layers of whoever calls: one for its unit of work, and one for the block it is in, if any. */
internal class Layers(val isolation: Scope, val current: Scope?) {
    /** A fresh layer for a unit of work, on top of what is here. */
    fun isolated(): Layers =
        Layers(Scope(Cell(false, isolation.cell)), current?.let { Scope(Cell(true, it.cell)) })

    /** A layer for a block. */
    fun within(): Layers = Layers(isolation, Scope(Cell(true, current?.cell)))

    companion object {
        /** Of every thread that is in no unit of work. */
        val outside = Layers(Scope(Cell(false)), null)

        private val HERE = ThreadLocal<Layers>()

        val global: Scope by lazy { Scope(Cell.global()) }

        fun here(): Layers = HERE.get() ?: outside

        /** Null outside of all units of work. */
        fun hereOrNone(): Layers? = HERE.get()

        /** Fresh layers for what begins by itself, as a request does, whatever the thread did before. */
        fun afresh(): Layers = Layers(Scope(Cell(false, outside.isolation.cell)), null)

        /** Puts [layers] in force on this thread, null for those outside of all; gives what was there. */
        fun enter(layers: Layers?): Layers? {
            val before = HERE.get()
            // A thread of the application's pool holds nothing of ours beyond the block.
            if (layers == null) HERE.remove() else HERE.set(layers)
            return before
        }
    }
}

/**
 * `layers` in force on this thread, null for those outside of all, until it is closed here. Closed elsewhere, or again, it
 * does nothing.
 */
internal class Entered(layers: Layers?) : AutoCloseable {
    private val before = Layers.enter(layers)

    /** Null once it is closed. */
    private var thread: Thread? = Thread.currentThread()

    override fun close() {
        if (thread === Thread.currentThread()) {
            thread = null
            Layers.enter(before)
        }
    }
}
