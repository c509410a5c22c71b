package io.faultwire.internal

/** Stacks as the engine takes them. */
internal object Stack {
    private val NONE = emptyArray<StackTraceElement>()

    /** Frames of one stack; of more, the innermost and outermost halves. */
    private const val MAX_FRAMES = 1024

    /** Pieces of code that are remembered: of programs that make code all the time, the table starts anew. */
    private const val MAX_CODE = 1 shl 16

    private data class Code(val type: String, val method: String, val file: String?)

    private val known = HashMap<Code, Long>()

    /** Of an error; `getStackTrace` can be the application's own. Never within [interning]. */
    fun of(thrown: Throwable): Array<StackTraceElement> = try {
        val stack: Array<out StackTraceElement?>? = thrown.stackTrace
        stack?.filterNotNull()?.toTypedArray() ?: NONE
    } catch (_: Throwable) {
        NONE
    }

    /** Where Faultwire was called, callee first. */
    fun ofCaller(here: Throwable): Array<StackTraceElement> {
        val whole = of(here)
        val own = whole.indexOfFirst { !isOwn(it.className) }
        return if (own <= 0) whole else whole.copyOfRange(own, whole.size)
    }

    private fun isOwn(type: String) =
        type == "io.faultwire.Faultwire" || type.startsWith("io.faultwire.internal.") || type.startsWith("io.faultwire.spi.")

    /**
     * [use] with the numbers that [write] gives, which hold no longer than that. Other captures wait meanwhile, on threads of
     * the application, too: nothing in it may be the application's code, which can wait for one of them.
     */
    @Synchronized
    fun <T> interning(use: () -> T): T {
        if (known.size > MAX_CODE) {
            Native.forgetCode()
            known.clear()
        }
        return use()
    }

    /** Writes code and line of each frame, caller first, to [numbers] from [start]. Only within [interning]. */
    fun write(stack: Array<StackTraceElement>, numbers: LongArray, start: Int) {
        var at = start
        for (index in stack.indices.reversed()) {
            val frame = stack[index]
            val code = Code(frame.className, frame.methodName, frame.fileName)
            numbers[at++] = known.getOrPut(code) { Native.internCode(code.type, code.method, code.file) }
            numbers[at++] = maxOf(frame.lineNumber, 0).toLong()
        }
    }

    /** No more than [MAX_FRAMES]. */
    fun bounded(stack: Array<StackTraceElement>): Array<StackTraceElement> {
        if (stack.size <= MAX_FRAMES) {
            return stack
        }
        val half = MAX_FRAMES / 2
        return stack.copyOfRange(0, half) + stack.copyOfRange(stack.size - half, stack.size)
    }
}
