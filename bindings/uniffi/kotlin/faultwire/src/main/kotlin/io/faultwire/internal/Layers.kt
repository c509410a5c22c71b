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

        val global: Scope by lazy { Scope(Cell.global()) }

        fun here(): Layers = hereOrNone() ?: outside

        /** Null outside of all units of work. */
        fun hereOrNone(): Layers? = Entered.here()?.layers

        /** Fresh layers for what begins by itself, as a request does, whatever the thread did before. */
        fun afresh(): Layers = Layers(Scope(Cell(false, outside.isolation.cell)), null)
    }
}

/**
 * [layers] in force on this thread, null for those outside of all, until it is closed here; what was entered later and is
 * open still ends with it. Closed elsewhere, or again, it does nothing.
 */
internal class Entered(val layers: Layers?, private val before: Entered? = here()) : AutoCloseable {
    /** Null once it is closed. */
    private var thread: Thread? = Thread.currentThread()

    init {
        HERE.set(this)
    }

    override fun close() {
        if (thread === Thread.currentThread()) {
            thread = null
            // Nearly always this is the last, and those below are open.
            if (here() === this) put(before) else restore(here())
        }
    }

    companion object {
        private val HERE = ThreadLocal<Entered>()

        /** What was entered last on this thread; null outside of all units of work. */
        fun here(): Entered? = HERE.get()

        /** Puts in force what was entered last, or of what it was entered in the last that is open still. */
        fun restore(last: Entered?) {
            var open = last
            var at = last
            while (at != null) {
                if (at.thread !== Thread.currentThread()) open = at.before
                at = at.before
            }
            put(open)
        }

        private fun put(entered: Entered?) {
            // A thread of the application's pool holds nothing of ours beyond the block.
            if (entered == null) HERE.remove() else HERE.set(entered)
        }
    }
}
