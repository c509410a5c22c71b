package io.faultwire.internal

/**
 * What is known of a class of errors: its name, its package, its names, whether its stack is its own, and its number.
 *
 * The JVM keeps it with the class, which can be one of the JDK's. So it is an array of the JDK's, too: it keeps no class
 * of ours alive.
 */
@JvmInline
internal value class KnownType private constructor(private val known: Array<Any?>) {
    /** `Outer$Inner`, without its package. */
    val name: String get() = known[0] as String

    /** Null for the unnamed package. */
    val module: String? get() = known[1] as String?

    /** Its own names first, then those of what it inherits from. */
    @Suppress("UNCHECKED_CAST")
    val names: Array<String> get() = known[2] as Array<String>

    /** Whether its stack is what the application's own code says it is. */
    val hasOwnStack: Boolean get() = known[3] as Boolean

    /** The engine's number for it. */
    val id: Long get() = known[4] as Long

    /** The engine forgets when it starts anew. */
    fun tellAgain() {
        Native.internType(names)
    }

    companion object {
        /** By class, and gone with it. */
        private val KNOWN = object : ClassValue<Array<Any?>>() {
            override fun computeValue(type: Class<*>) = learn(type)
        }

        fun of(thrown: Throwable): KnownType = KnownType(KNOWN.get(thrown.javaClass))

        private fun learn(type: Class<*>): Array<Any?> {
            val qualified = type.name
            val dot = qualified.lastIndexOf('.')
            val names = generateSequence<Class<*>>(type) { it.superclass }
                .takeWhile { it != Any::class.java }
                .flatMap(::namesOf)
                .toList()
                .toTypedArray()
            val module = if (dot > 0) qualified.substring(0, dot) else null
            return arrayOf(qualified.substring(dot + 1), module, names, hasOwnStack(type), Native.internType(names))
        }

        private fun hasOwnStack(type: Class<*>): Boolean = try {
            type.getMethod("getStackTrace").declaringClass != Throwable::class.java
        } catch (_: Throwable) {
            // A class that its methods name is missing.
            true
        }

        /** `a.Outer$Inner`, `a.Outer.Inner`, `Outer$Inner`, `Inner`: as people write it in options. */
        private fun namesOf(type: Class<*>): Set<String> {
            val bare = type.name.substringAfterLast('.')
            return setOf(type.name, type.name.replace('$', '.'), bare, bare.substringAfterLast('$'))
        }
    }
}
