package io.faultwire.internal

import java.lang.ref.ReferenceQueue
import java.lang.ref.WeakReference
import java.util.concurrent.ConcurrentHashMap

/**
 * The throwables that were captured or refused, by identity, without keeping them alive: a log line, a filter and the
 * uncaught-exception handler often meet the same one.
 */
internal class Seen private constructor(thrown: Throwable) : WeakReference<Throwable>(thrown, GONE) {
    private val hash = System.identityHashCode(thrown)

    /** Of the event that it became. */
    @Volatile var id: String? = null

    override fun hashCode(): Int = hash

    override fun equals(other: Any?): Boolean {
        if (other === this) {
            return true
        }
        val mine = get()
        return mine != null && other is Seen && other.get() === mine
    }

    companion object {
        private val GONE = ReferenceQueue<Throwable>()
        private val ALL = ConcurrentHashMap<Seen, Seen>()

        /** Forgotten in one go: more than are remembered, and little enough after a collection that found many. */
        const val FORGOTTEN_AT_ONCE = 32

        /** Remembers it and gives null, or gives what was remembered. */
        fun before(mine: Seen): Seen? = ALL.putIfAbsent(mine, mine)

        /** Remembers it as part of what became [id], unless it was met before. */
        fun mark(thrown: Throwable, id: String?) {
            val mine = of(thrown).also { it.id = id }
            ALL.putIfAbsent(mine, mine)
        }

        fun of(thrown: Throwable): Seen {
            forgetGone()
            return Seen(thrown)
        }

        private fun forgetGone() {
            repeat(FORGOTTEN_AT_ONCE) {
                ALL.remove(GONE.poll() ?: return)
            }
        }

        /** How many are remembered, for tests. */
        val count: Int get() = ALL.size
    }
}
