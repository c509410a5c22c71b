package io.faultwire.internal

import io.faultwire.Level

/** What was admitted, between the thread that captures and the engine's queue. */
internal abstract class Admission(private var address: Long) : Admitted {
    /** Its address, for the one call that takes it. */
    protected fun take(): Long = address.also { address = 0L }

    final override fun giveUp(overflow: Boolean) {
        val at = take()
        if (at != 0L) {
            Native.abandon(at, overflow)
        }
    }
}

/** An error and what it came from. What only the application's own code can tell was read where it was captured. */
internal class AdmittedError(
    address: Long,
    private val chain: List<Raised>,
    private val how: How,
    private val level: Level?,
    private val logger: String?,
    thread: Thread,
) : Admission(address) {
    @Suppress("DEPRECATION") // `threadId` is newer than the JVMs that this runs on.
    private val threadId = thread.id
    private val threadName = thread.name

    init {
        for (raised in chain) {
            raised.message = Text.of(Text.MAX_MESSAGE) { raised.thrown.message }
            if (raised.type.hasOwnStack) {
                raised.stack = Stack.of(raised.thrown)
            }
        }
    }

    override fun run() = Flat.of(chain).numbered { texts, numbers ->
        Native.submitException(
            take(),
            texts,
            numbers,
            how.mechanism,
            how.handled,
            level?.text,
            logger,
            threadId,
            threadName,
        )
        Unit
    }
}

/** A message, and what it was made of. */
internal class Said(val message: String, val template: String?, val params: String?)

/** A message, with the stack of the call if [here] is it. */
internal class AdmittedMessage(
    address: Long,
    private val said: Said,
    private val here: Throwable?,
    private val level: Level?,
    private val logger: String?,
    thread: Thread,
) : Admission(address) {
    @Suppress("DEPRECATION")
    private val threadId = thread.id
    private val threadName = thread.name

    override fun run() {
        if (here == null) {
            submit(NO_FRAMES)
            return
        }
        val stack = Stack.bounded(Stack.ofCaller(here))
        Stack.interning {
            val numbers = LongArray(2 * stack.size)
            Stack.write(stack, numbers, 0)
            submit(numbers)
        }
    }

    private fun submit(numbers: LongArray) {
        Native.submitMessage(
            take(),
            said.message,
            said.template,
            said.params,
            numbers,
            level?.text,
            logger,
            threadId,
            threadName,
        )
    }

    private companion object {
        val NO_FRAMES = LongArray(0)
    }
}

/** A chain as it crosses: see `submitException` of the bridge. Who makes it may come to the application's own code. */
internal class Flat private constructor(private val chain: List<Raised>, private val stacks: List<Array<StackTraceElement>>) {
    /** [use] with its texts and numbers; the numbers hold no longer than that. */
    fun <T> numbered(use: (Array<String?>, LongArray) -> T): T = Stack.interning { use(texts(), numbers()) }

    private fun texts(): Array<String?> {
        val texts = arrayOfNulls<String>(TEXTS * chain.size)
        chain.forEachIndexed { index, raised ->
            texts[TEXTS * index] = raised.type.name
            texts[TEXTS * index + 1] = raised.type.module
            texts[TEXTS * index + 2] = raised.message
            texts[TEXTS * index + 3] = raised.source
        }
        return texts
    }

    private fun numbers(): LongArray {
        val numbers = LongArray(stacks.sumOf { 2 + 2 * it.size })
        var at = 0
        chain.forEachIndexed { index, raised ->
            numbers[at] = raised.parent.toLong()
            numbers[at + 1] = stacks[index].size.toLong()
            Stack.write(stacks[index], numbers, at + 2)
            at += 2 + 2 * stacks[index].size
        }
        return numbers
    }

    companion object {
        /** Texts of each error. */
        private const val TEXTS = 4

        fun of(chain: List<Raised>): Flat = Flat(chain, chain.map { Stack.bounded(it.stack ?: Stack.of(it.thrown)) })
    }
}
