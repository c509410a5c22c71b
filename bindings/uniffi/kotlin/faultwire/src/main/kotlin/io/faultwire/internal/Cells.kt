package io.faultwire.internal

import java.lang.ref.PhantomReference
import java.lang.ref.ReferenceQueue
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong

/**
 * Gives back native cells that nobody holds any more. No `Cleaner` of the JDK's: its thread lives as long as there is
 * something to clean, and would hold on to the class loader of an application that is taken out of its container.
 */
internal object Cells {
    /** Without a client the thread ends when nothing came for so long, in milliseconds. */
    private const val LINGER = 5000L

    /** A cell's address, and no reference to the cell. */
    private class Held(cell: Cell, val address: Long) : PhantomReference<Cell>(cell, GONE)

    private val GONE = ReferenceQueue<Cell>()
    private val HELD = ConcurrentHashMap.newKeySet<Held>()

    @Volatile private var thread: Thread? = null

    /** Native cells in all, for tests: the difference is what lives. */
    val CREATED = AtomicLong()
    val FREED = AtomicLong()

    /** Frees what is at [address] when nobody holds [cell] any more. */
    fun hold(cell: Cell, address: Long) {
        CREATED.incrementAndGet()
        HELD.add(Held(cell, address))
        if (thread == null) start()
    }

    /** The client has ended: nothing is waited for. */
    fun end() {
        thread?.interrupt()
    }

    @Synchronized
    private fun start() {
        if (thread == null) {
            thread = daemon("faultwire-cells", ::work).also(Thread::start)
        }
    }

    private fun work() {
        while (true) {
            val gone = try {
                GONE.remove(LINGER)
            } catch (_: InterruptedException) {
                null
            }
            if (gone is Held) {
                HELD.remove(gone)
                Native.freeCell(gone.address)
                FREED.incrementAndGet()
            } else if (!Client.isOn) {
                // Whoever makes another cell starts another thread.
                thread = null
                return
            }
        }
    }
}
