package io.faultwire.internal

import io.faultwire.bridge.debug as sayInDebug

/**
 * Keeps mistakes of Faultwire away from the application, and Faultwire out of its own captures.
 *
 * Everything that runs inside the application's own calls ends in [note] instead of an exception, errors of the JVM
 * included. It tells the class of what went wrong, and only with the option `debug`: a message could hold the content
 * of an event.
 */
internal object Guard {
    /** How deep this thread is in Faultwire or a hook. An array of the JDK: it keeps no class of ours alive in a thread. */
    private val DEPTH: ThreadLocal<IntArray> = ThreadLocal.withInitial { IntArray(1) }

    /** This thread's depth, to be read and changed in place. */
    fun depth(): IntArray = DEPTH.get()

    /** Says, with the option `debug`, that something in [where] went wrong. Never throws. */
    fun note(where: String, thrown: Throwable) = say("$where: ${thrown.javaClass.name}")

    /** Writes a line on stderr with the option `debug`. Never throws; never give it content of the application. */
    fun say(line: String) {
        try {
            if (Client.isDebug) {
                Jna.call { sayInDebug(line) }
            }
        } catch (_: Throwable) {
            // A debug line is no reason to fail.
        }
    }
}

/** [work] as Faultwire's own: what it captures is refused. Nothing that it throws goes further. */
internal inline fun <T> quietly(where: String, otherwise: T, work: () -> T): T {
    val depth = Guard.depth()
    depth[0]++
    return try {
        work()
    } catch (thrown: Throwable) {
        Guard.note(where, thrown)
        otherwise
    } finally {
        depth[0]--
    }
}
