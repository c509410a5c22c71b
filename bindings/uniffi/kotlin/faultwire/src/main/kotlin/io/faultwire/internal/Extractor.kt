package io.faultwire.internal

import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.locks.LockSupport

/** An admitted capture on its way: [run] gives it to the engine, [giveUp] gives it back. */
internal interface Admitted {
    fun run()

    /** [overflow]: for want of room; otherwise it is a mistake of Faultwire's. */
    fun giveUp(overflow: Boolean)
}

/**
 * The thread that looks at stacks, so that no thread of the application pays for it.
 *
 * It polls for a while after each piece of work, so that captures that follow each other need not wake it: waking a
 * thread costs more than all the rest of a capture.
 */
internal object Extractor {
    /** Between two looks while captures come. */
    private const val POLL_NANOS = 500_000L

    /** Looks without work before it sleeps until it is woken. */
    private const val POLLS = 40

    /** Throwables that wait at most; each can hold on to a good deal of the application. */
    private const val MAX_WAITING = 1024

    /** Between two looks of who waits for what is in line. */
    private const val DRAIN_NANOS = 100_000L

    private val queue = ConcurrentLinkedQueue<Admitted>()
    private val waiting = AtomicInteger()

    /** Ever put in line, and done with. */
    private val offered = AtomicLong()
    private val done = AtomicLong()

    @Volatile private var thread: Thread? = null

    @Volatile private var isAsleep = false

    /** Puts it in line. False where there is no room. */
    fun offer(capture: Admitted): Boolean {
        if (waiting.incrementAndGet() > MAX_WAITING) {
            waiting.decrementAndGet()
            return false
        }
        offered.incrementAndGet()
        queue.add(capture)
        if (thread == null) start()
        if (isAsleep) {
            isAsleep = false
            LockSupport.unpark(thread)
        }
        return true
    }

    @Synchronized
    private fun start() {
        if (thread == null) {
            thread = daemon("faultwire-extract", ::work).also(Thread::start)
        }
    }

    private fun work() {
        // What runs here is Faultwire's own: what it captures is refused.
        Guard.depth()[0]++
        var idle = 0
        while (true) {
            val capture = queue.poll()
            if (capture != null) {
                idle = 0
                waiting.decrementAndGet()
                extract(capture)
                done.incrementAndGet()
            } else if (idle++ < POLLS) {
                LockSupport.parkNanos(POLL_NANOS)
            } else if (!Client.isOn && isDone()) {
                return
            } else {
                sleep()
                idle = 0
            }
            // Nobody has a reason to interrupt it; if somebody does, it must not spin.
            Thread.interrupted()
        }
    }

    /** It ends with the client. False where something came meanwhile. */
    @Synchronized
    private fun isDone(): Boolean {
        thread = null
        // Whoever offers after this look starts another.
        if (queue.isEmpty()) {
            return true
        }
        thread = Thread.currentThread()
        return false
    }

    /** The client has ended: nothing is waited for. */
    fun end() = LockSupport.unpark(thread)

    private fun sleep() {
        isAsleep = true
        // Whoever offers after this look wakes it.
        if (queue.isEmpty()) {
            LockSupport.park(this)
        }
        isAsleep = false
    }

    /**
     * Waits, at most so long, until the engine has all that was put in line before. A flush needs it: the counts of a storm
     * say which event they are more of, and that must have been seen by then.
     */
    fun drain(milliseconds: Long) {
        val last = offered.get()
        val began = System.nanoTime()
        val span = TimeUnit.MILLISECONDS.toNanos(milliseconds)
        while (done.get() < last && System.nanoTime() - began < span && Thread.currentThread() != thread) {
            if (Thread.currentThread().isInterrupted) {
                return
            }
            LockSupport.parkNanos(DRAIN_NANOS)
        }
    }

    /** On this thread or, where the process is about to end, on the one that captures. */
    fun extract(capture: Admitted) {
        try {
            capture.run()
        } catch (thrown: Throwable) {
            capture.giveUp(overflow = false)
            Guard.note("extract", thrown)
        }
    }
}
