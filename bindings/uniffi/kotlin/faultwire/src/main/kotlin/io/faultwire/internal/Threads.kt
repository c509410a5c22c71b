package io.faultwire.internal

import java.security.AccessController
import java.security.PrivilegedAction

/**
 * A thread of Faultwire's own: it keeps no process alive and holds on to nobody's class loader. Made with privileges of our
 * own, or it would hold on to those of whoever calls.
 */
@Suppress("DEPRECATION", "removal")
internal fun daemon(name: String, work: Runnable): Thread = try {
    AccessController.doPrivileged(PrivilegedAction { made(name, work) })
} catch (_: LinkageError) {
    // JVMs to come have no privileges.
    made(name, work)
}

private fun made(name: String, work: Runnable) = Thread(null, work, name, 0, false).apply {
    isDaemon = true
    contextClassLoader = ClassLoader.getSystemClassLoader()
}
