package io.faultwire.internal

import com.sun.jna.Native
import com.sun.jna.NativeLibrary
import com.sun.jna.Structure
import com.sun.jna.internal.Cleaner
import io.faultwire.bridge.IntegrityCheckingUniffiLib
import io.faultwire.bridge.UniffiLib
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.LockSupport
import java.util.concurrent.locks.ReentrantReadWriteLock
import kotlin.concurrent.withLock

/**
 * What JNA would keep of an application that is taken out of its container: the classes that it gave native methods, and
 * with them all of their class loader. So where that is not the JVM's own, JNA is told to let go a while after the client
 * has ended, and told of them again before the next call.
 *
 * It does for a JNA that is the application's, too. One that is the container's remembers callbacks for good.
 */
internal object Jna {
    /** After an end, in milliseconds: whoever came by a hook or with the last captures has left by then. */
    private const val PAUSE = 2000L

    /** Between two looks, in milliseconds. */
    private const val LOOK = 100L

    val stays = Jna::class.java.classLoader.let {
        it === ClassLoader.getSystemClassLoader() || it !== Native::class.java.classLoader
    }

    private val LOCALS: List<ThreadLocal<*>> by lazy {
        listOf("busy", "reads").mapNotNull { name ->
            quietly("jna", null) { Structure::class.java.own(name).get(null) as? ThreadLocal<*> }
        }
    }

    /** Read by calls, written by the end. */
    val lock = ReentrantReadWriteLock()

    private var library: NativeLibrary? = null

    @Volatile private var isReleased = false

    private var ending: Thread? = null

    /** The library is there; its file is not for long. */
    fun hold(path: String) {
        library = NativeLibrary.getInstance(path)
        // It has done its checks.
        Native.unregister(IntegrityCheckingUniffiLib::class.java)
    }

    /** A call by way of JNA. */
    inline fun <T> call(work: () -> T): T = lock.readLock().withLock {
        if (isReleased) takeUp()
        try {
            leavingNothing(work)
        } finally {
            if (!Client.isOn) end()
        }
    }

    /** A call by which JNA may be come to: it leaves values of its own classes on the thread. */
    inline fun <T> leavingNothing(work: () -> T): T = try {
        work()
    } finally {
        if (!stays) LOCALS.forEach(ThreadLocal<*>::remove)
    }

    @Synchronized
    private fun takeUp() {
        if (isReleased) {
            Native.register(UniffiLib::class.java, library)
            isReleased = false
        }
    }

    /** The client has ended. */
    @Synchronized
    fun end() {
        if (!stays && !isReleased && ending?.isAlive != true) {
            ending = daemon("faultwire-end", ::release).also(Thread::start)
        }
    }

    private fun release() {
        val began = System.nanoTime()
        while (System.nanoTime() - began < TimeUnit.MILLISECONDS.toNanos(PAUSE) || Callbacks.canCome()) {
            if (Client.isOn) return
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOOK))
        }
        lock.writeLock().withLock {
            if (!Client.isOn && !isReleased) {
                Native.unregister(UniffiLib::class.java)
                isReleased = true
                endThread()
            }
        }
    }

    /**
     * JNA's own thread runs as long as JNA holds anything native, which is as long as its classes are there, and so they are
     * there as long as it runs. JNA starts another when it needs one.
     */
    private fun endThread() = quietly("jna", Unit) {
        val cleaner = Cleaner.getCleaner()
        val field = Cleaner::class.java.own("cleanerThread")
        synchronized(cleaner) {
            val thread = field.get(cleaner) as? Thread
            field.set(cleaner, null)
            thread?.interrupt()
        }
    }

    private fun Class<*>.own(field: String) = getDeclaredField(field).apply { isAccessible = true }
}
