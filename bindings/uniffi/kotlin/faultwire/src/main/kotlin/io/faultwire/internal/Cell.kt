package io.faultwire.internal

import java.lang.ref.Reference

/**
 * A native scope cell, made at the first write: most scopes of most programs say nothing. Freed when nobody holds it any
 * more.
 */
internal class Cell(private val isCurrent: Boolean, parent: Cell? = null) {
    @Volatile private var address = 0L

    init {
        // It starts from what the parent holds now; a parent without a native cell holds nothing.
        if (parent != null && parent.address != 0L) {
            make(parent)
        }
    }

    @Synchronized
    private fun make(parent: Cell?): Long {
        if (address == 0L && Library.isLoaded) {
            val made = Native.newCell(parent?.address ?: 0L, isCurrent)
            Reference.reachabilityFence(parent)
            if (made != 0L) {
                Cells.hold(this, made)
                address = made
            }
        }
        return address
    }

    /** Changes it. Does nothing where there is no engine. */
    inline fun <T> write(otherwise: T, change: (Long) -> T): T {
        val at = if (address != 0L) address else make(null)
        try {
            return if (at != 0L) change(at) else otherwise
        } finally {
            Reference.reachabilityFence(this)
        }
    }

    /** Its address for a call during which the caller holds it, by [Reference.reachabilityFence]; 0 where it says nothing. */
    fun addressOrNone(): Long = address

    companion object {
        /** The cell under all others, which is never freed. */
        fun global(): Cell = Cell(isCurrent = false).also { cell ->
            if (Library.isLoaded) {
                cell.address = Native.globalCell()
            }
        }
    }
}
