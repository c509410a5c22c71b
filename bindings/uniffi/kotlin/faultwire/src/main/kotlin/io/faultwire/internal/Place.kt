package io.faultwire.internal

/**
 * Where an error comes from, as a number: of its type and its stack, and of those of its causes, without messages.
 *
 * The JVM keeps a stack in a form of its own until somebody looks at it, which costs it tens of microseconds. So what
 * HotSpot keeps is hashed as it is: nested arrays of methods, byte-code positions and classes. What is not known there
 * is looked at the dear way.
 */
internal object Place {
    private const val PRIME = -0x61c8864680b583ebL // 2^64 / golden ratio, odd.

    /** Arrays within arrays: HotSpot keeps 32 frames in each, and a stack of 1024 by default. */
    private const val MAX_DEPTH = 512

    /** 0 where there are no frames: that is no place. */
    fun of(chain: List<Raised>): Long {
        var hash = 0L
        var hasFrames = false
        for (at in chain.indices) {
            val stack = stack(chain[at].thrown)
            hasFrames = hasFrames || stack != 0L
            hash = mix(mix(hash, chain[at].type.id), stack)
        }
        return if (!hasFrames) 0L else if (hash == 0L) 1L else hash
    }

    private fun mix(hash: Long, value: Long): Long {
        val mixed = (hash + value) * PRIME
        return mixed xor (mixed ushr 29)
    }

    private fun stack(thrown: Throwable): Long {
        val elements = Native.elements(thrown)
        if (elements is Array<*> && elements.isNotEmpty()) {
            return of(elements)
        }
        val hash = kept(Native.backtrace(thrown), 1L, 0)
        return if (hash != 0L) hash else of(Stack.of(thrown))
    }

    /** Null elements: the stack was given by somebody, and is broken. */
    private fun of(elements: Array<*>): Long {
        var hash = 0L
        for (element in elements) {
            if (element is StackTraceElement) {
                hash = mix(mix(hash, element.className.hashCode().toLong()), element.methodName.hashCode().toLong())
                hash = mix(hash, element.lineNumber.toLong())
            }
        }
        return hash
    }

    /** 0 for what is not known. */
    private fun kept(kept: Any?, start: Long, depth: Int): Long {
        if (kept !is Array<*> || depth > MAX_DEPTH) {
            return 0L
        }
        var hash = start
        for (part in kept) {
            hash = when (part) {
                null -> hash
                is ShortArray -> part.fold(hash) { h, value -> mix(h, value.toLong()) }
                is IntArray -> part.fold(hash) { h, value -> mix(h, value.toLong()) }
                is LongArray -> part.fold(hash) { h, value -> mix(h, value) }
                is Class<*> -> mix(hash, System.identityHashCode(part).toLong())
                is Array<*> -> kept(part, hash, depth + 1)
                is Byte, is Boolean, is Int -> mix(hash, part.hashCode().toLong())
                else -> 0L
            }
            if (hash == 0L) {
                return 0L
            }
        }
        return hash
    }
}
