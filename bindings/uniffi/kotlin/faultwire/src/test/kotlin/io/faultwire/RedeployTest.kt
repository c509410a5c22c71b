package io.faultwire

import com.sun.jna.Memory
import io.faultwire.programs.Tenant
import io.faultwire.testing.ClientTest
import io.faultwire.testing.at
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.lang.ref.WeakReference
import java.net.URL
import java.net.URLClassLoader
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import java.util.function.BiFunction

/** Applications in one JVM, each with a class loader of its own, as containers have them: they come, and they go. */
class RedeployTest : ClientTest() {
    /** A thread of the container's, which all of them share. */
    private val container = Executors.newSingleThreadExecutor()

    @AfterAll
    fun endContainer() {
        container.shutdown()
    }

    private class Application(jars: List<URL>, container: ClassLoader) : AutoCloseable {
        private val loader = URLClassLoader(jars.toTypedArray(), container)

        @Suppress("UNCHECKED_CAST")
        private val tenant =
            loader.loadClass(Tenant::class.java.name).getConstructor().newInstance() as BiFunction<String, String, Any?>
        val reference = WeakReference<ClassLoader>(loader)

        fun tell(what: String, argument: String = ""): Any? {
            val thread = Thread.currentThread()
            val before = thread.contextClassLoader
            thread.contextClassLoader = loader
            try {
                return tenant.apply(what, argument)
            } finally {
                thread.contextClassLoader = before
            }
        }

        override fun close() = loader.close()
    }

    private fun assertGone(reference: WeakReference<ClassLoader>, what: String) {
        val end = System.nanoTime() + 20_000_000_000
        while (reference.get() != null) {
            check(System.nanoTime() < end) { "$what is held: ${ours()}" }
            System.gc()
            Thread.yield()
        }
    }

    /** Threads that could be why. */
    private fun ours() = Thread.getAllStackTraces().keys.map { it.name }

    /** What an application does from its start to its end, on the container's thread. */
    private fun live(jars: List<URL>, parent: ClassLoader, name: String): WeakReference<ClassLoader> =
        container.submit(Callable {
            Application(jars, parent).use { application ->
                assertEquals(true, application.tell("start", sink.dsn))
                application.tell("work", name)
                application.tell("forget", name)
                assertEquals(true, application.tell("stop"), name)
                application.reference
            }
        }).get()

    @Test
    fun `two applications with copies of their own do not see each other`() {
        val usual = Thread.getDefaultUncaughtExceptionHandler()
        val first = Application(ALL, PLATFORM)
        val second = Application(ALL, PLATFORM)
        for (application in listOf(first, second)) assertEquals(true, application.tell("start", sink.dsn))
        first.tell("work", "first")
        second.tell("work", "second")
        assertEquals(true, first.tell("stop"))
        second.tell("work", "second again")
        first.tell("start", sink.dsn)
        first.tell("work", "first again")
        assertEquals(true, first.tell("stop"))
        assertEquals(true, second.tell("stop"))
        val events = sink.wait(8)
        assertEquals(8, events.size)
        assertTrue(events.all { it["dist"] == "seen" })
        for (name in listOf("first", "second", "first again", "second again")) {
            assertEquals(2, events.count { it.at("user", "id") == name }, name)
        }
        assertSame(usual, Thread.getDefaultUncaughtExceptionHandler(), "ended in the order they came")
        first.close()
        second.close()
    }

    @Test
    fun `an application that is gone is held by nothing, with all of its jars its own`() {
        assertGone(live(ALL, PLATFORM, "the application"), "the application")
        assertEquals(2, sink.wait(2).size)
    }

    @Test
    fun `an application that is gone is held by nothing, with all but itself the container's`() {
        val container = URLClassLoader((LIBRARIES + jarOf(Faultwire::class.java)).toTypedArray(), PLATFORM)
        val own = listOf(jarOf(Tenant::class.java))
        val stays = Application(own, container)
        stays.tell("start", sink.dsn)
        fun visit(): WeakReference<ClassLoader> = Application(own, container).use { visitor ->
            visitor.tell("work", "a visitor")
            visitor.tell("forget", "a visitor")
            visitor.reference
        }
        assertGone(this.container.submit(Callable(::visit)).get(), "the visitor")
        assertEquals(true, stays.tell("stop"))
        assertEquals(2, sink.wait(2).size)
        stays.close()
        container.close()
    }

    @Test
    fun `an application that is gone is not held by one that stays`() {
        val stays = Application(ALL, PLATFORM)
        val gone = container.submit(Callable {
            Application(ALL, PLATFORM).use { goes ->
                goes.tell("start", sink.dsn)
                stays.tell("start", sink.dsn)
                goes.tell("work", "goes")
                goes.tell("stop")
                goes.reference
            }
        }).get()
        assertGone(gone, "the application")
        assertEquals(true, stays.tell("stop"))
        stays.close()
    }

    @Test
    fun `an application that ends its client and starts it again, later, has one`() {
        val application = Application(ALL, PLATFORM)
        repeat(2) {
            assertEquals(true, application.tell("start", sink.dsn))
            application.tell("work", "again")
            assertEquals(true, application.tell("stop"))
            awaitEnd("faultwire-end")
        }
        assertEquals(4, sink.wait(4).size)
        application.close()
    }

    private fun awaitEnd(thread: String) {
        val end = System.nanoTime() + 20_000_000_000
        while (thread in ours()) {
            check(System.nanoTime() < end) { "$thread goes on" }
            Thread.sleep(10)
        }
    }

    private companion object {
        val PLATFORM: ClassLoader = ClassLoader.getPlatformClassLoader()

        fun jarOf(type: Class<*>): URL = type.protectionDomain.codeSource.location

        val OURS = listOf(Faultwire::class.java, Tenant::class.java).map(::jarOf)
        val LIBRARIES = listOf(Memory::class.java, Unit::class.java).map(::jarOf)
        val ALL = OURS + LIBRARIES
    }
}
