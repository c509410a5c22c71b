package shop

import io.faultwire.Faultwire
import java.io.File
import java.util.concurrent.locks.LockSupport
import kotlin.concurrent.thread
import sun.misc.Unsafe

/**
 * Writes where no memory is, or reports that an earlier one did: `DSN FOLDER crash|report`. In a package of its own: what
 * stands below `io.faultwire` is never shown.
 */
object Crashing {
    private const val MARK = "north"

    @JvmStatic
    fun main(arguments: Array<String>) {
        val (dsn, folder, what) = arguments
        Faultwire.init {
            this.dsn = dsn
            release = "shop@1.4.2"
            captureCrashes = true
            spoolDir = folder
        }
        if (what == "report") {
            check(Faultwire.flush(20_000))
            return
        }
        Faultwire.setTag("shop", MARK)
        // What would be said of a crash is on disk a moment later.
        val end = System.nanoTime() + 20_000_000_000
        while (File(folder).walk().none { it.isFile && MARK in it.readText(Charsets.ISO_8859_1) }) {
            check(System.nanoTime() < end) { "nothing of the scope is on disk" }
            LockSupport.parkNanos(20_000_000)
        }
        thread(name = "checkout", block = ::order).join()
    }

    private fun order() {
        val field = Unsafe::class.java.getDeclaredField("theUnsafe").apply { isAccessible = true }
        (field.get(null) as Unsafe).putAddress(0, 0)
    }
}
