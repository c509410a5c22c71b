package io.faultwire.internal

import java.util.Collections
import java.util.IdentityHashMap

/** One error of a chain. */
internal class Raised(val thrown: Throwable, val parent: Int, val source: String?) {
    val type: KnownType = KnownType.of(thrown)

    /** Its text; read only for what is kept. */
    var message: String? = null

    /** Its stack, where the application's own code tells it; read with [message]. */
    var stack: Array<StackTraceElement>? = null
}

/** An error, its causes, and what was suppressed. */
internal object Chain {
    /** Errors of one chain. */
    private const val MAX_ERRORS = 64

    /** Itself first. */
    fun of(thrown: Throwable): List<Raised> {
        val cause = causeOf(thrown)
        val first = Raised(thrown, -1, null)
        // Most have neither; `suppressed` is one array of the JDK's for all of them.
        if (cause == null && thrown.suppressed.isEmpty()) {
            return Collections.singletonList(first)
        }
        val chain = ArrayList<Raised>()
        val seen = Collections.newSetFromMap(IdentityHashMap<Throwable, Boolean>())
        chain.add(first)
        seen.add(thrown)
        follow(chain, seen, cause, 0, "cause")
        var at = 0
        while (at < chain.size) {
            val suppressed = chain[at].thrown.suppressed
            for (index in suppressed.indices) {
                follow(chain, seen, suppressed[index], at, "suppressed[$index]")
            }
            at++
        }
        return chain
    }

    private fun follow(
        chain: MutableList<Raised>,
        seen: MutableSet<Throwable>,
        first: Throwable?,
        holder: Int,
        attribute: String,
    ) {
        var thrown = first
        var parent = holder
        var source = attribute
        while (thrown != null && chain.size < MAX_ERRORS && seen.add(thrown)) {
            chain.add(Raised(thrown, parent, source))
            parent = chain.size - 1
            source = "cause"
            thrown = causeOf(thrown)
        }
    }

    /** `getCause` can be the application's own. */
    private fun causeOf(thrown: Throwable): Throwable? = try {
        thrown.cause
    } catch (_: Throwable) {
        null
    }
}
