package io.faultwire.internal

/** A thread of Faultwire's own: it keeps no process alive and holds on to nobody's class loader. */
internal fun daemon(name: String, work: Runnable): Thread = Thread(null, work, name, 0, false).apply {
    isDaemon = true
    contextClassLoader = ClassLoader.getSystemClassLoader()
}
